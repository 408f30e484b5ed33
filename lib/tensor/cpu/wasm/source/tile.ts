// The matrix products' inner loop: a 6×8 tile of C in 12 vectors, which leaves the other registers to A and B. Sums of a
// larger tile go by way of the stack: a tenth faster at best, a third slower once V8 has compiled what is above it anew. One
// load brings four elements of A, and one of them, spread by a shuffle, meets two vectors of B: V8 checks the bounds of
// every access, so that what counts is few loads.
import { scratch } from "./control";
import { madd } from "./math";

/** Rows and columns of a tile. */
export const TILE_ROWS: i32 = 6;
export const TILE_COLUMNS: i32 = 8;
/** Columns of a packed panel of B: two tiles. */
export const PANEL_COLUMNS: i32 = 16;
/** Bytes of a packed A for one k: six elements and a gap. */
export const A_BYTES: usize = 32;
/** Bytes of a packed panel of B for one k. */
export const B_BYTES: usize = 64;
/** Bytes of each scratch room that tiles at the edge of C take. */
export const TILE_BYTES: usize = 192;

/**
 * `C = A·B`, or `C + A·B` if `add`, for a packed panel of A and half of one of B over `kc` steps.
 *
 * @param ldc bytes from one row of C to the next
 * @param mr how many of the rows, and `nr` of the columns, are there; the others are dropped
 */
export function multiplyTile(kc: i32, a: usize, b: usize, c: usize, ldc: usize, mr: i32, nr: i32, add: bool): void {
  let c00 = f32x4.splat(0), c01 = f32x4.splat(0);
  let c10 = f32x4.splat(0), c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0), c21 = f32x4.splat(0);
  let c30 = f32x4.splat(0), c31 = f32x4.splat(0);
  let c40 = f32x4.splat(0), c41 = f32x4.splat(0);
  let c50 = f32x4.splat(0), c51 = f32x4.splat(0);
  let b0: v128, b1: v128, y: v128, x: v128;
  let k = kc;
  for (; k >= 2; k -= 2) {
    b0 = v128.load(b, 0);
    b1 = v128.load(b, 16);
    y = v128.load(a, 0);
    x = v128.shuffle<f32>(y, y, 0, 0, 0, 0);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = v128.shuffle<f32>(y, y, 1, 1, 1, 1);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = v128.shuffle<f32>(y, y, 2, 2, 2, 2);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = v128.shuffle<f32>(y, y, 3, 3, 3, 3);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    y = v128.load(a, 16);
    x = v128.shuffle<f32>(y, y, 0, 0, 0, 0);
    c40 = madd(x, b0, c40);
    c41 = madd(x, b1, c41);
    x = v128.shuffle<f32>(y, y, 1, 1, 1, 1);
    c50 = madd(x, b0, c50);
    c51 = madd(x, b1, c51);
    b0 = v128.load(b, 64);
    b1 = v128.load(b, 80);
    y = v128.load(a, 32);
    x = v128.shuffle<f32>(y, y, 0, 0, 0, 0);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = v128.shuffle<f32>(y, y, 1, 1, 1, 1);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = v128.shuffle<f32>(y, y, 2, 2, 2, 2);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = v128.shuffle<f32>(y, y, 3, 3, 3, 3);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    y = v128.load(a, 48);
    x = v128.shuffle<f32>(y, y, 0, 0, 0, 0);
    c40 = madd(x, b0, c40);
    c41 = madd(x, b1, c41);
    x = v128.shuffle<f32>(y, y, 1, 1, 1, 1);
    c50 = madd(x, b0, c50);
    c51 = madd(x, b1, c51);
    a += 2 * A_BYTES;
    b += 2 * B_BYTES;
  }
  if (k > 0) {
    b0 = v128.load(b, 0);
    b1 = v128.load(b, 16);
    y = v128.load(a, 0);
    x = v128.shuffle<f32>(y, y, 0, 0, 0, 0);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = v128.shuffle<f32>(y, y, 1, 1, 1, 1);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = v128.shuffle<f32>(y, y, 2, 2, 2, 2);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = v128.shuffle<f32>(y, y, 3, 3, 3, 3);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    y = v128.load(a, 16);
    x = v128.shuffle<f32>(y, y, 0, 0, 0, 0);
    c40 = madd(x, b0, c40);
    c41 = madd(x, b1, c41);
    x = v128.shuffle<f32>(y, y, 1, 1, 1, 1);
    c50 = madd(x, b0, c50);
    c51 = madd(x, b1, c51);
  }
  const whole = mr == TILE_ROWS && nr == TILE_COLUMNS;
  const to = whole ? c : scratch();
  const ld = whole ? ldc : <usize> (TILE_COLUMNS << 2);
  if (whole && add) {
    c00 = f32x4.add(c00, v128.load(c));
    c01 = f32x4.add(c01, v128.load(c, 16));
    c10 = f32x4.add(c10, v128.load(c + ldc));
    c11 = f32x4.add(c11, v128.load(c + ldc, 16));
    c20 = f32x4.add(c20, v128.load(c + 2 * ldc));
    c21 = f32x4.add(c21, v128.load(c + 2 * ldc, 16));
    c30 = f32x4.add(c30, v128.load(c + 3 * ldc));
    c31 = f32x4.add(c31, v128.load(c + 3 * ldc, 16));
    c40 = f32x4.add(c40, v128.load(c + 4 * ldc));
    c41 = f32x4.add(c41, v128.load(c + 4 * ldc, 16));
    c50 = f32x4.add(c50, v128.load(c + 5 * ldc));
    c51 = f32x4.add(c51, v128.load(c + 5 * ldc, 16));
  }
  v128.store(to, c00);
  v128.store(to, c01, 16);
  v128.store(to + ld, c10);
  v128.store(to + ld, c11, 16);
  v128.store(to + 2 * ld, c20);
  v128.store(to + 2 * ld, c21, 16);
  v128.store(to + 3 * ld, c30);
  v128.store(to + 3 * ld, c31, 16);
  v128.store(to + 4 * ld, c40);
  v128.store(to + 4 * ld, c41, 16);
  v128.store(to + 5 * ld, c50);
  v128.store(to + 5 * ld, c51, 16);
  if (!whole) copyTile(to, c, ldc, mr, nr, add);
}

function copyTile(tile: usize, c: usize, ldc: usize, mr: i32, nr: i32, add: bool): void {
  for (let i = 0; i < mr; i++) {
    for (let j = 0; j < nr; j++) {
      const at = c + <usize> i * ldc + (<usize> j << 2);
      const value = load<f32>(tile + (<usize> (i * TILE_COLUMNS + j) << 2));
      store<f32>(at, add ? load<f32>(at) + value : value);
    }
  }
}
