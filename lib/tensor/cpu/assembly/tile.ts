// The matrix products' inner loop: a 6×16 tile of C in 24 vectors. That is more than there are registers, and still the
// fastest: V8 checks the bounds of every access, which takes the place of arithmetic, so that what counts is few loads. One
// load brings four elements of A, and one of them, spread by a shuffle, meets four vectors of B.
import { scratch } from "./control";
import { madd } from "./math";

/** Rows and columns of a tile. */
export const TILE_ROWS: i32 = 6;
export const TILE_COLUMNS: i32 = 16;
/** Bytes of a packed A for one k: six elements and a gap. */
export const A_BYTES: usize = 32;
/** Bytes of a packed panel of B for one k. */
export const B_BYTES: usize = 64;
/** Bytes of each scratch room that tiles at the edge of C take. */
export const TILE_BYTES: usize = 384;

/**
 * `C = A·B`, or `C + A·B` if `add`, for a packed panel of A and one of B over `kc` steps.
 *
 * @param ldc bytes from one row of C to the next
 * @param mr how many of the rows, and `nr` of the columns, are there; the others are dropped
 */
export function multiplyTile(kc: i32, a: usize, b: usize, c: usize, ldc: usize, mr: i32, nr: i32, add: bool): void {
  let c00 = f32x4.splat(0), c01 = f32x4.splat(0), c02 = f32x4.splat(0), c03 = f32x4.splat(0);
  let c10 = f32x4.splat(0), c11 = f32x4.splat(0), c12 = f32x4.splat(0), c13 = f32x4.splat(0);
  let c20 = f32x4.splat(0), c21 = f32x4.splat(0), c22 = f32x4.splat(0), c23 = f32x4.splat(0);
  let c30 = f32x4.splat(0), c31 = f32x4.splat(0), c32 = f32x4.splat(0), c33 = f32x4.splat(0);
  let c40 = f32x4.splat(0), c41 = f32x4.splat(0), c42 = f32x4.splat(0), c43 = f32x4.splat(0);
  let c50 = f32x4.splat(0), c51 = f32x4.splat(0), c52 = f32x4.splat(0), c53 = f32x4.splat(0);
  let b0: v128, b1: v128, b2: v128, b3: v128, y: v128, x: v128;
  let k = kc;
  for (; k >= 2; k -= 2) {
    b0 = v128.load(b, 0);
    b1 = v128.load(b, 16);
    b2 = v128.load(b, 32);
    b3 = v128.load(b, 48);
    y = v128.load(a, 0);
    x = v128.shuffle<f32>(y, y, 0, 0, 0, 0);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    c02 = madd(x, b2, c02);
    c03 = madd(x, b3, c03);
    x = v128.shuffle<f32>(y, y, 1, 1, 1, 1);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    c12 = madd(x, b2, c12);
    c13 = madd(x, b3, c13);
    x = v128.shuffle<f32>(y, y, 2, 2, 2, 2);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    c22 = madd(x, b2, c22);
    c23 = madd(x, b3, c23);
    x = v128.shuffle<f32>(y, y, 3, 3, 3, 3);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    c32 = madd(x, b2, c32);
    c33 = madd(x, b3, c33);
    y = v128.load(a, 16);
    x = v128.shuffle<f32>(y, y, 0, 0, 0, 0);
    c40 = madd(x, b0, c40);
    c41 = madd(x, b1, c41);
    c42 = madd(x, b2, c42);
    c43 = madd(x, b3, c43);
    x = v128.shuffle<f32>(y, y, 1, 1, 1, 1);
    c50 = madd(x, b0, c50);
    c51 = madd(x, b1, c51);
    c52 = madd(x, b2, c52);
    c53 = madd(x, b3, c53);
    b0 = v128.load(b, 64);
    b1 = v128.load(b, 80);
    b2 = v128.load(b, 96);
    b3 = v128.load(b, 112);
    y = v128.load(a, 32);
    x = v128.shuffle<f32>(y, y, 0, 0, 0, 0);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    c02 = madd(x, b2, c02);
    c03 = madd(x, b3, c03);
    x = v128.shuffle<f32>(y, y, 1, 1, 1, 1);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    c12 = madd(x, b2, c12);
    c13 = madd(x, b3, c13);
    x = v128.shuffle<f32>(y, y, 2, 2, 2, 2);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    c22 = madd(x, b2, c22);
    c23 = madd(x, b3, c23);
    x = v128.shuffle<f32>(y, y, 3, 3, 3, 3);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    c32 = madd(x, b2, c32);
    c33 = madd(x, b3, c33);
    y = v128.load(a, 48);
    x = v128.shuffle<f32>(y, y, 0, 0, 0, 0);
    c40 = madd(x, b0, c40);
    c41 = madd(x, b1, c41);
    c42 = madd(x, b2, c42);
    c43 = madd(x, b3, c43);
    x = v128.shuffle<f32>(y, y, 1, 1, 1, 1);
    c50 = madd(x, b0, c50);
    c51 = madd(x, b1, c51);
    c52 = madd(x, b2, c52);
    c53 = madd(x, b3, c53);
    a += 2 * A_BYTES;
    b += 2 * B_BYTES;
  }
  if (k > 0) {
    b0 = v128.load(b, 0);
    b1 = v128.load(b, 16);
    b2 = v128.load(b, 32);
    b3 = v128.load(b, 48);
    y = v128.load(a, 0);
    x = v128.shuffle<f32>(y, y, 0, 0, 0, 0);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    c02 = madd(x, b2, c02);
    c03 = madd(x, b3, c03);
    x = v128.shuffle<f32>(y, y, 1, 1, 1, 1);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    c12 = madd(x, b2, c12);
    c13 = madd(x, b3, c13);
    x = v128.shuffle<f32>(y, y, 2, 2, 2, 2);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    c22 = madd(x, b2, c22);
    c23 = madd(x, b3, c23);
    x = v128.shuffle<f32>(y, y, 3, 3, 3, 3);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    c32 = madd(x, b2, c32);
    c33 = madd(x, b3, c33);
    y = v128.load(a, 16);
    x = v128.shuffle<f32>(y, y, 0, 0, 0, 0);
    c40 = madd(x, b0, c40);
    c41 = madd(x, b1, c41);
    c42 = madd(x, b2, c42);
    c43 = madd(x, b3, c43);
    x = v128.shuffle<f32>(y, y, 1, 1, 1, 1);
    c50 = madd(x, b0, c50);
    c51 = madd(x, b1, c51);
    c52 = madd(x, b2, c52);
    c53 = madd(x, b3, c53);
  }
  const whole = mr == TILE_ROWS && nr == TILE_COLUMNS;
  const to = whole ? c : scratch();
  const ld = whole ? ldc : B_BYTES;
  if (whole && add) {
    c00 = f32x4.add(c00, v128.load(c));
    c01 = f32x4.add(c01, v128.load(c, 16));
    c02 = f32x4.add(c02, v128.load(c, 32));
    c03 = f32x4.add(c03, v128.load(c, 48));
    c10 = f32x4.add(c10, v128.load(c + ldc));
    c11 = f32x4.add(c11, v128.load(c + ldc, 16));
    c12 = f32x4.add(c12, v128.load(c + ldc, 32));
    c13 = f32x4.add(c13, v128.load(c + ldc, 48));
    c20 = f32x4.add(c20, v128.load(c + 2 * ldc));
    c21 = f32x4.add(c21, v128.load(c + 2 * ldc, 16));
    c22 = f32x4.add(c22, v128.load(c + 2 * ldc, 32));
    c23 = f32x4.add(c23, v128.load(c + 2 * ldc, 48));
    c30 = f32x4.add(c30, v128.load(c + 3 * ldc));
    c31 = f32x4.add(c31, v128.load(c + 3 * ldc, 16));
    c32 = f32x4.add(c32, v128.load(c + 3 * ldc, 32));
    c33 = f32x4.add(c33, v128.load(c + 3 * ldc, 48));
    c40 = f32x4.add(c40, v128.load(c + 4 * ldc));
    c41 = f32x4.add(c41, v128.load(c + 4 * ldc, 16));
    c42 = f32x4.add(c42, v128.load(c + 4 * ldc, 32));
    c43 = f32x4.add(c43, v128.load(c + 4 * ldc, 48));
    c50 = f32x4.add(c50, v128.load(c + 5 * ldc));
    c51 = f32x4.add(c51, v128.load(c + 5 * ldc, 16));
    c52 = f32x4.add(c52, v128.load(c + 5 * ldc, 32));
    c53 = f32x4.add(c53, v128.load(c + 5 * ldc, 48));
  }
  v128.store(to, c00);
  v128.store(to, c01, 16);
  v128.store(to, c02, 32);
  v128.store(to, c03, 48);
  v128.store(to + ld, c10);
  v128.store(to + ld, c11, 16);
  v128.store(to + ld, c12, 32);
  v128.store(to + ld, c13, 48);
  v128.store(to + 2 * ld, c20);
  v128.store(to + 2 * ld, c21, 16);
  v128.store(to + 2 * ld, c22, 32);
  v128.store(to + 2 * ld, c23, 48);
  v128.store(to + 3 * ld, c30);
  v128.store(to + 3 * ld, c31, 16);
  v128.store(to + 3 * ld, c32, 32);
  v128.store(to + 3 * ld, c33, 48);
  v128.store(to + 4 * ld, c40);
  v128.store(to + 4 * ld, c41, 16);
  v128.store(to + 4 * ld, c42, 32);
  v128.store(to + 4 * ld, c43, 48);
  v128.store(to + 5 * ld, c50);
  v128.store(to + 5 * ld, c51, 16);
  v128.store(to + 5 * ld, c52, 32);
  v128.store(to + 5 * ld, c53, 48);
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
