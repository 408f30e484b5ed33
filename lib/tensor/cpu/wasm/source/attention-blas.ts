// Causal attention whose products go to the native tile kernels or the system's BLAS: strips of queries, whose scores are
// the most that is kept.
import { dot, gradRow, scaleRow, softmaxRow } from "./attention";
import { sgemm } from "./blas";
import { arg, argf, scratch } from "./control";
import { logs as logs64 } from "./math";
import {
  asideBytes,
  gradRows,
  multiplyByPanels,
  packedBytes,
  packPanels,
  panelBytes,
  panelColumns,
  ROW_BYTES,
  softmaxRows,
  SUM_BYTES,
  sumParts,
} from "./native";
import { zero } from "./zero";

/** Queries in one strip: few enough that little lies beyond the diagonal, enough for a product that is worth a call. */
const STRIP: i32 = 48;

const NN: i32 = 0, TN: i32 = 1, NT: i32 = 2;

// Arguments of both jobs: as in attention.ts.

// @ts-ignore: decorator
@inline
function at(index: i32): usize {
  return <usize> arg(index);
}

// @ts-ignore: decorator
@inline
function roundUp16(n: i32): i32 {
  return (n + 15) & ~15;
}

/** The first key of a strip's scores: all keys before `first` are of other documents. Panels begin at whole ones. */
// @ts-ignore: decorator
@inline
function beginOf(first: i32): i32 {
  return first & ~(max(8, panelColumns()) - 1);
}

/** `C = alpha·A·Bᵀ` of rows `begin` to `begin + n` of B, whose panels, if there are any, lie at `turned`. */
// @ts-ignore: decorator
@inline
function byRows(
  M: i32,
  n: i32,
  D: i32,
  alpha: f32,
  a: usize,
  lda: i32,
  b: usize,
  ldb: i32,
  turned: usize,
  begin: i32,
  c: usize,
  ldc: i32,
  aside: usize,
): void {
  if (panelColumns() != 0) {
    const step = panelBytes(D);
    const from = turned + <usize> (begin / panelColumns()) * step;
    multiplyByPanels(false, M, n, D, alpha, a, lda, from, step, false, c, ldc, aside);
  } else {
    const from = b + (<usize> begin * <usize> ldb << 2);
    sgemm(NT, M, n, D, alpha, <f64> a, lda, <f64> from, ldb, 0, <f64> c, ldc);
  }
}

/** `C = alpha·A·B` of rows `begin` to `begin + n` of B, of which there are S; its panels lie at `panels`. */
// @ts-ignore: decorator
@inline
function byColumns(
  M: i32,
  n: i32,
  D: i32,
  alpha: f32,
  a: usize,
  lda: i32,
  b: usize,
  ldb: i32,
  panels: usize,
  S: i32,
  begin: i32,
  c: usize,
  ldc: i32,
  aside: usize,
): void {
  if (panelColumns() != 0) {
    const from = panels + panelBytes(begin);
    multiplyByPanels(false, M, D, n, alpha, a, lda, from, panelBytes(S), false, c, ldc, aside);
  } else {
    const from = b + (<usize> begin * <usize> ldb << 2);
    sgemm(NN, M, D, n, alpha, <f64> a, lda, <f64> from, ldb, 0, <f64> c, ldc);
  }
}

/** `C += alpha·Aᵀ·B`, `rows` of A and of B; its panels lie at `panels`. */
// @ts-ignore: decorator
@inline
function addByColumns(
  n: i32,
  D: i32,
  rows: i32,
  alpha: f32,
  a: usize,
  lda: i32,
  b: usize,
  ldb: i32,
  panels: usize,
  c: usize,
  ldc: i32,
  aside: usize,
): void {
  if (panelColumns() != 0) {
    packPanels(b, <usize> ldb << 2, false, rows, D, panels);
    multiplyByPanels(true, n, D, rows, alpha, a, lda, panels, panelBytes(rows), true, c, ldc, aside);
  } else sgemm(TN, n, D, rows, alpha, <f64> a, lda, <f64> b, ldb, 1, <f64> c, ldc);
}

/** An entry of the native kernels' table: whole vectors around what counts of a row, and two numbers. */
// @ts-ignore: decorator
@inline
function writeRow(table: usize, i: i32, first: i32, stop: i32, a: f32, b: f32): void {
  const entry = table + <usize> i * ROW_BYTES;
  store<i32>(entry, (first & ~15) << 2);
  store<i32>(entry, roundUp16(stop) << 2, 4);
  store<f32>(entry, a, 8);
  store<f32>(entry, b, 12);
}

