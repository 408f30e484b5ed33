// The native kernels (../native) as the jobs call them: packing, runs of tiles that keep what they read in caches, and
// what is made of exponentials.
import { arg, scratch } from "./control";
import { sumLanes } from "./math";
import { packFromColumns } from "./pack";

/**
 * A native kernel on the arguments at this address (native/tiles.ts and packing.ts say where each is): 0 and 1 pack
 * panels of B and tiles of A, 2 turns squares of eight, 3 to 8 are softmax, its gradient, SwiGLU, its gradient, a row's
 * largest and sums, and scaled exponentials, tiles of C are `2·rows + 7`, one more where A is transposed; what AMX has
 * comes after those (amx.ts). Absent where there are none, and never called then.
 */
// @ts-ignore: decorator
@external("env", "native")
declare function native(args: f64, kernel: i32): void;

/** What the main thread writes once: the memory's address in the process, rows of a tile (0: no kernels), columns. */
const BASE: usize = 528, TILE_ROWS: usize = 536, TILE_COLUMNS: usize = 540;
/** Each thread's arguments of a call; the last 64 bytes are control.ts's. */
export const CALLS: usize = 4096, CALL_BYTES: usize = 512;
/** Where in them those of the packing kernels are. */
const PACKING: usize = 256;
const PANEL: i32 = 0, TILES: i32 = 1, TURN: i32 = 2, SOFTMAX: i32 = 3, SOFTMAX_GRAD: i32 = 4;
const SUMS: i32 = 7, SCALED: i32 = 8;
export const SWIGLU: i32 = 5, SWIGLU_GRAD: i32 = 6;

/** k are taken in runs of this many, as in gemm.ts: the sums are the same bits. */
const KC: i32 = 384;
/** Bytes that packing may write beyond a tile. */
const VECTOR: usize = 64;
/** Tiles of a block of A's rows. */
const BLOCK_TILES: i32 = 8;
/** Packed B that is read over and over while A goes by: half of a usual second-level cache. */
const KEPT: usize = 1 << 19;

let call: usize = 0;

export function setCallRoom(thread: i32): void {
  call = CALLS + <usize> thread * CALL_BYTES;
}

/** Columns of a panel; 0 where there are no native kernels. */
export function panelColumns(): i32 {
  return load<i32>(TILE_COLUMNS);
}

// @ts-ignore: decorator
@inline
export function absolute(address: usize): u64 {
  return load<u64>(BASE) + <u64> address;
}

/** Where this thread's arguments of a call are: of products, and of packing. */
// @ts-ignore: decorator
@inline
export function callRoom(): usize {
  return call;
}

// @ts-ignore: decorator
@inline
export function packingRoom(): usize {
  return call + PACKING;
}

export function callNative(args: usize, kernel: i32): void {
  native(<f64> absolute(args), kernel);
}

/** Rows of the tallest tile. */
// @ts-ignore: decorator
@inline
export function tileRowsMost(): i32 {
  return load<i32>(TILE_ROWS);
}

/**
 * Panels of B `[K, N]`, one after the other, rows of a panel after each other, zeros beyond the edge.
 *
 * @param ld bytes from a row to the next; of B transposed, from a column to the next
 */
export function packPanels(b: usize, ld: usize, transposed: bool, K: i32, N: i32, dst: usize): void {
  const wide = load<i32>(TILE_COLUMNS);
  const stride = <usize> wide << 2;
  for (let p = 0; p < N; p += wide) {
    const columns = min(wide, N - p);
    if (transposed) packColumns(b + <usize> p * ld, ld, K, columns, wide, dst, stride);
    else {
      writeMask(call + PACKING + 40, columns);
      pack(PANEL, b + (<usize> p << 2), ld, dst, stride, K);
    }
    dst += <usize> K * stride;
  }
}

/** A panel of B from a matrix stored transposed, zeros from `columns` on. */
function packColumns(b: usize, ld: usize, K: i32, columns: i32, wide: i32, dst: usize, stride: usize): void {
  const groups = K >= 8 ? columns / 8 : 0, whole = K & ~7;
  if (groups > 0) {
    store<u64>(call + PACKING, groups, 104);
    pack(TURN, b, ld, dst, stride, K / 8);
  }
  for (let j = 0; j < wide; j += 8) {
    const k = j < 8 * groups ? whole : 0;
    if (k == K) continue;
    const from = b + <usize> j * ld + (<usize> k << 2), to = dst + (<usize> j << 2) + <usize> k * stride;
    packFromColumns(from, ld, K - k, max(0, min(8, columns - j)), to, stride);
  }
}

function pack(kernel: i32, from: usize, ld: usize, to: usize, step: usize, count: i32): void {
  const args = call + PACKING;
  store<u64>(args, absolute(from));
  store<u64>(args, ld, 8);
  store<u64>(args, absolute(to), 16);
  store<u64>(args, step, 24);
  store<u64>(args, count, 32);
  native(<f64> absolute(args), kernel);
}

