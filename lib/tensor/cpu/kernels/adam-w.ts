// AdamW on the CPU: two jobs over chunks of all parameters, in place. Updates that are clipped are made beside the
// parameters first, because their size must be known before any is added.
import * as tf from "@tensorflow/tfjs";
import { ADAM_W, ADAM_W_CLIPPED, type AdamWSettings } from "../../ops/adam-w.ts";
import type { StitchbookCPU } from "../backend.ts";
import { float, register, setArguments } from "../machine/jobs.ts";
import type { Machine } from "../machine/machine.ts";

/** Elements of one chunk; fixed, so that the norm is the same for any number of threads. */
const CHUNK = 16384;

type Attributes = AdamWSettings & { readonly decay: readonly number[] };

function adamW(inputs: Readonly<Record<string, tf.TensorInfo>>, attrs: Attributes, backend: StitchbookCPU) {
  const { machine } = backend;
  const count = attrs.decay.length;
  const parameters = attrs.decay.map((decay, i): Parameter => {
    const [p, g, m, v] = ["p", "g", "m", "v"].map((letter) => inputs[letter + i]!);
    const own = [p!, m!, v!].map((tensor) => ownAddress(backend, tensor));
    const size = tf.util.sizeFromShape(p!.shape);
    const keep = 1 - attrs.learningRate * decay;
    const update = attrs.clipUpdate === undefined ? undefined : backend.room(size * 4);
    if (update !== undefined) machine.view(Float32Array, update, size).fill(0);
    return { p: own[0]!, g: backend.address(g!), m: own[1]!, v: own[2]!, size, keep, update };
  });
  const chunkCount = parameters.reduce((sum, { size }) => sum + Math.ceil(size / CHUNK), 0);
  // All that may fail for lack of memory comes before the first change.
  const table = backend.room(count * 32 + chunkCount * 16);
  const sums = backend.room(chunkCount * 8);
  const output = backend.output([]);
  const chunks = table + count * 32;
  const ints = machine.view(Int32Array, table, count * 8 + chunkCount * 4);
  const floats = machine.view(Float32Array, table, count * 8);
  let at = count * 8;
  let elements = 0;
  parameters.forEach(({ p, g, m, v, size, keep, update }, i) => {
    ints.set([update ?? p, g, m, v], i * 8);
    floats[i * 8 + 4] = keep;
    for (let begin = 0; begin < size; begin += CHUNK, at += 4) {
      ints[at] = i;
      ints[at + 1] = begin;
      ints[at + 2] = Math.min(CHUNK, size - begin);
    }
    elements += size;
  });
  setArguments(machine, 2, [chunks, table, sums]);
  machine.run("squares", chunkCount, elements / 4);
  const squares = machine.view(Float64Array, sums, chunkCount);
  let square = 0;
  for (let i = 0; i < chunkCount; i++) square += squares[i]!;
  const norm = Math.sqrt(square);
  // Not Math.min, so that a norm that is NaN makes the parameters NaN, as in the reference.
  const scale = Number.isFinite(attrs.clipNorm) && !(attrs.clipNorm / (norm + 1e-6) >= 1)
    ? attrs.clipNorm / (norm + 1e-6)
    : 1;
  const { beta1, beta2, learningRate, epsilon, step } = attrs;
  const rate = learningRate / (1 - beta1 ** step);
  const correction2 = 1 / (1 - beta2 ** step);
  const constants = [scale, beta1, beta2, rate, correction2, epsilon, 1 - beta1, 1 - beta2];
  setArguments(machine, 5, constants.map(float));
  machine.run("adamW", chunkCount, elements);
  if (attrs.clipUpdate !== undefined) {
    for (const parameter of parameters) addClipped(machine, parameter, attrs.clipUpdate * learningRate);
  }
  machine.view(Float32Array, output.address, 1)[0] = norm;
  return output.info;
}

/** Addresses of one parameter, its gradient and its moments, and what is done to it. */
interface Parameter {
  readonly p: number;
  readonly g: number;
  readonly m: number;
  readonly v: number;
  readonly size: number;
  /** What weight decay leaves of the parameter: 1 − lr·decay. */
  readonly keep: number;
  /** Address where the update is made when it is to be clipped. */
  readonly update: number | undefined;
}

/** Decays a parameter and adds its update, scaled down to an RMS of `limit`; in float32 steps, as the kernel does. */
function addClipped(machine: Machine, { p, size, keep, update }: Parameter, limit: number): void {
  const values = machine.view(Float32Array, p, size);
  const changes = machine.view(Float32Array, update!, size);
  let square = 0;
  for (let i = 0; i < size; i++) square += changes[i]! * changes[i]!;
  const rms = Math.sqrt(square / size);
  const factor = Math.fround(rms > limit ? limit / rms : 1);
  const kept = Math.fround(keep);
  for (let i = 0; i < size; i++) {
    values[i] = Math.fround(values[i]! * kept) + Math.fround(changes[i]! * factor);
  }
}

/** Where a variable's values may be overwritten: a copy of its own if a clone or its initial value shares them. */
function ownAddress(backend: StitchbookCPU, tensor: tf.TensorInfo): number {
  if (!backend.ownsAlone(tensor) && tensor instanceof tf.Variable) {
    tf.tidy(() => tensor.assign(tf.tensor(backend.readSync(tensor.dataId) as tf.TypedArray, tensor.shape)));
  }
  return backend.address(tensor);
}

export function registerAdamW(): void {
  for (const name of [ADAM_W, ADAM_W_CLIPPED]) {
    register(name, ({ inputs, attrs, backend }) => adamW(inputs, attrs as unknown as Attributes, backend));
  }
}
