// Shared by the tensor tests: the same computation on two backends, and the distance between the results.
import * as tf from "@tensorflow/tfjs";
import { random } from "../../lib/random.ts";
import type { StitchbookCPU } from "../../lib/tensor/cpu/mod.ts";

/** Values in JavaScript, for use on any backend. */
export interface Values {
  readonly data: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/** One operation on some inputs: ours and its reference, and which inputs have gradients. */
export interface Case {
  readonly name: string;
  readonly inputs: readonly Values[];
  /** Indices of the inputs that get gradients. */
  readonly trained: readonly number[];
  readonly ours: (inputs: tf.Tensor[]) => tf.Tensor;
  readonly reference: (inputs: tf.Tensor[]) => tf.Tensor;
}

/** Value, and gradients of `Σ y ∘ weights`, as arrays, on tfjs's current backend. */
export function evaluate(
  inputs: readonly Values[],
  trained: readonly number[],
  f: (inputs: tf.Tensor[]) => tf.Tensor,
): Float32Array[] {
  return tf.tidy(() => results(inputs, trained, f).map((tensor) => Float32Array.from(tensor.dataSync())));
}

/** The same for a backend that is read asynchronously. */
export async function evaluateLater(
  inputs: readonly Values[],
  trained: readonly number[],
  f: (inputs: tf.Tensor[]) => tf.Tensor,
): Promise<Float32Array[]> {
  const tensors = tf.tidy(() => results(inputs, trained, f));
  const arrays = await Promise.all(tensors.map(async (tensor) => Float32Array.from(await tensor.data())));
  tf.dispose(tensors);
  return arrays;
}

function results(
  inputs: readonly Values[],
  trained: readonly number[],
  f: (inputs: tf.Tensor[]) => tf.Tensor,
): tf.Tensor[] {
  const tensors = inputs.map(({ data, shape }) =>
    tf.tensor(data, [...shape], data instanceof Int32Array ? "int32" : "float32")
  );
  const value = f(tensors);
  const weights = tf.tensor(normalValues([value.size], 99).data, value.shape);
  const gradients = trained.length === 0 ? [] : tf.grads((...xs: tf.Tensor[]) => {
    const all = [...tensors];
    trained.forEach((index, i) => all[index] = xs[i]!);
    return tf.sum(tf.mul(f(all), weights));
  })(trained.map((index) => tensors[index]!));
  return [value, ...gradients];
}

/** Normally distributed values. */
export function normalValues(shape: readonly number[], seed: number, scale = 1): Values {
  const stream = random(seed, "normal");
  return { data: Float32Array.from({ length: sizeOf(shape) }, () => scale * stream.normal()), shape };
}

/** Integers in [low, high). */
export function intValues(shape: readonly number[], seed: number, low: number, high: number): Values {
  const stream = random(seed, "int");
  return { data: Int32Array.from({ length: sizeOf(shape) }, () => low + stream.int(high - low)), shape };
}

/** Document numbers of `[batch, time]`: runs of random length, each document once. */
export function documentValues(batch: number, time: number, seed: number, runLength: number): Values {
  const stream = random(seed, "documents");
  const data = new Int32Array(batch * time);
  let id = 0;
  for (let i = 0; i < data.length; i++) {
    if (i % time === 0 || stream.int(runLength) === 0) id++;
    data[i] = id;
  }
  return { data, shape: [batch, time] };
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Largest difference, relative to the reference's largest magnitude (at least 1). */
export function distance(ours: Float32Array, reference: Float32Array): number {
  if (ours.length !== reference.length) return Infinity;
  let scale = 1;
  let worst = 0;
  for (const x of reference) scale = Math.max(scale, Math.abs(x));
  for (let i = 0; i < ours.length; i++) {
    const difference = Math.abs(ours[i]! - reference[i]!);
    if (Number.isNaN(difference) && !Object.is(ours[i], reference[i])) return Infinity;
    worst = Math.max(worst, Number.isNaN(difference) ? 0 : difference);
  }
  return worst / scale;
}

/** Fills the CPU backend's free memory with NaN, so that a kernel that reads uninitialized memory is caught. */
export function poison(): void {
  const { machine } = tf.backend() as StitchbookCPU;
  machine.finish();
  machine.heap.poison(NaN);
}
