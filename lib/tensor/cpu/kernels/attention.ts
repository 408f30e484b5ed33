// Causal attention on the CPU: which keys each query may see, scratch memory, and the two jobs.
import type * as tf from "@tensorflow/tfjs";
import { UserError } from "../../../errors.ts";
import { CAUSAL_ATTENTION, CAUSAL_ATTENTION_GRAD } from "../../ops/causal-attention.ts";
import { ATTENTION_STRIP, EDGE_TILE_BYTES, TILE_COLUMNS, TILE_ROWS } from "../layout/constants.ts";
import { ROW_RANGE, ROW_SUMS } from "../layout/native.ts";
import { arrange } from "../layout/record.ts";
import { forElements, forRows, type KernelFunction, register } from "../machine/jobs.ts";
import type { Machine } from "../machine/machine.ts";
import { asideBytes, packedBytes } from "../products/panels.ts";

/** Queries per task, for any number of threads; a multiple of TILE_ROWS and of ATTENTION_STRIP. */
const QUERIES = 192;
/** From this many queries on, a strip's products are worth calls of machine code or of a BLAS. */
const CALLED_QUERIES = 16;

/** Shape of attention: `[B, T, H, D]` queries, `[B, S, G, D]` keys and values. */
interface Sizes {
  readonly B: number;
  readonly T: number;
  readonly S: number;
  readonly H: number;
  readonly G: number;
  readonly D: number;
}

function sizesOf(q: tf.TensorInfo, k: tf.TensorInfo): Sizes {
  const [B, T, H, D] = q.shape as [number, number, number, number];
  const [, S, G] = k.shape as [number, number, number];
  return { B, T, S, H, G, D };
}

const roundUp = (n: number, unit: number) => Math.ceil(n / unit) * unit;

/** Whether products are calls of machine code or of a BLAS. */
function isByCalls({ native, blas }: Machine, { T }: Sizes): boolean {
  return (native ?? blas) !== undefined && T >= CALLED_QUERIES;
}

/** Row stride of a strip of scores, in floats: whole vectors, and never a power of two, which would thrash caches. */
const ldsOf = (S: number, vector: number) => roundUp(S, vector) + vector;

/** Scratch memory of the kernels in WebAssembly. */
export function scratchOfForward({ S, D }: Pick<Sizes, "S" | "D">) {
  const lds = ldsOf(S, TILE_COLUMNS);
  const layout = arrange({
    edge: EDGE_TILE_BYTES,
    keys: 4 * roundUp(S, TILE_COLUMNS) * D,
    values: 4 * roundUp(D, TILE_COLUMNS) * S,
    scores: 4 * TILE_ROWS * lds,
  });
  return { ...layout, lds };
}

export function scratchOfBackward({ S, D }: Pick<Sizes, "S" | "D">) {
  const lds = ldsOf(S, TILE_COLUMNS);
  const packed = 4 * roundUp(D, TILE_COLUMNS);
  const layout = arrange({
    edge: EDGE_TILE_BYTES,
    keys: 4 * roundUp(S, TILE_COLUMNS) * D,
    values: 4 * roundUp(S, TILE_COLUMNS) * D,
    keyRows: packed * S,
    queries: packed * ATTENTION_STRIP,
    douts: packed * ATTENTION_STRIP,
    scores: 4 * ATTENTION_STRIP * lds,
    dScores: 4 * ATTENTION_STRIP * lds,
  });
  return { ...layout, lds };
}

type Native = Machine["native"];

/** Scratch memory of the kernels whose products are calls; with a BLAS, the packed parts are empty. */
export function scratchOfForwardByCalls({ S, D }: Pick<Sizes, "S" | "D">, native: Native) {
  const lds = ldsOf(S, 16);
  const layout = arrange({
    scores: 4 * ATTENTION_STRIP * lds,
    scales: 4 * ATTENTION_STRIP,
    keys: packedBytes(native, D, S),
    values: packedBytes(native, S, D),
    ranges: ATTENTION_STRIP * ROW_RANGE.bytes,
    sums: ATTENTION_STRIP * ROW_SUMS.bytes,
  });
  return { ...layout, lds, unit: native?.columns ?? TILE_COLUMNS };
}

export function scratchOfBackwardByCalls({ S, D }: Pick<Sizes, "S" | "D">, native: Native) {
  const lds = ldsOf(S, 16);
  const layout = arrange({
    scores: 4 * ATTENTION_STRIP * lds,
    dScores: 4 * ATTENTION_STRIP * lds,
    keys: packedBytes(native, D, S),
    values: packedBytes(native, D, S),
    keyRows: packedBytes(native, S, D),
    panels: packedBytes(native, ATTENTION_STRIP, D),
    aside: asideBytes(native, ATTENTION_STRIP),
    ranges: ATTENTION_STRIP * ROW_RANGE.bytes,
  });
  return { ...layout, lds, unit: native?.columns ?? TILE_COLUMNS };
}

