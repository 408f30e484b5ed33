// Causal grouped-query attention, strip by strip: at any time, scores exist for six queries only (and all their keys),
// in the backward pass for ATTENTION_STRIP queries. Products use the same inner loops as all others.
import {
  ATTENTION_STRIP, AttentionArguments, AttentionGradArguments, TILE_COLUMNS, TILE_ROWS,
} from "./generated/layout";
import { multiplyColumns, multiplyRows } from "./generated/tiles";
import { expBelow, logs as logOf, maxLanes, sumLanes } from "./math";
import { packFromColumns, packFromRows, scalePanel } from "./pack";
import { scratch } from "./thread";
import { zero } from "./zero";

/** Packs S keys: the rows of x become the columns of B. */
function packKeys(x: usize, ld: usize, S: i32, D: i32, to: usize, scale: f32): void {
  for (let s = 0; s < S; s += 8) {
    const panel = to + <usize> (s >> 3) * (<usize> D << 5);
    packFromColumns(x + <usize> s * ld, ld, D, min(8, S - s), panel, 32);
    if (scale != 1) scalePanel(panel, D, scale);
  }
}

/** Packs values: the rows of x become the rows of B. */
function packValues(x: usize, ld: usize, rows: i32, D: i32, to: usize, scale: f32): void {
  for (let j = 0; j < D; j += 8) {
    const panel = to + <usize> (j >> 3) * (<usize> rows << 5);
    packFromRows(x + (<usize> j << 2), ld, rows, min(8, D - j), panel, 32);
    if (scale != 1) scalePanel(panel, rows, scale);
  }
}

/** Job: a run of queries of one head. */
export function attentionTask(args: AttentionArguments, task: i32): void {
  const T = args.T, S = args.S, H = args.H, G = args.G, D = args.D;
  const perTask = args.queriesPerTask, tasks = args.tasksPerHead;
  const head = task / tasks;
  const batch = head / H, h = head % H, g = h / (H / G);
  const ldq = <usize> (H * D) << 2, ldk = <usize> (G * D) << 2;
  const q = args.q + <usize> batch * <usize> T * ldq + (<usize> (h * D) << 2);
  const out = args.out + <usize> batch * <usize> T * ldq + (<usize> (h * D) << 2);
  const k = args.k + <usize> batch * <usize> S * ldk + (<usize> (g * D) << 2);
  const v = args.v + <usize> batch * <usize> S * ldk + (<usize> (g * D) << 2);
  const logs = args.logs + (<usize> head * <usize> T << 2);
  const firsts = args.firstKeys + (<usize> batch * <usize> T << 2);
  const t0 = (task % tasks) * perTask, t1 = min(t0 + perTask, T);
  const last = S - T + t1; // keys visible to this task
  const packedK = scratch() + args.keys, packedV = scratch() + args.values, strip = scratch() + args.scores;
  const lds = <usize> args.lds << 2;
  const key0 = load<i32>(firsts + (<usize> t0 << 2)) & ~7; // never decreases from query to query
  packKeys(k + <usize> key0 * ldk, ldk, last - key0, D, packedK, args.scale);
  packValues(v + <usize> key0 * ldk, ldk, last - key0, D, packedV, 1);
  for (let t = t0; t < t1; t += TILE_ROWS) {
    const mr = min(TILE_ROWS, t1 - t);
    const begin = load<i32>(firsts + (<usize> t << 2)) & ~7;
    const end = S - T + t + mr;
    for (let s = begin; s < end; s += TILE_COLUMNS) {
      const panel = packedK + <usize> ((s - key0) >> 3) * (<usize> D << 5);
      multiplyRows(D, q + <usize> t * ldq, ldq, panel, strip + (<usize> s << 2), lds, mr, TILE_COLUMNS, false);
    }
    for (let i = 0; i < mr; i++) {
      const row = strip + <usize> i * lds;
      const first = load<i32>(firsts + (<usize> (t + i) << 2));
      const stop = S - T + t + i + 1;
      const scale = softmaxRow(row, begin, first, stop, end, logs + (<usize> (t + i) << 2));
      scaleRow(row + (<usize> first << 2), stop - first, scale);
    }
    for (let j = 0; j < D; j += TILE_COLUMNS) {
      const panel = packedV + <usize> (j >> 3) * (<usize> (last - key0) << 5) + (<usize> (begin - key0) << 5);
      const to = out + <usize> t * ldq + (<usize> j << 2);
      multiplyRows(end - begin, strip + (<usize> begin << 2), lds, panel, to, ldq, mr, min(TILE_COLUMNS, D - j), false);
    }
  }
}

