// AdamW on the CPU: two jobs over chunks of all parameters, in place. With clipping, updates are first computed
// separately, because their size must be known before any of them is added.
import * as tf from "@tensorflow/tfjs";
import { ADAM_W, type AdamWSettings } from "../../ops/adam-w.ts";
import type { StitchbookCPU } from "../backend.ts";
import { ADAM_W_CHUNK, ADAM_W_PARAMETER } from "../layout/jobs.ts";
import { createTable } from "../layout/record.ts";
import { register } from "../machine/jobs.ts";
import type { Machine } from "../machine/machine.ts";

/** Elements per chunk; fixed, so that the norm does not depend on the number of threads. */
const CHUNK = 16384;

type Attributes = AdamWSettings & { readonly decay: readonly number[] };

/** What the kernels read and write for one parameter: addresses, and the number of elements. */
interface Parameter {
  readonly g: number;
  readonly size: number;
  readonly p?: number;
  readonly m?: number;
  readonly v?: number;
  /** What weight decay leaves of the parameter: 1 − lr·decay. */
  readonly keep?: number;
}

/**
 * Sum of the squares of all gradients, and the tables that AdamW's second job also needs. They are in scratch memory,
 * which is allocated before anything changes.
 */
export function sumSquares(backend: StitchbookCPU, list: readonly Parameter[]) {
  const { machine } = backend;
  const parameters = createTable(ADAM_W_PARAMETER);
  const chunks = createTable(ADAM_W_CHUNK);
  let elements = 0;
  list.forEach(({ size, p = 0, g, m = 0, v = 0, keep = 1 }, parameter) => {
    parameters.add({ p, g, m, v, keep });
    for (let first = 0; first < size; first += CHUNK) {
      chunks.add({ parameter, first, count: Math.min(CHUNK, size - first) });
    }
    elements += size;
  });
  const words = [...parameters.words, ...chunks.words];
  const table = backend.scratch(4 * words.length);
  const sums = backend.scratch(8 * chunks.length);
  machine.view(Int32Array, table, words.length).set(words);
  const tables = { parameters: table, chunks: table + ADAM_W_PARAMETER.bytes * parameters.length };
  machine.run("squares", { ...tables, sums }, chunks.length, elements / 4);
  let sum = 0;
  for (const square of machine.view(Float64Array, sums, chunks.length)) sum += square;
  return { sum, tables, chunks: chunks.length, elements };
}

function adamW(inputs: Readonly<Record<string, tf.TensorInfo>>, attrs: Attributes, backend: StitchbookCPU) {
  const { machine } = backend;
  const { beta1, beta2, learningRate, epsilon, step, clipNorm, clipUpdate } = attrs;
  const parameters = attrs.decay.map((decay, i) => {
    const [p, g, m, v] = ["p", "g", "m", "v"].map((letter) => inputs[letter + i]!);
    const [own, first, second] = [p!, m!, v!].map((tensor) => ownAddress(backend, tensor));
    const size = tf.util.sizeFromShape(p!.shape);
    const update = clipUpdate === undefined ? undefined : backend.scratch(size * 4);
    if (update !== undefined) machine.view(Float32Array, update, size).fill(0);
    const keep = 1 - learningRate * decay;
    return { own: own!, p: update ?? own!, g: backend.address(g!), m: first!, v: second!, size, keep };
  });
  const output = backend.output([]); // before anything changes: it may fail
  const { sum, tables, chunks, elements } = sumSquares(backend, parameters);
  const norm = Math.sqrt(sum);
  // Not Math.min, so that a norm that is NaN makes the parameters NaN, as in the reference.
  const scale = Number.isFinite(clipNorm) && !(clipNorm / (norm + 1e-6) >= 1) ? clipNorm / (norm + 1e-6) : 1;
  const args = {
    scale,
    beta1,
    beta2,
    rate: learningRate / (1 - beta1 ** step),
    correction2: 1 / (1 - beta2 ** step),
    epsilon,
    rest1: 1 - beta1,
    rest2: 1 - beta2,
  };
  machine.run("adamW", { ...tables, ...args }, chunks, elements);
  if (clipUpdate !== undefined) {
    for (const parameter of parameters) addClipped(machine, parameter, clipUpdate * learningRate);
  }
  machine.view(Float32Array, output.address, 1)[0] = norm;
  return output.info;
}

/** Decays a parameter and adds its update, scaled down to an RMS of `limit`, with the kernel's rounding. */
function addClipped(
  machine: Machine,
  { own, p: update, size, keep }: Readonly<Record<"own" | "p" | "size" | "keep", number>>,
  limit: number,
): void {
  const values = machine.view(Float32Array, own, size);
  const changes = machine.view(Float32Array, update, size);
  let square = 0;
  for (let i = 0; i < size; i++) square += changes[i]! * changes[i]!;
  const rms = Math.sqrt(square / size);
  const factor = Math.fround(rms > limit ? limit / rms : 1);
  const kept = Math.fround(keep);
  for (let i = 0; i < size; i++) {
    values[i] = Math.fround(values[i]! * kept) + Math.fround(changes[i]! * factor);
  }
}

/**
 * Address of a variable's values for overwriting; if a clone or the initial value shares them, the variable gets a
 * copy.
 */
function ownAddress(backend: StitchbookCPU, tensor: tf.TensorInfo): number {
  if (!backend.ownsAlone(tensor) && tensor instanceof tf.Variable) {
    tf.tidy(() => tensor.assign(tf.tensor(backend.readSync(tensor.dataId) as tf.TypedArray, tensor.shape)));
  }
  return backend.address(tensor);
}

register(ADAM_W, ({ inputs, attrs, backend }) => adamW(inputs, attrs as unknown as Attributes, backend));
