// Products by the native tile kernels (native/tiles.ts): packing, and runs of tiles that keep what they read in caches.
import { arg } from "./control";
import { packFromColumns, packFromRows } from "./pack";

/**
 * Tiles of C on the arguments at this address (native/tiles.ts says where each is): kernel `2·(rows − 1) + transposed`.
 * Absent where there are none, and never called then.
 */
// @ts-ignore: decorator
@external("env", "tiles")
declare function tiles(args: f64, kernel: i32): void;

/** What the main thread writes once: the memory's address in the process, rows of a tile (0: no kernels), columns. */
const BASE: usize = 528, TILE_ROWS: usize = 536, TILE_COLUMNS: usize = 540;
/** Each thread's arguments of a call. */
const CALLS: usize = 4096, CALL_BYTES: usize = 256;

/** k are taken in runs of this many, as in gemm.ts: the sums are the same bits. */
const KC: i32 = 384;
/** Packed B that is read over and over while A goes by: half of a usual second-level cache. */
const KEPT: usize = 1 << 19;

let call: usize = 0;

export function setCallRoom(thread: i32): void {
  call = CALLS + <usize> thread * CALL_BYTES;
}

export function hasTiles(): bool {
  return load<i32>(TILE_ROWS) != 0;
}

// @ts-ignore: decorator
@inline
function absolute(address: usize): u64 {
  return load<u64>(BASE) + <u64> address;
}

/**
 * Panels of B `[K, N]`, one after the other, rows of a panel after each other, zeros beyond the edge.
 *
 * @param ld bytes from a row to the next; of B transposed, from a column to the next
 */
function packPanels(b: usize, ld: usize, transposed: bool, K: i32, N: i32, dst: usize): void {
  const wide = load<i32>(TILE_COLUMNS);
  const stride = <usize> wide << 2;
  for (let p = 0; p < N; p += wide) {
    for (let j = 0; j < wide; j += 8) {
      const columns = max(0, min(8, N - p - j));
      const to = dst + (<usize> j << 2);
      if (transposed) packFromColumns(b + <usize> (p + j) * ld, ld, K, columns, to, stride);
      else packFromRows(b + (<usize> (p + j) << 2), ld, K, columns, to, stride);
    }
    dst += <usize> K * stride;
  }
}

/** C `[M, N]` (+)= alpha·A·B of packed B, all bytes between rows and panels given. */
function multiplyPacked(
  a: usize,
  lda: usize,
  transposed: bool,
  packed: usize,
  c: usize,
  ldc: usize,
  M: i32,
  N: i32,
  K: i32,
  alpha: f32,
  add: bool,
): void {
  const most = load<i32>(TILE_ROWS), wide = load<i32>(TILE_COLUMNS);
  const rowBytes = <usize> wide << 2, step = <usize> K * rowBytes;
  const count = (M + most - 1) / most;
  const rows = (M + count - 1) / count;
  const whole = M / rows, rest = M % rows;
  const panels = (N + wide - 1) / wide;
  const last = N - (panels - 1) * wide;
  store<u64>(call, lda, 8);
  store<u64>(call, step, 40);
  store<u64>(call, ldc, 64);
  store<f32>(call, alpha, 96);
  writeMask(last);
  for (let k = 0; k < K; k += KC) {
    const kc = min(KC, K - k);
    store<u64>(call, kc, 80);
    store<u64>(call, <u64> (add || k > 0), 88);
    const from = a + (transposed ? <usize> k * lda : <usize> k << 2);
    const group = max(1, <i32> (KEPT / (<usize> kc * rowBytes)));
    for (let p = 0; p < panels; p += group) {
      const n = min(group, panels - p);
      store<u64>(call, absolute(packed + <usize> p * step + <usize> k * rowBytes), 32);
      store<u64>(call, n, 48);
      store<u64>(call, <u64> (p + n == panels && last < wide), 104);
      const to = c + <usize> p * rowBytes;
      runTiles(from, to, lda, ldc, rows, whole, transposed);
      if (rest == 0) continue;
      const row = <usize> (whole * rows);
      runTiles(from + row * (transposed ? 4 : lda), to + row * ldc, lda, ldc, rest, 1, transposed);
    }
  }
}

function runTiles(a: usize, c: usize, lda: usize, ldc: usize, rows: i32, count: i32, transposed: bool): void {
  store<u64>(call, absolute(a));
  store<u64>(call, count, 16);
  store<u64>(call, <usize> rows * (transposed ? 4 : lda), 24);
  store<u64>(call, absolute(c), 56);
  store<u64>(call, <usize> rows * ldc, 72);
  tiles(<f64> absolute(call), 2 * (rows - 1) + <i32> transposed);
}

/** Which columns of the last panel there are: a bit each for panels of 32, a word each for panels of 16. */
function writeMask(columns: i32): void {
  if (load<i32>(TILE_COLUMNS) == 32) {
    const bits: u32 = columns >= 32 ? 0xffffffff : (1 << columns) - 1;
    store<u32>(call, bits & 0xffff, 112);
    store<u32>(call, bits >> 16, 116);
    return;
  }
  for (let j = 0; j < 16; j++) store<i32>(call + (<usize> j << 2), j < columns ? -1 : 0, 112);
}

/** One product; `room` takes all of packed B. Leading dimensions are in elements, beta is 0 or 1. */
export function multiplyByTiles(
  transposed: i32,
  M: i32,
  N: i32,
  K: i32,
  alpha: f32,
  a: usize,
  lda: i32,
  b: usize,
  ldb: i32,
  add: bool,
  c: usize,
  ldc: i32,
  room: usize,
): void {
  packPanels(b, <usize> ldb << 2, (transposed & 2) != 0, K, N, room);
  multiplyPacked(a, <usize> lda << 2, (transposed & 1) != 0, room, c, <usize> ldc << 2, M, N, K, alpha, add);
}

/** Job: packs runs of panels. Argument 0: table, 24 bytes a task: b, its leading dimension in bytes, transposed, K, N, dst. */
export function packPanelsTask(task: i32): void {
  const t = <usize> arg(0) + <usize> task * 24;
  packPanels(load<u32>(t), load<u32>(t, 4), load<i32>(t, 8) != 0, load<i32>(t, 12), load<i32>(t, 16), load<u32>(t, 20));
}

/**
 * Job: parts of products. Argument 0: table, 40 bytes a task: a, its leading dimension in bytes, bits (1: A is
 * transposed, 2: C is added to), packed B, c, its leading dimension in bytes, M, N, K.
 */
export function tilesTask(task: i32): void {
  const t = <usize> arg(0) + <usize> task * 40;
  const bits = load<i32>(t, 8);
  multiplyPacked(
    load<u32>(t),
    load<u32>(t, 4),
    (bits & 1) != 0,
    load<u32>(t, 12),
    load<u32>(t, 16),
    load<u32>(t, 20),
    load<i32>(t, 24),
    load<i32>(t, 28),
    load<i32>(t, 32),
    1,
    (bits & 2) != 0,
  );
}