/** A row outside of what counts: −∞ up to whole vectors before the softmax, zeros after it. */
// @ts-ignore: decorator
@inline
function fillOutside(row: usize, from: i32, first: i32, stop: i32, to: i32, value: f32): void {
  fillRun(row + (<usize> from << 2), first - from, value);
  fillRun(row + (<usize> stop << 2), to - stop, value);
}

// @ts-ignore: decorator
@inline
function fillRun(at: usize, count: i32, value: f32): void {
  const four = f32x4.splat(value);
  for (; count >= 4; count -= 4, at += 16) v128.store(at, four);
  for (; count > 0; count--, at += 4) store<f32>(at, value);
}

/** Softmax of a strip of scores by the native kernel; row i's keys are from its document's first to `diagonal + i`. */
function softmaxStrip(
  strip: usize,
  lds: i32,
  rows: i32,
  firsts: usize,
  begin: i32,
  diagonal: i32,
  n: i32,
  logs: usize,
  scales: usize,
  table: usize,
): void {
  const step = <usize> lds << 2, sums = table + <usize> STRIP * ROW_BYTES;
  for (let i = 0; i < rows; i++) {
    const first = load<i32>(firsts + (<usize> i << 2)) - begin, stop = diagonal + i;
    fillOutside(strip + <usize> i * step, first & ~15, first, stop, roundUp16(stop), -Infinity);
    writeRow(table, i, first, stop, 0, 0);
  }
  softmaxRows(strip, step, rows, table, sums);
  for (let i = 0; i < rows; i++) {
    const first = load<i32>(firsts + (<usize> i << 2)) - begin;
    const parts = sums + <usize> i * SUM_BYTES;
    const sum = sumParts(parts);
    fillOutside(strip + <usize> i * step, 0, first, diagonal + i, n, 0);
    store<f32>(logs + (<usize> i << 2), load<f32>(parts, 64) + <f32> logs64(sum));
    store<f32>(scales + (<usize> i << 2), <f32> 1 / sum);
  }
}

function gradStrip(
  P: usize,
  dS: usize,
  lds: i32,
  rows: i32,
  n: i32,
  table: usize,
  firsts: usize,
  begin: i32,
  diagonal: i32,
): void {
  const step = <usize> lds << 2;
  gradRows(P, dS, step, rows, table);
  for (let i = 0; i < rows; i++) {
    const first = load<i32>(firsts + (<usize> i << 2)) - begin;
    fillOutside(P + <usize> i * step, 0, first, diagonal + i, n, 0);
    fillOutside(dS + <usize> i * step, 0, first, diagonal + i, n, 0);
  }
}

/** One task: a run of queries of one head. */
export function attentionBlasTask(task: i32): void {
  const T = arg(6), S = arg(7), H = arg(8), G = arg(9), D = arg(10);
  const perTask = arg(12), tasks = arg(13);
  const head = task / tasks;
  const batch = head / H, h = head % H, g = h / (H / G);
  const ldq = H * D, ldk = G * D;
  const qOffset = (<usize> batch * <usize> (T * ldq) + <usize> (h * D)) << 2;
  const kOffset = (<usize> batch * <usize> (S * ldk) + <usize> (g * D)) << 2;
  const q = at(0) + qOffset, out = at(3) + qOffset, k = at(1) + kOffset, v = at(2) + kOffset;
  const logs = at(4) + (<usize> head * <usize> T << 2);
  const firsts = at(5) + (<usize> batch * <usize> T << 2);
  const t0 = (task % tasks) * perTask, t1 = min(t0 + perTask, T);
  const lds = roundUp16(S) + 16;
  const scales = scratch(); // STRIP floats
  const strip = scratch() + 256;
  const keys = strip + (<usize> (STRIP * lds) << 2), values = keys + packedBytes(D, S);
  const aside = values + packedBytes(S, D), table = aside + asideBytes();
  if (panelColumns() != 0) {
    packPanels(k, <usize> ldk << 2, true, D, S, keys);
    packPanels(v, <usize> ldk << 2, false, S, D, values);
  }
  for (let t = t0; t < t1; t += STRIP) {
    const rows = min(STRIP, t1 - t);
    const begin = beginOf(load<i32>(firsts + (<usize> t << 2)));
    const n = S - T + t + rows - begin;
    const queries = <usize> t * <usize> ldq << 2;
    byRows(rows, n, D, argf(11), q + queries, ldq, k, ldk, keys, begin, strip, lds, aside);
    const from = firsts + (<usize> t << 2), to = logs + (<usize> t << 2), diagonal = S - T + t + 1 - begin;
    if (panelColumns() != 0) softmaxStrip(strip, lds, rows, from, begin, diagonal, n, to, scales, table);
    else {
      for (let i = 0; i < rows; i++) {
        const row = strip + (<usize> i * <usize> lds << 2);
        const first = load<i32>(from + (<usize> i << 2)) - begin;
        const scale = softmaxRow(row, 0, first, diagonal + i, n, to + (<usize> i << 2));
        store<f32>(scales + (<usize> i << 2), scale);
      }
    }
    byColumns(rows, n, D, 1, strip, lds, v, ldk, values, S, begin, out + queries, ldq, aside);
    for (let i = 0; i < rows; i++) {
      scaleRow(out + queries + (<usize> (i * ldq) << 2), D, load<f32>(scales + (<usize> i << 2)));
    }
  }
}

