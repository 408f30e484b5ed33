// Attention to cached keys and values on the CPU. They are cached as panels, as the products take B.
import type * as tf from "@tensorflow/tfjs";
import type { CachedAttention } from "../../ops/cached-attention.ts";
import { CACHED_ATTENTION, KEY_VALUES_COPY, type KeyValuesCopy } from "../../ops/key-values.ts";
import type { StitchbookCPU } from "../backend.ts";
import { ATTENTION_STRIP, EDGE_TILE_BYTES, K_RUN, TILE_COLUMNS } from "../layout/constants.ts";
import { CACHED_ROW } from "../layout/jobs.ts";
import { ROW_RANGE, ROW_SUMS } from "../layout/native.ts";
import { createTable } from "../layout/record.ts";
import { forRows, type KernelFunction, register, reserveScratch } from "../machine/jobs.ts";
import type { Machine } from "../machine/machine.ts";

/** Queries per task, for any number of threads; a multiple of ATTENTION_STRIP. */
const QUERIES = 192;
/** From this many queries on, strips of them are larger matrices than the heads of a group are. */
const MANY_QUERIES = 16;

type Info = tf.TensorInfo;

/** Columns of a panel. */
const unitOf = ({ native }: Machine) => native?.columns ?? TILE_COLUMNS;

const copy: KernelFunction = ({ inputs, attrs, backend }) => {
  const { kvHeads: G, headSize: D, length, from, capacity } = attrs as unknown as KeyValuesCopy;
  const [oldK, oldV] = Object.values(inputs);
  const unit = unitOf(backend.machine);
  const wide = Math.ceil(D / unit);
  const k = backend.output([G, capacity / unit, D, unit]);
  const v = backend.output([G, wide, capacity, unit]);
  if (oldK !== undefined && length > 0) {
    const panels = Math.ceil(length / unit);
    copyParts(backend, G, backend.address(oldK), from * D, k.address, capacity * D, panels * unit * D);
    copyParts(backend, G * wide, backend.address(oldV!), from * unit, v.address, capacity * unit, length * unit);
  }
  return [k.info, v.info];
};

/** Copies the first `count` numbers of each part; `step`s are numbers from one part to the next. */
function copyParts(
  { machine }: StitchbookCPU,
  parts: number,
  from: number,
  fromStep: number,
  to: number,
  toStep: number,
  count: number,
): void {
  const args = { from, fromStride: 4 * fromStep, to, toStride: 4 * toStep, bytes: 4 * count };
  forRows(machine, "copyRows", parts, count / 4, args);
}

const attention: KernelFunction = ({ inputs, attrs, backend }) => {
  const { machine } = backend;
  const { lengths, capacities, window } = attrs as unknown as CachedAttention;
  const [q, k, v, cos, sin, ...caches] = Object.values(inputs) as [Info, Info, Info, Info, Info];
  const [B, T, H, D] = q.shape as [number, number, number, number];
  const G = k.shape[2]!;
  const unit = unitOf(machine);
  const heads = { q: backend.address(q), k: backend.address(k), v: backend.address(v) };
  const angles = { cos: backend.address(cos), sin: backend.address(sin), positions: cos.shape[0]! };
  const table = createTable(CACHED_ROW);
  for (let b = 0; b < B; b++) {
    const [cachedK, cachedV] = [caches[2 * b]!, caches[2 * b + 1]!];
    const [past, capacity] = [lengths[b]!, capacities[b]!];
    table.add({ k: backend.address(cachedK), v: backend.address(cachedV), past, capacity });
  }
  const { info, address: out } = backend.output(q.shape);
  const words = table.words;
  const byQueries = T >= MANY_QUERIES;
  const queriesPerTask = byQueries ? QUERIES : 1;
  const tasksPerHead = Math.ceil(T / queriesPerTask);
  const most = Math.max(...lengths) + T;
  const span = window === 0 ? most : Math.min(most, window + ATTENTION_STRIP + K_RUN);
  const lds = Math.ceil(span / 16) * 16 + 16; // never a power of two, which would thrash caches
  const places = reserveScratch(machine, {
    edge: EDGE_TILE_BYTES,
    scores: 4 * ATTENTION_STRIP * lds,
    ranges: ATTENTION_STRIP * ROW_RANGE.bytes,
    sums: ATTENTION_STRIP * ROW_SUMS.bytes,
    scales: 4 * ATTENTION_STRIP,
    keys: 4 * G * D,
  });
  const { scores, ranges, sums, scales, keys } = places;
  const rotated = backend.scratch(4 * B * T * H * D);
  const extend = { ...heads, ...angles, rotated, table: machine.stage(words), keys, T, H, G, D, unit };
  forRows(machine, "extendCache", B * T, (H + 2 * G) * D, extend);
  const sizes = { T, H, G, D, unit, window, lds, queriesPerTask, tasksPerHead, byQueries: Number(byQueries) };
  const scratch = { scores, ranges, sums, scales };
  const args = { q: rotated, out, table: machine.stage(words), ...scratch, ...sizes, scale: 1 / Math.sqrt(D) };
  const pairs = lengths.reduce((sum, length) => sum + Math.min(length + T, span), 0) * T * H;
  machine.run("cachedAttention", args, B * (byQueries ? H : G) * tasksPerHead, pairs * (D / 30 + 1));
  return info;
};

register(KEY_VALUES_COPY, copy);
register(CACHED_ATTENTION, attention);