const attention: KernelFunction = ({ inputs: { q, k, v, documents }, backend }) => {
  const { machine } = backend;
  const { B, ...sizes } = sizesOf(q!, k!);
  const { T, S, H, D } = sizes;
  const from = { q: backend.address(q!), k: backend.address(k!), v: backend.address(v!) };
  const { info, address: out } = backend.output([B, T, H, D]);
  const aside = machine.heap.allocate((B * H * T + B * T) * 4); // logsumexp, then first keys
  backend.keepAside(info, aside);
  const firstKeys = aside.address + B * H * T * 4;
  if (documents === undefined) forElements(machine, "fill", B * T, 0.3, { value: 0, y: firstKeys });
  else {
    const found = machine.stage(findFirstKeys(backend.valuesOf(documents), B, T));
    const bytes = T * 4;
    forRows(machine, "copyRows", B, T, { bytes, from: found, fromStride: bytes, to: firstKeys, toStride: bytes });
  }
  const queriesPerTask = Math.min(QUERIES, roundUp(T, TILE_ROWS));
  const tasksPerHead = Math.ceil(T / queriesPerTask);
  const scale = 1 / Math.sqrt(D);
  const common = { ...from, out, logs: aside.address, firstKeys, ...sizes, scale, queriesPerTask, tasksPerHead };
  const [tasks, scores] = [B * H * tasksPerHead, B * H * T * S];
  if (isByCalls(machine, { B, ...sizes })) {
    const { places, bytes, lds, unit } = scratchOfForwardByCalls(sizes, machine.native);
    machine.reserveScratch(bytes);
    machine.run("attentionByCalls", { ...common, ...places, lds, unit }, tasks, scores * (D / 50 + 1));
  } else {
    const { places, bytes, lds } = scratchOfForward(sizes);
    machine.reserveScratch(bytes);
    machine.run("attention", { ...common, ...places, lds }, tasks, scores * (D / 20 + 1));
  }
  return info;
};

const attentionGrad: KernelFunction = ({ inputs: { q, k, v, out, dy }, backend }) => {
  const { machine } = backend;
  const { B, ...sizes } = sizesOf(q!, k!);
  const { T, S, H, G, D } = sizes;
  const aside = backend.aside(out!);
  if (aside === undefined) throw new Error(`${CAUSAL_ATTENTION_GRAD} needs the forward kernel's own output`);
  const from = { q: backend.address(q!), k: backend.address(k!), v: backend.address(v!), out: backend.address(out!) };
  const dout = backend.address(dy!);
  const [dq, dk, dv] = [q!, k!, v!].map(({ shape }) => backend.output(shape));
  const to = { dq: dq!.address, dk: dk!.address, dv: dv!.address };
  const firstKeys = aside.address + B * H * T * 4;
  const scale = 1 / Math.sqrt(D);
  const common = { ...from, dout, ...to, logs: aside.address, firstKeys, ...sizes, scale };
  const scores = B * H * T * S;
  if (isByCalls(machine, { B, ...sizes })) {
    const { places, bytes, lds, unit } = scratchOfBackwardByCalls(sizes, machine.native);
    machine.reserveScratch(bytes);
    machine.run("attentionByCallsGrad", { ...common, ...places, lds, unit }, B * G, scores * (D / 20 + 2));
  } else {
    const { places, bytes, lds } = scratchOfBackward(sizes);
    machine.reserveScratch(bytes);
    machine.run("attentionGrad", { ...common, ...places, lds }, B * G, scores * (D / 8 + 2));
  }
  return [dq!.info, dk!.info, dv!.info];
};

/** The first position of each position's document; a document must be one run of positions. */
function findFirstKeys(documents: ArrayLike<number>, B: number, T: number): Int32Array {
  const firsts = new Int32Array(B * T);
  for (let b = 0; b < B; b++) {
    let first = 0;
    let seen: Set<number> | undefined;
    for (let t = 0; t < T; t++) {
      const id = documents[b * T + t]!;
      if (t > 0 && id !== documents[b * T + t - 1]!) {
        // Ids that only grow cannot return; other ids are remembered.
        if (seen === undefined && id < documents[b * T + t - 1]!) {
          seen = new Set();
          for (let u = 0; u < t; u++) seen.add(documents[b * T + u]!);
        }
        if (seen?.has(id)) {
          throw new UserError(
            "tensor.documents",
            `causalAttention() needs each document in one run, but in row ${b} document ${id} returns at position ${t}`,
          );
        }
        first = t;
      }
      seen?.add(id);
      firsts[b * T + t] = first;
    }
  }
  return firsts;
}

export function registerAttention(): void {
  register(CAUSAL_ATTENTION, attention);
  register(CAUSAL_ATTENTION_GRAD, attentionGrad);
}