/** One task: one key-value head of one sequence, with all query heads that read it. */
export function attentionBlasGradTask(task: i32): void {
  const T = arg(6), S = arg(7), H = arg(8), G = arg(9), D = arg(10);
  const scale = argf(11);
  const batch = task / G, g = task % G, group = H / G;
  const ldq = H * D, ldk = G * D;
  const kOffset = (<usize> batch * <usize> (S * ldk) + <usize> (g * D)) << 2;
  const k = at(1) + kOffset, v = at(2) + kOffset, dk = at(14) + kOffset, dv = at(15) + kOffset;
  const firsts = at(5) + (<usize> batch * <usize> T << 2);
  const lds = roundUp16(S) + 16;
  const P = scratch() + 256;
  const dS = P + (<usize> (STRIP * lds) << 2);
  const keys = dS + (<usize> (STRIP * lds) << 2), values = keys + packedBytes(D, S);
  const keyRows = values + packedBytes(D, S), panels = keyRows + packedBytes(S, D);
  const aside = panels + packedBytes(STRIP, D), table = aside + asideBytes();
  if (panelColumns() != 0) {
    packPanels(k, <usize> ldk << 2, true, D, S, keys);
    packPanels(v, <usize> ldk << 2, true, D, S, values);
    packPanels(k, <usize> ldk << 2, false, S, D, keyRows);
  }
  for (let s = 0; s < S; s++) {
    zero(dk + (<usize> s * <usize> ldk << 2), <usize> D << 2);
    zero(dv + (<usize> s * <usize> ldk << 2), <usize> D << 2);
  }
  for (let h = g * group; h < (g + 1) * group; h++) {
    const qOffset = (<usize> batch * <usize> (T * ldq) + <usize> (h * D)) << 2;
    const logs = at(4) + (<usize> (batch * H + h) * <usize> T << 2);
    for (let t = 0; t < T; t += STRIP) {
      const rows = min(STRIP, T - t);
      const begin = beginOf(load<i32>(firsts + (<usize> t << 2)));
      const n = S - T + t + rows - begin;
      const from = qOffset + (<usize> t * <usize> ldq << 2), offset = <usize> begin * <usize> ldk << 2;
      const q = at(0) + from, dout = at(12) + from, dq = at(13) + from;
      byRows(rows, n, D, scale, q, ldq, k, ldk, keys, begin, P, lds, aside);
      byRows(rows, n, D, 1, dout, ldq, v, ldk, values, begin, dS, lds, aside);
      for (let i = 0; i < rows; i++) {
        const row = from + (<usize> i * <usize> ldq << 2), place = <usize> i * <usize> lds << 2;
        const delta = dot(at(3) + row, at(12) + row, D);
        const log = load<f32>(logs + (<usize> (t + i) << 2));
        const first = load<i32>(firsts + (<usize> (t + i) << 2)) - begin, stop = S - T + t + i + 1 - begin;
        if (panelColumns() == 0) gradRow(P + place, dS + place, 0, first, stop, n, log, delta);
        else writeRow(table, i, first, stop, log, delta);
      }
      if (panelColumns() != 0) gradStrip(P, dS, lds, rows, n, table, firsts + (<usize> t << 2), begin, S - T + t + 1 - begin);
      byColumns(rows, n, D, scale, dS, lds, k, ldk, keyRows, S, begin, dq, ldq, aside);
      addByColumns(n, D, rows, 1, P, lds, dout, ldq, panels, dv + offset, ldk, aside);
      addByColumns(n, D, rows, scale, dS, lds, q, ldq, panels, dk + offset, ldk, aside);
    }
  }
}
