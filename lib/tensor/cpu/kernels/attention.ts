// Causal attention on the CPU: which keys each query may see, scratch memory, and the two jobs.
import type * as tf from "@tensorflow/tfjs";
import { UserError } from "../../../errors.ts";
import { CAUSAL_ATTENTION, CAUSAL_ATTENTION_GRAD } from "../../ops/causal-attention.ts";
import { ATTENTION_STRIP, EDGE_TILE_BYTES, TILE_COLUMNS, TILE_ROWS } from "../layout/constants.ts";
import { ROW_RANGE, ROW_SUMS } from "../layout/native.ts";
import { forElements, forRows, type KernelFunction, register, reserveScratch } from "../machine/jobs.ts";
import type { Machine } from "../machine/machine.ts";
import { packedBytes } from "../products/panels.ts";

/** Queries of a small task; a multiple of TILE_ROWS and of ATTENTION_STRIP. */
const QUERIES = 192;
/** Enough that threads do not wait long for each other. */
const TASKS_PER_THREAD = 8;
/** From this many queries on, a strip's products are worth calls of machine code or of a BLAS. */
const CALLED_QUERIES = 16;

type Sizes = ReturnType<typeof sizesOf>;

/** Sizes of `[B, T, H, D]` queries and `[B, S, G, D]` keys and values. */
function sizesOf(q: tf.TensorInfo, k: tf.TensorInfo) {
  const [B, T, H, D] = q.shape as [number, number, number, number];
  const [, S, G] = k.shape as [number, number, number];
  return { B, T, S, H, G, D };
}

const roundUp = (n: number, unit: number) => Math.ceil(n / unit) * unit;

/** Row stride of a strip of scores, in floats: whole vectors, and never a power of two, which would thrash caches. */
const ldsOf = (S: number, vector: number) => roundUp(S, vector) + vector;

/** Whether products are calls of machine code or of a BLAS, and what their kernels need then. */
function callsOf({ native, blas }: Machine, { T, S, D }: Sizes) {
  if ((native ?? blas) === undefined || T < CALLED_QUERIES) return undefined;
  const lds = ldsOf(S, 16);
  const parts = {
    scores: 4 * ATTENTION_STRIP * lds,
    ranges: ATTENTION_STRIP * ROW_RANGE.bytes,
    keys: packedBytes(native, D, S), // as columns; nothing with a BLAS
  };
  return { lds, unit: native?.columns ?? TILE_COLUMNS, parts, rows: packedBytes(native, S, D) };
}

/**
 * Cuts attention by calls into tasks, as large as several for each thread can be: a task packs keys and values once for
 * its heads. No bits depend on it.
 */
function cutOf({ B, T, H, G }: Sizes, threads: number) {
  const cuts = [[H / G, T], [H / G, QUERIES], [1, QUERIES]].map(([headsPerTask, most]) => {
    const tasksPerHead = Math.ceil(T / most!);
    const queriesPerTask = roundUp(Math.ceil(T / tasksPerHead), ATTENTION_STRIP);
    return { headsPerTask: headsPerTask!, queriesPerTask, tasksPerHead, tasks: B * H / headsPerTask! * tasksPerHead };
  });
  return cuts.find(({ tasks }) => tasks >= TASKS_PER_THREAD * threads) ?? cuts.at(-1)!;
}

const attention: KernelFunction = ({ inputs: { q, k, v, documents }, backend }) => {
  const { machine } = backend;
  const sizes = sizesOf(q!, k!);
  const { B, T, S, H, G, D } = sizes;
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
  const tensors = { ...from, out, logs: aside.address, firstKeys };
  const args = { ...tensors, T, S, H, G, D, scale: 1 / Math.sqrt(D) };
  const scores = B * H * T * S;
  const calls = callsOf(machine, sizes);
  if (calls !== undefined) {
    const { lds, unit, parts, rows } = calls;
    const sums = ATTENTION_STRIP * ROW_SUMS.bytes;
    const places = reserveScratch(machine, { ...parts, values: rows, scales: 4 * ATTENTION_STRIP, sums });
    const { tasks, ...cut } = cutOf(sizes, machine.threads);
    machine.run("attentionByCalls", { ...args, ...cut, lds, unit, ...places }, tasks, scores * (D / 50 + 1));
  } else {
    const lds = ldsOf(S, TILE_COLUMNS);
    const [keys, values] = [4 * roundUp(S, TILE_COLUMNS) * D, 4 * roundUp(D, TILE_COLUMNS) * S];
    const places = reserveScratch(machine, { edge: EDGE_TILE_BYTES, keys, values, scores: 4 * TILE_ROWS * lds });
    const queriesPerTask = Math.min(QUERIES, roundUp(T, TILE_ROWS));
    const tasksPerHead = Math.ceil(T / queriesPerTask);
    const cut = { queriesPerTask, tasksPerHead };
    machine.run("attention", { ...args, ...cut, lds, ...places }, B * H * tasksPerHead, scores * (D / 20 + 1));
  }
  return info;
};

const attentionGrad: KernelFunction = ({ inputs: { q, k, v, out, dy }, backend }) => {
  const { machine } = backend;
  const sizes = sizesOf(q!, k!);
  const { B, T, S, H, G, D } = sizes;
  const aside = backend.aside(out!);
  if (aside === undefined) throw new Error(`${CAUSAL_ATTENTION_GRAD} needs the forward kernel's own output`);
  const from = { q: backend.address(q!), k: backend.address(k!), v: backend.address(v!), out: backend.address(out!) };
  const dout = backend.address(dy!);
  const [dq, dk, dv] = [q!, k!, v!].map(({ shape }) => backend.output(shape));
  const to = { dq: dq!.address, dk: dk!.address, dv: dv!.address };
  const tensors = { ...from, dout, ...to, logs: aside.address, firstKeys: aside.address + B * H * T * 4 };
  const args = { ...tensors, T, S, H, G, D, scale: 1 / Math.sqrt(D) };
  const work = B * H * T * S;
  const calls = callsOf(machine, sizes);
  if (calls !== undefined) {
    const { lds, unit, parts, rows } = calls;
    const [dScores, values] = [parts.scores, parts.keys];
    const panels = packedBytes(machine.native, ATTENTION_STRIP, D);
    const places = reserveScratch(machine, { ...parts, values, dScores, keyRows: rows, panels });
    const deltas = backend.scratch(4 * B * T * H);
    forRows(machine, "attentionDeltas", B * T * H, D / 4, { out: from.out, dout, deltas, D });
    machine.run("attentionByCallsGrad", { ...args, deltas, lds, unit, ...places }, B * G, work * (D / 20 + 2));
  } else {
    const lds = ldsOf(S, TILE_COLUMNS);
    const wide = 4 * roundUp(D, TILE_COLUMNS);
    const [keys, values] = [4 * roundUp(S, TILE_COLUMNS) * D, 4 * roundUp(S, TILE_COLUMNS) * D];
    const strips = { queries: wide * ATTENTION_STRIP, douts: wide * ATTENTION_STRIP };
    const scores = 4 * ATTENTION_STRIP * lds;
    const parts = { edge: EDGE_TILE_BYTES, keys, values, keyRows: wide * S, ...strips, scores, dScores: scores };
    machine.run("attentionGrad", { ...args, lds, ...reserveScratch(machine, parts) }, B * G, work * (D / 8 + 2));
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

register(CAUSAL_ATTENTION, attention);
register(CAUSAL_ATTENTION_GRAD, attentionGrad);
