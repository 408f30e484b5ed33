// C = A·B over a batch. Every element of C adds up its k in the same order whatever tile, task or thread it falls to.
import { arg, scratch } from "./control";
import { madd, sumLanes } from "./math";
import { packFromColumns, packFromRows, packSixColumns, packSixRows } from "./pack";
import { A_BYTES, B_BYTES, multiplyTile, PANEL_COLUMNS, TILE_BYTES, TILE_COLUMNS, TILE_ROWS } from "./tile";

/** k are taken in runs of this many, so that a panel of B (24 KiB then) stays in the first-level cache. */
const KC: i32 = 384;

/**
 * Job: packs all panels of B. Arguments: 0 b, 1 leading dimension in bytes, 2 whether it is stored transposed, 3 K, 4 N,
 * 5 dst, 6 panels per task, 7 bytes from one matrix of the batch to the next, 8 tasks per matrix.
 */
export function packTask(task: i32): void {
  const ld = <usize> arg(1);
  const transposed = arg(2);
  const K = arg(3);
  const N = arg(4);
  const perTask = arg(6);
  const tasks = arg(8);
  const matrix = task / tasks;
  const panels = (N + PANEL_COLUMNS - 1) / PANEL_COLUMNS;
  const panelBytes = <usize> K * B_BYTES;
  const b = <usize> arg(0) + <usize> matrix * <usize> arg(7);
  const dst = <usize> arg(5) + <usize> (matrix * panels) * panelBytes;
  const begin = (task % tasks) * perTask;
  const end = min(begin + perTask, panels);
  for (let p = begin; p < end; p++) {
    for (let half = 0; half < 2; half++) {
      const column = p * PANEL_COLUMNS + 8 * half;
      const columns = max(0, min(8, N - column));
      const to = dst + <usize> p * panelBytes + <usize> half * 32;
      if (transposed) packFromColumns(b + <usize> column * ld, ld, K, columns, to, B_BYTES);
      else packFromRows(b + (<usize> column << 2), ld, K, columns, to, B_BYTES);
    }
  }
}

/**
 * Job: tiles of C. Arguments: 0 a, 1 its leading dimension in bytes, 2 whether it is stored transposed, 3 packed B, 4 c,
 * 5 M, 6 N, 7 K, 8 rows per task (a multiple of 6), 9 panels per task, 10 tasks along N, 11 tasks per matrix,
 * 12 bytes from one A of the batch to the next, 13 the same of packed B, 14 the same of C, 15 whether C is added to.
 */
export function gemmTask(task: i32): void {
  const lda = <usize> arg(1);
  const transposed = arg(2);
  const M = arg(5);
  const N = arg(6);
  const K = arg(7);
  const rows = arg(8);
  const panels = arg(9);
  const tasksN = arg(10);
  const perMatrix = arg(11);
  const matrix = task / perMatrix;
  const tile = task % perMatrix;
  const a = <usize> arg(0) + <usize> matrix * <usize> arg(12);
  const b = <usize> arg(3) + <usize> matrix * <usize> arg(13);
  const c = <usize> arg(4) + <usize> matrix * <usize> arg(14);
  const ldc = <usize> N << 2;
  const m0 = (tile / tasksN) * rows;
  const m1 = min(m0 + rows, M);
  const p0 = (tile % tasksN) * panels;
  const p1 = min(p0 + panels, (N + PANEL_COLUMNS - 1) / PANEL_COLUMNS);
  const packed = scratch() + TILE_BYTES;
  for (let k0 = 0; k0 < K; k0 += KC) {
    const kc = min(KC, K - k0);
    const add = k0 > 0 || arg(15) != 0;
    const tileBytes = <usize> kc * A_BYTES;
    let to = packed;
    for (let m = m0; m < m1; m += TILE_ROWS) {
      const mr = min(TILE_ROWS, M - m);
      if (transposed) packSixColumns(a + <usize> k0 * lda + (<usize> m << 2), lda, kc, mr, to);
      else packSixRows(a + <usize> m * lda + (<usize> k0 << 2), lda, kc, mr, to);
      to += tileBytes;
    }
    for (let p = p0; p < p1; p++) {
      const panel = b + <usize> p * (<usize> K * B_BYTES) + <usize> k0 * B_BYTES;
      const last = min(N, (p + 1) * PANEL_COLUMNS);
      let half = panel;
      for (let n = p * PANEL_COLUMNS; n < last; n += TILE_COLUMNS) {
        const column = c + (<usize> n << 2), nr = min(TILE_COLUMNS, N - n);
        let from = packed;
        for (let m = m0; m < m1; m += TILE_ROWS) {
          multiplyTile(kc, from, half, column + <usize> m * ldc, ldc, min(TILE_ROWS, M - m), nr, add);
          from += tileBytes;
        }
        half += B_BYTES / 2;
      }
    }
  }
}

/**
 * Job for few rows, where packing would cost more than the product: y = x·Wᵀ by inner products. Arguments: 0 x `[M, K]`,
 * 1 w `[N, K]`, 2 y `[M, N]`, 3 M, 4 N, 5 K, 6 columns per task.
 */
export function innerTask(task: i32): void {
  const M = arg(3), N = arg(4), K = arg(5);
  const bytes = <usize> K << 2;
  const begin = task * arg(6), end = min(begin + arg(6), N);
  for (let n = begin; n < end; n++) {
    const w = <usize> arg(1) + <usize> n * bytes;
    for (let m = 0; m < M; m++) {
      const x = <usize> arg(0) + <usize> m * bytes;
      store<f32>(<usize> arg(2) + (<usize> (m * N + n) << 2), inner(x, w, bytes));
    }
  }
}

function inner(x: usize, w: usize, bytes: usize): f32 {
  const whole = bytes & ~63;
  let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
  let i: usize = 0;
  for (; i < whole; i += 64) {
    s0 = madd(v128.load(x + i), v128.load(w + i), s0);
    s1 = madd(v128.load(x + i, 16), v128.load(w + i, 16), s1);
    s2 = madd(v128.load(x + i, 32), v128.load(w + i, 32), s2);
    s3 = madd(v128.load(x + i, 48), v128.load(w + i, 48), s3);
  }
  let sum = sumLanes(f32x4.add(f32x4.add(s0, s2), f32x4.add(s1, s3)));
  for (; i < bytes; i += 4) sum += load<f32>(x + i) * load<f32>(w + i);
  return sum;
}