/**
 * C `[M, N]` = alpha·A·B + `addend` (as C lies; 0: nothing) of packed B, `step` bytes from one panel to the next. Blocks of
 * A's rows go by packed B in the second-level cache; A that is stored transposed is packed, too, in `aside`: KC floats a
 * row, and a vector each tile.
 */
export function multiplyPacked(
  a: usize,
  lda: usize,
  transposed: bool,
  packed: usize,
  step: usize,
  c: usize,
  ldc: usize,
  M: i32,
  N: i32,
  K: i32,
  alpha: f32,
  addend: usize,
  aside: usize,
): void {
  const wide = load<i32>(TILE_COLUMNS), block = BLOCK_TILES * load<i32>(TILE_ROWS);
  const rowBytes = <usize> wide << 2;
  const panels = (N + wide - 1) / wide;
  const last = N - (panels - 1) * wide;
  store<u64>(call, step, 40);
  store<u64>(call, ldc, 64);
  store<f32>(call, alpha, 96);
  writeMask(call + 112, last);
  for (let k = 0; k < K; k += KC) {
    const kc = min(KC, K - k);
    const group = max(1, <i32> (KEPT / (<usize> kc * rowBytes)));
    store<u64>(call, kc, 80);
    // Rows without a gap between them are read ahead, tile by tile.
    store<u64>(call, lda == <usize> kc << 2 && !transposed ? 64 : 0, 184);
    // What is to be added is added with the first run of k; from then on C is.
    store<u64>(call, <u64> (addend != 0 || k > 0), 88);
    store<i64>(call, k > 0 ? 0 : <i64> <u64> addend - <i64> <u64> c, 176);
    for (let m = 0; m < M; m += block) {
      const height = min(block, M - m);
      const rows = tileRows(height);
      const whole = height / rows, rest = height % rows;
      let from = a + (transposed ? <usize> k * lda + (<usize> m << 2) : <usize> m * lda + (<usize> k << 2));
      let next = <usize> rows * lda, ld = lda;
      if (transposed) {
        next = (<usize> (rows * kc) << 2) + VECTOR;
        packTiles(from, lda, kc, rows, whole, aside, next);
        if (rest > 0) packTiles(from + (<usize> (whole * rows) << 2), lda, kc, rest, 1, aside + <usize> whole * next, next);
        from = aside;
      }
      for (let p = 0; p < panels; p += group) {
        const n = min(group, panels - p);
        store<u64>(call, absolute(packed + <usize> p * step + <usize> k * rowBytes), 32);
        store<u64>(call, n, 48);
        store<u64>(call, <u64> (p + n == panels && last < wide), 104);
        const to = c + <usize> m * ldc + <usize> p * rowBytes;
        if (transposed) ld = <usize> rows << 2;
        runTiles(from, ld, next, to, ldc, rows, whole, transposed);
        if (rest == 0) continue;
        if (transposed) ld = <usize> rest << 2;
        runTiles(from + <usize> whole * next, ld, 0, to + <usize> (whole * rows) * ldc, ldc, rest, 1, transposed);
      }
    }
  }
}

/** Rows of a tile, so that tiles of `height` rows are about equal. */
function tileRows(height: i32): i32 {
  const most = load<i32>(TILE_ROWS);
  const count = (height + most - 1) / most;
  return (height + count - 1) / count;
}

/**
 * A block of A that is stored transposed: tile after tile, what lies side by side in a step of k side by side.
 *
 * @param next bytes from one tile to the next
 */
function packTiles(a: usize, ld: usize, kc: i32, rows: i32, count: i32, dst: usize, next: usize): void {
  const args = call + PACKING;
  writeMask(args + 40, rows);
  store<u64>(args, count, 104);
  store<u64>(args, next, 112);
  pack(TILES, a, ld, dst, <usize> rows << 2, kc);
}

function runTiles(
  a: usize,
  lda: usize,
  next: usize,
  c: usize,
  ldc: usize,
  rows: i32,
  count: i32,
  transposed: bool,
): void {
  store<u64>(call, absolute(a));
  store<u64>(call, lda, 8);
  store<u64>(call, count, 16);
  store<u64>(call, next, 24);
  store<u64>(call, absolute(c), 56);
  store<u64>(call, <usize> rows * ldc, 72);
  native(<f64> absolute(call), 2 * rows + 7 + <i32> transposed);
}

/** Which columns of two vectors there are: a bit each for panels of 32, a word each for panels of 16. */
function writeMask(to: usize, columns: i32): void {
  if (load<i32>(TILE_COLUMNS) == 32) {
    const bits: u32 = columns >= 32 ? 0xffffffff : (1 << columns) - 1;
    store<u32>(to, bits & 0xffff);
    store<u32>(to, bits >> 16, 4);
    return;
  }
  for (let j = 0; j < 16; j++) store<i32>(to + (<usize> j << 2), j < columns ? -1 : 0);
}

/** Bytes from one packed panel of K rows to the next. */
export function panelBytes(K: i32): usize {
  return <usize> (K * load<i32>(TILE_COLUMNS)) << 2;
}

