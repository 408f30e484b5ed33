// Attention of new tokens to cached ones. Keys and values are cached as panels of `unit` columns, as the products take B,
// so that nothing is packed while decoding:
//
//   keys   [kvHeads, capacity / unit, D, unit]          values [kvHeads, ⌈D / unit⌉, capacity, unit]
//
// A query's result has the same bits whatever other queries are computed with it: each product adds in one order of k,
// in runs of K_RUN that begin at multiples of K_RUN, and keys that a query may not see have a weight of exactly 0.
import { scaleRow, softmaxRow } from "./attention";
import { fillOutside, plainProduct, roundUp16, setRowRange } from "./attention-by-calls";
import {
  ATTENTION_STRIP, CachedAttentionArguments, CachedRow, ExtendCacheArguments, K_RUN, RowSums, TILE_COLUMNS, TILE_ROWS,
} from "./generated/layout";
import { multiplyRows } from "./generated/tiles";
import { callSoftmax, hasNative, sumParts } from "./native";
import { multiplyByPanels, panelBytes } from "./panels";
import { endOf, rotateHeads } from "./rows";
import { scratch } from "./thread";

@inline function rowOf(table: usize, row: i32): CachedRow {
  return changetype<CachedRow>(table + <usize> row * offsetof<CachedRow>());
}

/** Bytes from the keys of one head to the next, and from one panel of values to the next. */
@inline function keyBytes(row: CachedRow, D: i32): usize {
  return <usize> row.capacity * <usize> D << 2;
}

@inline function panelOfValues(row: CachedRow, unit: i32): usize {
  return <usize> row.capacity * <usize> unit << 2;
}

/** Rows are new tokens: their queries and keys are rotated, and keys and values go to their places. */
export function extendCacheTask(args: ExtendCacheArguments, task: i32): void {
  const T = args.T, H = args.H, G = args.G, D = args.D, unit = args.unit, positions = args.positions;
  const half = <usize> D << 1, keys = scratch() + args.keys;
  const wide = (D + unit - 1) / unit, step = <usize> unit << 2, end = endOf(args, task);
  for (let token = task * args.perTask; token < end; token++) {
    const row = rowOf(args.table, token / T);
    const at = row.past + token % T;
    const column = (<usize> (at / unit) * <usize> D * <usize> unit + <usize> (at % unit)) << 2;
    const angles = <usize> (token % positions) * half, cos = args.cos + angles, sin = args.sin + angles;
    const query = <usize> (token * H * D) << 2;
    rotateHeads(args.q + query, args.rotated + query, H, half, cos, sin, 1);
    rotateHeads(args.k + (<usize> (token * G * D) << 2), keys, G, half, cos, sin, 1);
    for (let g = 0; g < G; g++) {
      const from = <usize> ((token * G + g) * D) << 2, rotated = keys + (<usize> (g * D) << 2);
      let key = row.k + <usize> g * keyBytes(row, D) + column;
      for (let d: usize = 0; d < <usize> D << 2; d += 4, key += step) store<f32>(key, load<f32>(rotated + d));
      for (let p = 0; p < wide; p++) {
        const panel = row.v + <usize> (g * wide + p) * panelOfValues(row, unit);
        const first = p * unit;
        memory.copy(panel + <usize> at * step, args.v + from + (<usize> first << 2), <usize> min(unit, D - first) << 2);
      }
    }
  }
}

/**
 * Job: of one sequence, a run of queries of one head (`byQueries`), or of all heads that read one key-value head. The
 * queries of a strip are equally far apart, so that its products are products of matrices.
 */
export function cachedAttentionTask(args: CachedAttentionArguments, task: i32): void {
  const T = args.T, H = args.H, D = args.D, group = H / args.G, unit = args.unit;
  const byQueries = args.byQueries != 0;
  const heads = byQueries ? H : args.G;
  const head = task / args.tasksPerHead;
  const row = rowOf(args.table, head / heads);
  const h = (head % heads) * (byQueries ? 1 : group), g = h / group;
  const keys = row.k + <usize> g * keyBytes(row, D);
  const valueStep = panelOfValues(row, unit);
  const values = row.v + <usize> (g * ((D + unit - 1) / unit)) * valueStep;
  const ldq = <usize> (H * D) << 2;
  const from = <usize> (head / heads) * <usize> T * ldq + (<usize> (h * D) << 2);
  const t0 = (task % args.tasksPerHead) * args.queriesPerTask, t1 = min(t0 + args.queriesPerTask, T);
  if (byQueries) {
    for (let t = t0; t < t1; t += ATTENTION_STRIP) {
      const rows = min(ATTENTION_STRIP, t1 - t);
      attendStrip(args, from + <usize> t * ldq, ldq, rows, row.past + t, 1, keys, values, valueStep);
    }
    return;
  }
  for (let t = t0; t < t1; t++) {
    for (let i = 0; i < group; i += ATTENTION_STRIP) {
      const rows = min(ATTENTION_STRIP, group - i);
      const at = from + <usize> t * ldq + (<usize> (i * D) << 2);
      attendStrip(args, at, <usize> D << 2, rows, row.past + t, 0, keys, values, valueStep);
    }
  }
}