/**
 * Replaces scores [first, stop) of a row by e^(score − largest), and the rest of [begin, end) by zeros.
 *
 * @returns 1 / their sum, which the caller has to multiply by
 */
export function softmaxRow(row: usize, begin: i32, first: i32, stop: i32, end: i32, log: usize): f32 {
  const low = first & ~3, high = (stop + 3) & ~3;
  for (let s = low; s < first; s++) store<f32>(row + (<usize> s << 2), -Infinity);
  for (let s = stop; s < high; s++) store<f32>(row + (<usize> s << 2), -Infinity);
  const from = row + (<usize> low << 2), to = row + (<usize> high << 2);
  let tops = v128.load(from);
  for (let x = from + 16; x < to; x += 16) tops = f32x4.pmax(tops, v128.load(x));
  const top = maxLanes(tops);
  const topv = f32x4.splat(top);
  let sums = f32x4.splat(0);
  // Masked scores add at most e⁻⁸⁷, which is negligible next to the largest score's 1.
  for (let x = from; x < to; x += 16) {
    const e = expBelow(f32x4.sub(v128.load(x), topv));
    v128.store(x, e);
    sums = f32x4.add(sums, e);
  }
  const sum = sumLanes(sums);
  zeroOutside(row, begin, first, stop, end);
  store<f32>(log, top + <f32> logOf(sum));
  return <f32> 1 / sum;
}

/** Zeroes [begin, first), and [stop, end rounded up to a whole panel). */
@inline function zeroOutside(row: usize, begin: i32, first: i32, stop: i32, end: i32): void {
  zero(row + (<usize> begin << 2), <usize> (first - begin) << 2);
  zero(row + (<usize> stop << 2), <usize> (((end + 7) & ~7) - stop) << 2);
}

/** Multiplies `n` numbers by a factor. */
export function scaleRow(x: usize, n: i32, factor: f32): void {
  const factors = f32x4.splat(factor);
  const whole = x + (<usize> (n & ~3) << 2), stop = x + (<usize> n << 2);
  for (; x < whole; x += 16) v128.store(x, f32x4.mul(v128.load(x), factors));
  for (; x < stop; x += 4) store<f32>(x, load<f32>(x) * factor);
}