/** Bytes of K rows and N columns as packed panels; none without native kernels. */
export function packedBytes(K: i32, N: i32): usize {
  const wide = load<i32>(TILE_COLUMNS);
  if (wide == 0) return 0;
  return <usize> ((N + wide - 1) / wide) * panelBytes(K);
}

/** Bytes of a block of packed A of few steps of k ({@linkcode multiplyByPanels} says where that is needed). */
export function asideBytes(): usize {
  return <usize> BLOCK_TILES * (<usize> (64 * load<i32>(TILE_ROWS)) * 4 + VECTOR);
}

/**
 * One product of B that is packed; leading dimensions are in elements. `aside` takes a block of packed A where that is
 * transposed, of at most 64 steps of k.
 */
export function multiplyByPanels(
  transposed: bool,
  M: i32,
  N: i32,
  K: i32,
  alpha: f32,
  a: usize,
  lda: i32,
  packed: usize,
  step: usize,
  add: bool,
  c: usize,
  ldc: i32,
  aside: usize,
): void {
  const addend: usize = add ? c : 0;
  multiplyPacked(a, <usize> lda << 2, transposed, packed, step, c, <usize> ldc << 2, M, N, K, alpha, addend, aside);
}

/** Job: packs runs of panels. Argument 0: table, 24 bytes a task: b, its leading dimension in bytes, transposed, K, N, dst. */
export function packPanelsTask(task: i32): void {
  const t = <usize> arg(0) + <usize> task * 24;
  packPanels(load<u32>(t), load<u32>(t, 4), load<i32>(t, 8) != 0, load<i32>(t, 12), load<i32>(t, 16), load<u32>(t, 20));
}

/**
 * Job: parts of products. Argument 0: table, 40 bytes a task: a, its leading dimension in bytes, whether it is
 * transposed, packed B, c, its leading dimension in bytes, M, N, K, what is added (as C lies; 0: nothing).
 */
export function tilesTask(task: i32): void {
  const t = <usize> arg(0) + <usize> task * 40;
  multiplyPacked(
    load<u32>(t),
    load<u32>(t, 4),
    load<i32>(t, 8) != 0,
    load<u32>(t, 12),
    panelBytes(load<i32>(t, 32)),
    load<u32>(t, 16),
    load<u32>(t, 20),
    load<i32>(t, 24),
    load<i32>(t, 28),
    load<i32>(t, 32),
    1,
    load<u32>(t, 36),
    scratch(),
  );
}

/** SwiGLU or its gradient on whole arrays, up to 16 floats at a time. */
export function overArrays(kernel: i32, gate: usize, up: usize, a: usize, b: usize, c: usize, count: i32): void {
  const args = call + PACKING;
  store<u64>(args, absolute(gate));
  store<u64>(args, absolute(up), 8);
  store<u64>(args, absolute(a), 16);
  store<u64>(args, absolute(b), 24);
  store<u64>(args, absolute(c), 32);
  store<u64>(args, (count + 15) & ~15, 40);
  if (count > 0) native(<f64> absolute(args), kernel);
}

/** Bytes of a row of the table that the kernels on rows of scores read, and of what the softmax writes for each. */
export const ROW_BYTES: usize = 16, SUM_BYTES: usize = 128;

/** Scores to exponentials, row by row; each row's sums, in 16 parts, and 64 bytes on its largest score, go to `sums`. */
export function softmaxRows(strip: usize, step: usize, rows: i32, table: usize, sums: usize): void {
  overRows(SOFTMAX, strip, step, rows, table, sums);
}

/** P = exp(P − log) and dS = P · (dS − delta), row by row. */
export function gradRows(P: usize, dS: usize, step: usize, rows: i32, table: usize): void {
  overRows(SOFTMAX_GRAD, P, step, rows, table, dS);
}

/** The largest of `n` floats (a multiple of 16), and the sum of exponentials of what each is below it, in `sums`. */
export function sumRow(row: usize, n: i32, table: usize, sums: usize): void {
  store<i32>(table, 0);
  store<i32>(table, n << 2, 4);
  overRows(SUMS, row, 0, 1, table, sums);
}

/** `to` = exp(row − log) · factor, of `n` floats (a multiple of 16). */
export function scaledRow(row: usize, to: usize, n: i32, log: f32, factor: f32, table: usize): void {
  store<i32>(table, 0);
  store<i32>(table, n << 2, 4);
  store<f32>(table, log, 8);
  store<f32>(table, factor, 12);
  overRows(SCALED, row, 0, 1, table, to);
}

/** The sum of the 16 parts that a kernel wrote, always in the same order. */
export function sumParts(parts: usize): f32 {
  const low = f32x4.add(v128.load(parts), v128.load(parts, 16));
  return sumLanes(f32x4.add(low, f32x4.add(v128.load(parts, 32), v128.load(parts, 48))));
}

function overRows(kernel: i32, strip: usize, step: usize, rows: i32, table: usize, other: usize): void {
  const args = call + PACKING;
  store<u64>(args, absolute(strip));
  store<u64>(args, step, 8);
  store<u64>(args, rows, 16);
  store<u64>(args, absolute(table), 24);
  store<u64>(args, absolute(other), 32);
  native(<f64> absolute(args), kernel);
}
