// Causal grouped-query attention, strip by strip: six queries' scores over all their keys are the most that is kept,
// 48 in the gradient. Products run on the same inner loops as every other product.
import { arg, argf, scratch } from "./control";
import { expBelow, logs as logs64, sumLanes } from "./math";
import { microColumns, microRows } from "./micro";
import { packFromColumns, packFromRows, scalePanel } from "./pack";
import { zero } from "./zero";

/** Queries in one strip of the gradient; a multiple of 6. */
const STRIP: i32 = 48;

// Arguments of both jobs: 0 q, 1 k, 2 v, 3 out, 4 logsumexp [B, H, T], 5 first key of each query [B, T], 6 T, 7 S, 8 H, 9 G,
// 10 D, 11 1/√D (float); forward: 12 queries per task, 13 tasks per head; gradient: 12 dout, 13 dq, 14 dk, 15 dv.

// @ts-ignore: decorator
@inline
function at(index: i32): usize {
  return <usize> arg(index);
}

function packKeys(x: usize, ld: usize, S: i32, D: i32, dst: usize, scale: f32): void {
  for (let s = 0; s < S; s += 8) {
    const panel = dst + <usize> (s >> 3) * (<usize> D << 5);
    packFromColumns(x + <usize> s * ld, ld, D, min(8, S - s), panel, 32);
    if (scale != 1) scalePanel(panel, D, scale);
  }
}

/** Rows from x become the k of a product with D columns. */
function packValues(x: usize, ld: usize, rows: i32, D: i32, dst: usize, scale: f32): void {
  for (let j = 0; j < D; j += 8) {
    const panel = dst + <usize> (j >> 3) * (<usize> rows << 5);
    packFromRows(x + (<usize> j << 2), ld, rows, min(8, D - j), panel, 32);
    if (scale != 1) scalePanel(panel, rows, scale);
  }
}

// @ts-ignore: decorator
@inline
function roundUp8(n: i32): i32 {
  return (n + 7) & ~7;
}

/** One task: a run of queries of one head. */
export function attentionTask(task: i32): void {
  const T = arg(6), S = arg(7), H = arg(8), G = arg(9), D = arg(10);
  const perTask = arg(12), tasks = arg(13);
  const head = task / tasks;
  const batch = head / H, h = head % H, g = h / (H / G);
  const ldq = <usize> (H * D) << 2, ldk = <usize> (G * D) << 2;
  const q = at(0) + <usize> batch * <usize> T * ldq + (<usize> (h * D) << 2);
  const out = at(3) + <usize> batch * <usize> T * ldq + (<usize> (h * D) << 2);
  const k = at(1) + <usize> batch * <usize> S * ldk + (<usize> (g * D) << 2);
  const v = at(2) + <usize> batch * <usize> S * ldk + (<usize> (g * D) << 2);
  const logs = at(4) + (<usize> head * <usize> T << 2);
  const firsts = at(5) + (<usize> batch * <usize> T << 2);
  const t0 = (task % tasks) * perTask, t1 = min(t0 + perTask, T);
  const last = S - T + t1; // keys that this task may see
  const ldS = roundUp8(S) + 8;
  const packedK = scratch() + 256;
  const packedV = packedK + (<usize> (roundUp8(S) * D) << 2);
  const strip = packedV + (<usize> (roundUp8(D) * S) << 2);
  const key0 = load<i32>(firsts + (<usize> t0 << 2)) & ~7; // first keys never fall from one query to the next
  packKeys(k + <usize> key0 * ldk, ldk, last - key0, D, packedK, argf(11));
  packValues(v + <usize> key0 * ldk, ldk, last - key0, D, packedV, 1);
  const ldsBytes = <usize> ldS << 2;
  for (let t = t0; t < t1; t += 6) {
    const mr = min(6, t1 - t);
    const begin = load<i32>(firsts + (<usize> t << 2)) & ~7;
    const end = S - T + t + mr;
    for (let s = begin; s < end; s += 8) {
      const panel = packedK + <usize> ((s - key0) >> 3) * (<usize> D << 5);
      microRows(D, q + <usize> t * ldq, ldq, panel, strip + (<usize> s << 2), ldsBytes, mr, 8, false);
    }
    for (let i = 0; i < mr; i++) {
      const row = strip + <usize> i * ldsBytes;
      const first = load<i32>(firsts + (<usize> (t + i) << 2));
      const stop = S - T + t + i + 1;
      const scale = softmaxRow(row, begin, first, stop, end, logs + (<usize> (t + i) << 2));
      scaleRow(row + (<usize> first << 2), stop - first, scale);
    }
    for (let j = 0; j < D; j += 8) {
      const panel = packedV + <usize> (j >> 3) * (<usize> (last - key0) << 5) + (<usize> (begin - key0) << 5);
      const to = out + <usize> t * ldq + (<usize> j << 2);
      microRows(end - begin, strip + (<usize> begin << 2), ldsBytes, panel, to, ldq, mr, min(8, D - j), false);
    }
  }
}

