// C = A·B for a batch. Every element of C adds its products in the same order of k, whichever tile, task or thread
// computes it.
import {
  A_STEP_BYTES, B_STEP_BYTES, GemmArguments, InnerArguments, K_RUN, PackArguments, PANEL_COLUMNS, TILE_COLUMNS,
  TILE_ROWS,
} from "./generated/layout";
import { multiplyPacked } from "./generated/tiles";
import { madd, sumLanes } from "./math";
import { packFromColumns, packFromRows, packSixColumns, packSixRows } from "./pack";
import { scratch } from "./thread";

/** Job: packs all panels of B. */
export function packTask(args: PackArguments, task: i32): void {
  const ld = args.ldb, transposed = args.transposed, K = args.K, N = args.N;
  const tasks = args.tasksPerMatrix, perTask = args.panelsPerTask;
  const matrix = task / tasks;
  const panels = (N + PANEL_COLUMNS - 1) / PANEL_COLUMNS;
  const panelBytes = <usize> K * B_STEP_BYTES;
  const b = args.b + <usize> matrix * args.matrixBytes;
  const packed = args.packed + <usize> (matrix * panels) * panelBytes;
  const begin = (task % tasks) * perTask;
  const end = min(begin + perTask, panels);
  for (let p = begin; p < end; p++) {
    for (let half = 0; half < 2; half++) {
      const column = p * PANEL_COLUMNS + TILE_COLUMNS * half;
      const columns = max(0, min(TILE_COLUMNS, N - column));
      const to = packed + <usize> p * panelBytes + <usize> half * (B_STEP_BYTES / 2);
      if (transposed) packFromColumns(b + <usize> column * ld, ld, K, columns, to, B_STEP_BYTES);
      else packFromRows(b + (<usize> column << 2), ld, K, columns, to, B_STEP_BYTES);
    }
  }
}

/** Job: tiles of C. K_RUN steps of a panel of B (24 KiB) stay in the first-level cache. */
export function gemmTask(args: GemmArguments, task: i32): void {
  const lda = args.lda, transposed = args.transposed, M = args.M, N = args.N, K = args.K;
  const rows = args.rowsPerTask, panels = args.panelsPerTask;
  const tasksN = args.tasksAlongN, perMatrix = args.tasksPerMatrix;
  const matrix = task / perMatrix;
  const tile = task % perMatrix;
  const a = args.a + <usize> matrix * args.bytesA;
  const b = args.packed + <usize> matrix * args.bytesPacked;
  const c = args.c + <usize> matrix * args.bytesC;
  const ldc = <usize> N << 2;
  const m0 = (tile / tasksN) * rows;
  const m1 = min(m0 + rows, M);
  const p0 = (tile % tasksN) * panels;
  const p1 = min(p0 + panels, (N + PANEL_COLUMNS - 1) / PANEL_COLUMNS);
  const packed = scratch() + args.packedA, addToC = args.add != 0;
  for (let k0 = 0; k0 < K; k0 += K_RUN) {
    const kc = min(K_RUN, K - k0);
    const add = k0 > 0 || addToC;
    const tileBytes = <usize> kc * A_STEP_BYTES;
    let to = packed;
    for (let m = m0; m < m1; m += TILE_ROWS) {
      const mr = min(TILE_ROWS, M - m);
      if (transposed) packSixColumns(a + <usize> k0 * lda + (<usize> m << 2), lda, kc, mr, to);
      else packSixRows(a + <usize> m * lda + (<usize> k0 << 2), lda, kc, mr, to);
      to += tileBytes;
    }
    for (let p = p0; p < p1; p++) {
      const panel = b + <usize> p * (<usize> K * B_STEP_BYTES) + <usize> k0 * B_STEP_BYTES;
      const last = min(N, (p + 1) * PANEL_COLUMNS);
      let half = panel;
      for (let n = p * PANEL_COLUMNS; n < last; n += TILE_COLUMNS) {
        const column = c + (<usize> n << 2), nr = min(TILE_COLUMNS, N - n);
        let from = packed;
        for (let m = m0; m < m1; m += TILE_ROWS) {
          multiplyPacked(kc, from, half, column + <usize> m * ldc, ldc, min(TILE_ROWS, M - m), nr, add);
          from += tileBytes;
        }
        half += B_STEP_BYTES / 2;
      }
    }
  }
}

/** Job: y = x·wᵀ for few rows. */
export function innerTask(args: InnerArguments, task: i32): void {
  const M = args.M, N = args.N, K = args.K;
  const bytes = <usize> K << 2;
  const begin = task * args.columnsPerTask, end = min(begin + args.columnsPerTask, N);
  for (let n = begin; n < end; n++) {
    const w = args.w + <usize> n * bytes;
    for (let m = 0; m < M; m++) {
      const x = args.x + <usize> m * bytes;
      store<f32>(args.y + (<usize> (m * N + n) << 2), inner(x, w, bytes));
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
