// Tiny models, tokens and comparisons that tests of models, stitches, merges and training share.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import type { Batch } from "../lib/data/mod.ts";
import { type HostTensor, type HostWeights, initialWeights, type ModelConfig, toDevice } from "../lib/model/mod.ts";
import { random } from "../lib/random.ts";
import { initialStitches, type StitchConfig, stitchConfigSchema, stitchSize } from "../lib/stitch/mod.ts";
import { type StitchedModel, stitchModels } from "../lib/stitch/mod.ts";

/** A decoder's shape with grouped-query attention and untied embeddings: d 16, vocabulary 40. */
export const TINY: ModelConfig = {
  vocabSize: 40,
  width: 16,
  layers: 3,
  heads: 4,
  kvHeads: 2,
  inner: 24,
  contextLength: 12,
  ropeTheta: 10_000,
  normEps: 1e-5,
  tiedEmbeddings: false,
};

/** Changes of {@linkcode TINY} to models with every kind of parameter that a family may have. */
export const BEYOND_PLAIN = {
  "biases on every projection": { attentionBias: "all", mlpBias: true },
  "biases on q, k and v": { attentionBias: "qkv" },
  "head norms, wider heads and a window": {
    attentionBias: "all",
    qkNorm: true,
    headSize: 6,
    slidingWindow: 3,
    fullLayers: 1,
  },
} as const satisfies Readonly<Record<string, Partial<ModelConfig>>>;

/** Weights much larger than initial ones, norms and biases included, so that every part of the decoder matters. */
export function bigWeights(config: ModelConfig, seed: number): HostWeights {
  const scaled = ([name, { shape, data }]: [string, HostTensor]) => {
    const source = random(seed, "big", name);
    const values = data.map((value) => shape.length === 1 ? value + 0.3 * source.normal() : 12 * value);
    return [name, { shape, data: values }] as const;
  };
  return Object.fromEntries(Object.entries(initialWeights(config, seed)).map(scaled));
}

/** Random token ids, `[batch, time]`. */
export function tokens(batch: number, time: number, seed = 1, vocab = TINY.vocabSize): tf.Tensor2D {
  const source = random(seed, "tokens");
  return tf.tensor2d(Int32Array.from({ length: batch * time }, () => source.int(vocab)), [batch, time], "int32");
}

/** A batch of random tokens whose targets are the next tokens; one document per row. */
export function randomBatch(batch: number, time: number, seed: number, vocab = TINY.vocabSize): Batch {
  const source = random(seed, "batch");
  const rows = Array.from({ length: batch }, () => Int32Array.from({ length: time + 1 }, () => source.int(vocab)));
  const join = (parts: Int32Array[]) => Int32Array.from(parts.flatMap((part) => [...part]));
  return {
    batch,
    time,
    inputs: join(rows.map((row) => row.subarray(0, time))),
    targets: join(rows.map((row) => row.subarray(1))),
    documents: new Int32Array(batch * time),
  };
}

/** A stitch configuration with the defaults except for `changes`, without dropout. */
export function stitchConfig(changes: Partial<StitchConfig> = {}): StitchConfig {
  return stitchConfigSchema.parse({ dropout: 0, ...changes });
}

/** Stitch parameters that all differ from their initial values: identity plus noise, and gates that matter. */
export function noisyStitches(
  stitch: StitchConfig,
  experts: number,
  seed: number,
  config: ModelConfig = TINY,
): HostWeights {
  const size = stitchSize(stitch, config, experts);
  const noisy = ([name, { shape, data }]: [string, HostTensor]) => {
    const source = random(seed, "noise", name);
    const deviation = name.includes("gate_bias") ? 1 : name.includes("gate") ? 0.5 : 0.2;
    const base = name.includes("gate") ? 0 : 1;
    return [name, { shape, data: data.map((value) => base * value + deviation * source.normal()) }] as const;
  };
  return Object.fromEntries(Object.entries(initialStitches(stitch, size, seed)).map(noisy));
}

/** A stitched model of different random decoders with noisy stitches. */
export function tinyStitched(
  { stitch = stitchConfig(), experts = 2, seed = 5, config = TINY }: {
    stitch?: StitchConfig;
    experts?: number;
    seed?: number;
    config?: ModelConfig;
  } = {},
): StitchedModel {
  const models = Array.from({ length: experts + 1 }, (_, i) => toDevice(bigWeights(config, seed + i)));
  const stitches = toDevice(noisyStitches(stitch, experts, seed, config));
  return stitchModels({ config, stitch, hub: models[0]!, experts: models.slice(1), stitches });
}

/** The largest absolute difference of two tensors of one shape; NaN if either has one. */
export function difference(a: tf.Tensor, b: tf.Tensor): number {
  assert.deepEqual(a.shape, b.shape);
  const [x, y] = [a.dataSync(), b.dataSync()];
  let largest = 0;
  for (let i = 0; i < x.length; i++) largest = Math.max(largest, Math.abs(x[i]! - y[i]!));
  return largest;
}

/** Asserts that two tensors agree to `tolerance`, and that the first is not constant. */
export function assertClose(actual: tf.Tensor, expected: tf.Tensor, tolerance: number, what = "values"): void {
  const values = expected.dataSync();
  assert.ok(values.some((value) => value !== values[0]), `${what}: a constant proves nothing`);
  const largest = difference(actual, expected);
  assert.ok(largest <= tolerance, `${what} differ by ${largest}, more than ${tolerance}`);
}

/** Asserts that two tensors differ somewhere by more than `least`. */
export function assertFar(a: tf.Tensor, b: tf.Tensor, least: number, what = "values"): void {
  const largest = difference(a, b);
  assert.ok(largest > least, `${what} differ by ${largest} at most, expected more than ${least}`);
}

/**
 * Compares gradients with central differences of `loss` along single coordinates of a tensor.
 *
 * @param loss of the values of one tensor, as a number
 */
export function assertGradient(
  values: Float32Array,
  gradient: ArrayLike<number>,
  loss: (values: Float32Array) => number,
  { places, step = 5e-3, tolerance = 2e-2 }: { places: readonly number[]; step?: number; tolerance?: number },
  what: string,
): void {
  const noise = 1e-6 / (2 * step); // a unit in the last place of a loss of a few nats, on each side
  const scale = Math.max(...Array.from(gradient, Math.abs));
  assert.ok(scale > 1e-4, `${what}: the gradient vanishes, so the comparison proves nothing`);
  for (const place of places) {
    const at = (delta: number) => {
      const moved = values.slice();
      moved[place]! += delta;
      return loss(moved);
    };
    const numeric = (at(step) - at(-step)) / (2 * step);
    const error = Math.abs(numeric - gradient[place]!);
    assert.ok(
      error < tolerance * scale + noise,
      `${what}[${place}]: ${gradient[place]} by the tape, ${numeric} by differences`,
    );
  }
}