/**
 * Scores [first, stop) of a row become e^(score − largest), the rest of [begin, end) zeros.
 *
 * @returns 1 / their sum, by which they are still to be multiplied
 */
export function softmaxRow(row: usize, begin: i32, first: i32, stop: i32, end: i32, logOut: usize): f32 {
  const low = first & ~3, high = (stop + 3) & ~3;
  for (let s = low; s < first; s++) store<f32>(row + (<usize> s << 2), -Infinity);
  for (let s = stop; s < high; s++) store<f32>(row + (<usize> s << 2), -Infinity);
  const from = row + (<usize> low << 2), to = row + (<usize> high << 2);
  let tops = v128.load(from);
  for (let x = from + 16; x < to; x += 16) tops = f32x4.pmax(tops, v128.load(x));
  const top = max(
    max(f32x4.extract_lane(tops, 0), f32x4.extract_lane(tops, 1)),
    max(f32x4.extract_lane(tops, 2), f32x4.extract_lane(tops, 3)),
  );
  const topv = f32x4.splat(top);
  let sums = f32x4.splat(0);
  // What is masked adds e⁻⁸⁷ at most, which is nothing beside the largest score's 1.
  for (let x = from; x < to; x += 16) {
    const e = expBelow(f32x4.sub(v128.load(x), topv));
    v128.store(x, e);
    sums = f32x4.add(sums, e);
  }
  const sum = sumLanes(sums);
  zeroOutside(row, begin, first, stop, end);
  store<f32>(logOut, top + <f32> logs64(sum));
  return <f32> 1 / sum;
}

/** Zeros in [begin, first) and in [stop, end rounded up to a whole panel). */
// @ts-ignore: decorator
@inline
function zeroOutside(row: usize, begin: i32, first: i32, stop: i32, end: i32): void {
  zero(row + (<usize> begin << 2), <usize> (first - begin) << 2);
  zero(row + (<usize> stop << 2), <usize> (roundUp8(end) - stop) << 2);
}

/** Multiplies `n` numbers, a multiple of 4 in whole vectors and the rest one by one. */
export function scaleRow(x: usize, n: i32, factor: f32): void {
  const factors = f32x4.splat(factor);
  const whole = x + (<usize> (n & ~3) << 2), stop = x + (<usize> n << 2);
  for (; x < whole; x += 16) v128.store(x, f32x4.mul(v128.load(x), factors));
  for (; x < stop; x += 4) store<f32>(x, load<f32>(x) * factor);
}