/**
 * Attention of `rows` queries, `ld` bytes apart.
 *
 * @param at offset of the first query, and of its output
 * @param position of the first query; each of the others is `step` positions after the one before
 */
function attendStrip(
  args: CachedAttentionArguments, at: usize, ld: usize, rows: i32, position: i32, step: i32,
  keys: usize, values: usize, valueStep: usize,
): void {
  const D = args.D, window = args.window, lds = <usize> args.lds << 2;
  const scores = scratch() + args.scores, sums = scratch() + args.sums, scales = scratch() + args.scales;
  const begin = firstKey(position, window) / K_RUN * K_RUN;
  const n = position + (rows - 1) * step + 1 - begin;
  const out = args.out + at;
  multiplyByKeys(args, args.q + at, ld, rows, begin, n, keys, scores, lds);
  for (let i = 0; i < rows; i++) {
    const own = position + i * step, row = scores + <usize> i * lds;
    const first = firstKey(own, window) - begin, stop = own + 1 - begin;
    scaleRow(row + (<usize> (first & ~15) << 2), stop - (first & ~15), args.scale);
    if (hasNative()) {
      fillOutside(row, first & ~15, first, stop, roundUp16(stop), -Infinity);
      setRowRange(scratch() + args.ranges, i, first, stop, 0, 0);
    } else store<f32>(scales + (<usize> i << 2), softmaxRow(row, 0, first, stop, n, sums));
  }
  if (hasNative()) {
    callSoftmax(scores, lds, rows, scratch() + args.ranges, sums);
    for (let i = 0; i < rows; i++) {
      const own = position + i * step;
      const sum = sumParts(changetype<RowSums>(sums + <usize> i * offsetof<RowSums>()));
      fillOutside(scores + <usize> i * lds, 0, firstKey(own, window) - begin, own + 1 - begin, n, 0);
      store<f32>(scales + (<usize> i << 2), <f32> 1 / sum);
    }
  }
  multiplyByValues(args, scores, lds, rows, begin, n, values, valueStep, out, ld);
  for (let i = 0; i < rows; i++) scaleRow(out + <usize> i * ld, D, load<f32>(scales + (<usize> i << 2)));
}

/** The first key that a query at this position sees. */
@inline function firstKey(position: i32, window: i32): i32 {
  return window == 0 ? 0 : max(0, position - window + 1);
}

/** Scores: the products of queries with keys [begin, begin + n). */
function multiplyByKeys(
  args: CachedAttentionArguments, q: usize, ld: usize, rows: i32, begin: i32, n: i32, keys: usize, scores: usize,
  lds: usize,
): void {
  const D = args.D;
  if (hasNative()) {
    const product = plainProduct();
    product.M = rows, product.N = n, product.K = D;
    product.a = q, product.lda = ld, product.c = scores, product.ldc = lds;
    product.panelStep = panelBytes(D);
    product.panels = keys + <usize> (begin / args.unit) * product.panelStep;
    return multiplyByPanels(product, 0);
  }
  for (let i = 0; i < rows; i += TILE_ROWS) {
    const mr = min(TILE_ROWS, rows - i);
    for (let s = 0; s < n; s += TILE_COLUMNS) {
      const panel = keys + <usize> ((begin + s) / TILE_COLUMNS) * (<usize> D << 5);
      const to = scores + <usize> i * lds + (<usize> s << 2);
      for (let d = 0; d < D; d += K_RUN) {
        const a = q + <usize> i * ld + (<usize> d << 2);
        multiplyRows(min(K_RUN, D - d), a, ld, panel + (<usize> d << 5), to, lds, mr, TILE_COLUMNS, d > 0);
      }
    }
  }
}

/** The weighted sums of values [begin, begin + n). */
function multiplyByValues(
  args: CachedAttentionArguments, scores: usize, lds: usize, rows: i32, begin: i32, n: i32, values: usize,
  valueStep: usize, out: usize, ld: usize,
): void {
  const D = args.D;
  if (hasNative()) {
    const product = plainProduct();
    product.M = rows, product.N = D, product.K = n;
    product.a = scores, product.lda = lds, product.c = out, product.ldc = ld;
    product.panelStep = valueStep;
    product.panels = values + (<usize> (begin * args.unit) << 2);
    return multiplyByPanels(product, 0);
  }
  for (let i = 0; i < rows; i += TILE_ROWS) {
    const mr = min(TILE_ROWS, rows - i);
    for (let j = 0; j < D; j += TILE_COLUMNS) {
      const panel = values + <usize> (j / TILE_COLUMNS) * valueStep + (<usize> begin << 5);
      const to = out + <usize> i * ld + (<usize> j << 2);
      for (let s = 0; s < n; s += K_RUN) {
        const a = scores + <usize> i * lds + (<usize> s << 2);
        const nr = min(TILE_COLUMNS, D - j);
        multiplyRows(min(K_RUN, n - s), a, lds, panel + (<usize> s << 5), to, ld, mr, nr, s > 0);
      }
    }
  }
}
