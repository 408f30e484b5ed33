// AdamW on the CPU: two jobs over chunks of all parameters, in place. With clipping, updates are first computed
// separately, because their size must be known before any of them is added.
import * as tf from "@tensorflow/tfjs";
import { ADAM_W, type AdamWSettings } from "../../ops/adam-w.ts";
import type { StitchbookCPU } from "../backend.ts";
import { ADAM_W_CHUNK, ADAM_W_PARAMETER } from "../layout/jobs.ts";
import { createTable } from "../layout/record.ts";
import { register, sizeOf } from "../machine/jobs.ts";
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

/** Tables of parameters and chunks in memory, with a sum for each chunk. */
interface Tables {
  readonly parameters: number;
  readonly chunks: number;
  readonly sums: number;
}

/** Bytes that the tables of one parameter of this size need. */
const tableBytes = (size: number) => ADAM_W_PARAMETER.bytes + Math.ceil(size / CHUNK) * (ADAM_W_CHUNK.bytes + 8);

/** Scratch memory for the tables of any of these groups of sizes, allocated before anything changes. */
function reserveTables(backend: StitchbookCPU, groups: readonly (readonly number[])[]): number {
  const bytes = groups.map((sizes) => 8 + sizes.reduce((sum, size) => sum + tableBytes(size), 0));
  return backend.scratch(Math.max(0, ...bytes));
}

/** Writes tables at an address. */
function writeTables(machine: Machine, at: number, list: readonly Parameter[]): Tables & { readonly count: number } {
  const parameters = createTable(ADAM_W_PARAMETER);
  const chunks = createTable(ADAM_W_CHUNK);
  list.forEach(({ size, p = 0, g, m = 0, v = 0, keep = 1 }, parameter) => {
    parameters.add({ p, g, m, v, keep });
    for (let first = 0; first < size; first += CHUNK) {
      chunks.add({ parameter, first, count: Math.min(CHUNK, size - first) });
    }
  });
  const sums = at;
  const table = sums + 8 * chunks.length;
  const words = [...parameters.words, ...chunks.words];
  machine.view(Int32Array, table, words.length).set(words);
  return { parameters: table, chunks: table + ADAM_W_PARAMETER.bytes * parameters.length, sums, count: chunks.length };
}

const elementsOf = (list: readonly Parameter[]) => list.reduce((sum, { size }) => sum + size, 0);

/** Adds the squares of all gradients of a group to `sum`. */
function addSquares(
  machine: Machine,
  { count, ...tables }: ReturnType<typeof writeTables>,
  elements: number,
  sum: number,
) {
  machine.run("squares", tables, count, elements / 4);
  for (const square of machine.view(Float64Array, tables.sums, count)) sum += square;
  return sum;
}

/** Sum of the squares of all elements of tensors. */
export function sumSquares(backend: StitchbookCPU, tensors: readonly tf.TensorInfo[]): number {
  const sizes = tensors.map(({ shape }) => sizeOf(shape));
  const groups = groupsOf(backend.machine, sizes, 4);
  const at = reserveTables(backend, groups.map((group) => group.map((i) => sizes[i]!)));
  let sum = 0;
  for (const group of groups) {
    backend.letGo();
    const list = group.map((i) => ({ g: backend.address(tensors[i]!), size: sizes[i]! }));
    sum = addSquares(backend.machine, writeTables(backend.machine, at, list), elementsOf(list), sum);
  }
  return sum;
}

/** Runs of parameters whose values, of `bytes` bytes per element in all, fit into the shared memory at once. */
function groupsOf({ residents }: Machine, sizes: readonly number[], bytes: number): readonly (readonly number[])[] {
  const groups: number[][] = [];
  let room = 0;
  sizes.forEach((size, i) => {
    room -= size * bytes;
    if (room >= 0 && groups.length > 0) return void groups.at(-1)!.push(i);
    groups.push([i]);
    room = residents.roomForOperation - size * bytes;
  });
  return groups;
}

function adamW(inputs: Readonly<Record<string, tf.TensorInfo>>, attrs: Attributes, backend: StitchbookCPU) {
  const { machine } = backend;
  const { beta1, beta2, learningRate, epsilon, step, clipNorm, clipUpdate } = attrs;
  const sizes = attrs.decay.map((_, i) => sizeOf(inputs[`p${i}`]!.shape));
  const groups = groupsOf(machine, sizes, clipUpdate === undefined ? 16 : 20);
  const tensorsOf = (i: number) => ["p", "g", "m", "v"].map((letter) => inputs[letter + i]!);
  // Everything that may fail comes before anything changes.
  const at = reserveTables(backend, groups.map((group) => group.map((i) => sizes[i]!)));
  const updates = clipUpdate === undefined ? undefined : updatesFor(backend, groups, sizes);
  const output = backend.output([]);
  const load = (group: readonly number[]) => {
    backend.letGo();
    for (const i of group) {
      const [p, , m, v] = tensorsOf(i);
      for (const tensor of [p!, m!, v!]) ownValues(backend, tensor);
    }
    const list = group.map((i, j) => {
      const [own, g, m, v] = tensorsOf(i).map((tensor) => backend.address(tensor)) as [number, number, number, number];
      return {
        own,
        p: updates?.of(group, j) ?? own,
        g,
        m,
        v,
        size: sizes[i]!,
        keep: 1 - learningRate * attrs.decay[i]!,
      };
    });
    return { list, tables: writeTables(machine, at, list) };
  };
  let [sum, loaded] = [0, undefined as ReturnType<typeof load> | undefined];
  for (const group of groups) {
    loaded = load(group);
    sum = addSquares(machine, loaded.tables, elementsOf(loaded.list), sum);
  }
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
  for (const group of groups) {
    const { list, tables: { count, parameters, chunks } } = groups.length === 1 ? loaded! : load(group);
    updates?.clear(group);
    machine.run("adamW", { parameters, chunks, ...args }, count, elementsOf(list));
    if (clipUpdate === undefined) continue;
    for (const parameter of list) addClipped(machine, parameter, clipUpdate * learningRate);
  }
  machine.view(Float32Array, output.address, 1)[0] = norm;
  return output.info;
}

/** Scratch memory for the updates of one group of parameters at a time. */
function updatesFor(backend: StitchbookCPU, groups: readonly (readonly number[])[], sizes: readonly number[]) {
  const bytesOf = (group: readonly number[]) => group.reduce((sum, i) => sum + Math.ceil(sizes[i]! / 16) * 64, 0);
  const at = backend.scratch(Math.max(0, ...groups.map(bytesOf)));
  return {
    of: (group: readonly number[], j: number) => at + bytesOf(group.slice(0, j)),
    clear: (group: readonly number[]) => void backend.machine.view(Float32Array, at, bytesOf(group) / 4).fill(0),
  };
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

/** Gives a variable, whose values are about to change, a copy of them if a clone or the initial value shares them. */
function ownValues(backend: StitchbookCPU, tensor: tf.TensorInfo): void {
  if (backend.ownsAlone(tensor) || !(tensor instanceof tf.Variable)) return;
  tf.tidy(() => tensor.assign(tf.tensor(backend.readSync(tensor.dataId) as tf.TypedArray, tensor.shape)));
}

register(ADAM_W, ({ inputs, attrs, backend }) => adamW(inputs, attrs as unknown as Attributes, backend));