/** One task: one key-value head of one sequence, with all query heads that read it. */
export function attentionGradTask(task: i32): void {
  const T = arg(6), S = arg(7), H = arg(8), G = arg(9), D = arg(10);
  const scale = argf(11);
  const batch = task / G, g = task % G, group = H / G;
  const ldq = <usize> (H * D) << 2, ldk = <usize> (G * D) << 2;
  const kvOffset = <usize> batch * <usize> S * ldk + (<usize> (g * D) << 2);
  const k = at(1) + kvOffset, v = at(2) + kvOffset, dk = at(14) + kvOffset, dv = at(15) + kvOffset;
  const firsts = at(5) + (<usize> batch * <usize> T << 2);
  const ldS = roundUp8(S) + 8;
  const lds = <usize> ldS << 2;
  const keyBytes = <usize> (roundUp8(S) * D) << 2;
  const packedK = scratch() + 256;
  const packedV = packedK + keyBytes;
  const rowsK = packedV + keyBytes;
  const packedQ = rowsK + (<usize> (roundUp8(D) * S) << 2);
  const packedD = packedQ + (<usize> (roundUp8(D) * STRIP) << 2);
  const P = packedD + (<usize> (roundUp8(D) * STRIP) << 2);
  const dS = P + <usize> STRIP * lds;
  packKeys(k, ldk, S, D, packedK, scale);
  packKeys(v, ldk, S, D, packedV, 1);
  packValues(k, ldk, S, D, rowsK, scale);
  for (let s = 0; s < S; s++) {
    zero(dk + <usize> s * ldk, <usize> D << 2);
    zero(dv + <usize> s * ldk, <usize> D << 2);
  }
  for (let h = g * group; h < (g + 1) * group; h++) {
    const qOffset = <usize> batch * <usize> T * ldq + (<usize> (h * D) << 2);
    const q = at(0) + qOffset, out = at(3) + qOffset, dout = at(12) + qOffset, dq = at(13) + qOffset;
    const logs = at(4) + (<usize> (batch * H + h) * <usize> T << 2);
    for (let t = 0; t < T; t += STRIP) {
      const rows = min(STRIP, T - t);
      packValues(q + <usize> t * ldq, ldq, rows, D, packedQ, scale);
      packValues(dout + <usize> t * ldq, ldq, rows, D, packedD, 1);
      const begin = load<i32>(firsts + (<usize> t << 2)) & ~7;
      const stop = S - T + t + rows;
      for (let i = 0; i < rows; i += 6) {
        const mr = min(6, rows - i);
        const first = load<i32>(firsts + (<usize> (t + i) << 2)) & ~7;
        const end = S - T + t + i + mr;
        for (let s = first; s < end; s += 8) {
          const to = <usize> i * lds + (<usize> s << 2), panel = <usize> (s >> 3) * (<usize> D << 5);
          microRows(D, q + <usize> (t + i) * ldq, ldq, packedK + panel, P + to, lds, mr, 8, false);
          microRows(D, dout + <usize> (t + i) * ldq, ldq, packedV + panel, dS + to, lds, mr, 8, false);
        }
        for (let r = i; r < i + mr; r++) {
          const from = <usize> (t + r) * ldq;
          const delta = dot(out + from, dout + from, D);
          const log = load<f32>(logs + (<usize> (t + r) << 2));
          const firstKey = load<i32>(firsts + (<usize> (t + r) << 2));
          gradRow(P + <usize> r * lds, dS + <usize> r * lds, begin, firstKey, S - T + t + r + 1, stop, log, delta);
        }
        for (let j = 0; j < D; j += 8) {
          const panel = rowsK + <usize> (j >> 3) * (<usize> S << 5) + (<usize> first << 5);
          const to = dq + <usize> (t + i) * ldq + (<usize> j << 2);
          const from = dS + <usize> i * lds + (<usize> first << 2);
          microRows(end - first, from, lds, panel, to, ldq, mr, min(8, D - j), false);
        }
      }
      for (let s = begin; s < stop; s += 6) {
        const mr = min(6, stop - s);
        for (let j = 0; j < D; j += 8) {
          const panel = <usize> (j >> 3) * (<usize> rows << 5);
          const to = <usize> s * ldk + (<usize> j << 2), nr = min(8, D - j);
          microColumns(rows, P + (<usize> s << 2), lds, packedD + panel, dv + to, ldk, mr, nr, true);
          microColumns(rows, dS + (<usize> s << 2), lds, packedQ + panel, dk + to, ldk, mr, nr, true);
        }
      }
    }
  }
}

/** Scores become probabilities and dP becomes dS in [first, stop); both are zeros in the rest of [begin, end). */
export function gradRow(
  P: usize,
  dS: usize,
  begin: i32,
  first: i32,
  stop: i32,
  end: i32,
  log: f32,
  delta: f32,
): void {
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