/** Job: one key-value head of one sequence, with all query heads that read it. */
export function attentionGradTask(args: AttentionGradArguments, task: i32): void {
  const T = args.T, S = args.S, H = args.H, G = args.G, D = args.D, scale = args.scale;
  const batch = task / G, g = task % G, group = H / G;
  const ldq = <usize> (H * D) << 2, ldk = <usize> (G * D) << 2, lds = <usize> args.lds << 2;
  const kvOffset = <usize> batch * <usize> S * ldk + (<usize> (g * D) << 2);
  const k = args.k + kvOffset, v = args.v + kvOffset, dk = args.dk + kvOffset, dv = args.dv + kvOffset;
  const firsts = args.firstKeys + (<usize> batch * <usize> T << 2);
  const packedK = scratch() + args.keys, packedV = scratch() + args.values, rowsK = scratch() + args.keyRows;
  const packedQ = scratch() + args.queries, packedD = scratch() + args.douts;
  const P = scratch() + args.scores, dS = scratch() + args.dScores;
  packKeys(k, ldk, S, D, packedK, scale);
  packKeys(v, ldk, S, D, packedV, 1);
  packValues(k, ldk, S, D, rowsK, scale);
  for (let s = 0; s < S; s++) {
    zero(dk + <usize> s * ldk, <usize> D << 2);
    zero(dv + <usize> s * ldk, <usize> D << 2);
  }
  for (let h = g * group; h < (g + 1) * group; h++) {
    const qOffset = <usize> batch * <usize> T * ldq + (<usize> (h * D) << 2);
    const q = args.q + qOffset, out = args.out + qOffset, dout = args.dout + qOffset, dq = args.dq + qOffset;
    const logs = args.logs + (<usize> (batch * H + h) * <usize> T << 2);
    for (let t = 0; t < T; t += ATTENTION_STRIP) {
      const rows = min(ATTENTION_STRIP, T - t);
      packValues(q + <usize> t * ldq, ldq, rows, D, packedQ, scale);
      packValues(dout + <usize> t * ldq, ldq, rows, D, packedD, 1);
      const begin = load<i32>(firsts + (<usize> t << 2)) & ~7;
      const stop = S - T + t + rows;
      for (let i = 0; i < rows; i += TILE_ROWS) {
        const mr = min(TILE_ROWS, rows - i);
        const first = load<i32>(firsts + (<usize> (t + i) << 2)) & ~7;
        const end = S - T + t + i + mr;
        for (let s = first; s < end; s += TILE_COLUMNS) {
          const to = <usize> i * lds + (<usize> s << 2), panel = <usize> (s >> 3) * (<usize> D << 5);
          multiplyRows(D, q + <usize> (t + i) * ldq, ldq, packedK + panel, P + to, lds, mr, TILE_COLUMNS, false);
          multiplyRows(D, dout + <usize> (t + i) * ldq, ldq, packedV + panel, dS + to, lds, mr, TILE_COLUMNS, false);
        }
        for (let r = i; r < i + mr; r++) {
          const from = <usize> (t + r) * ldq;
          const delta = dot(out + from, dout + from, D);
          const log = load<f32>(logs + (<usize> (t + r) << 2));
          const firstKey = load<i32>(firsts + (<usize> (t + r) << 2));
          gradRow(P + <usize> r * lds, dS + <usize> r * lds, begin, firstKey, S - T + t + r + 1, stop, log, delta);
        }
        for (let j = 0; j < D; j += TILE_COLUMNS) {
          const panel = rowsK + <usize> (j >> 3) * (<usize> S << 5) + (<usize> first << 5);
          const to = dq + <usize> (t + i) * ldq + (<usize> j << 2);
          const from = dS + <usize> i * lds + (<usize> first << 2);
          multiplyRows(end - first, from, lds, panel, to, ldq, mr, min(TILE_COLUMNS, D - j), false);
        }
      }
      for (let s = begin; s < stop; s += TILE_ROWS) {
        const mr = min(TILE_ROWS, stop - s);
        for (let j = 0; j < D; j += TILE_COLUMNS) {
          const panel = <usize> (j >> 3) * (<usize> rows << 5);
          const to = <usize> s * ldk + (<usize> j << 2), nr = min(TILE_COLUMNS, D - j);
          multiplyColumns(rows, P + (<usize> s << 2), lds, packedD + panel, dv + to, ldk, mr, nr, true);
          multiplyColumns(rows, dS + (<usize> s << 2), lds, packedQ + panel, dk + to, ldk, mr, nr, true);
        }
      }
    }
  }
}

/** In [first, stop), scores become probabilities and dP becomes dS; the rest of [begin, end) becomes zeros. */
export function gradRow(P: usize, dS: usize, begin: i32, first: i32, stop: i32, end: i32, log: f32, delta: f32): void {
  const low = first & ~3, high = (stop + 3) & ~3;
  const logv = f32x4.splat(log), deltas = f32x4.splat(delta);
  for (let s = low; s < high; s += 4) {
    const i = <usize> s << 2;
    const p = expBelow(f32x4.sub(v128.load(P + i), logv));
    v128.store(P + i, p);
    v128.store(dS + i, f32x4.mul(p, f32x4.sub(v128.load(dS + i), deltas)));
  }
  zeroOutside(P, begin, first, stop, end);
  zeroOutside(dS, begin, first, stop, end);
}

export function dot(a: usize, b: usize, n: i32): f32 {
  const whole = <usize> (n & ~3) << 2, bytes = <usize> n << 2;
  let sums = f32x4.splat(0);
  let i: usize = 0;
  for (; i < whole; i += 16) sums = f32x4.add(sums, f32x4.mul(v128.load(a + i), v128.load(b + i)));
  let sum = sumLanes(sums);
  for (; i < bytes; i += 4) sum += load<f32>(a + i) * load<f32>(b + i);
  return sum;
}
