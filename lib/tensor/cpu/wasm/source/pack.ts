// Packing: makes the elements of each k contiguous, with zeros past the edge.
import { A_STEP_BYTES } from "./generated/layout";

/**
 * Packs eight columns of B, of which `columns` exist: element (k, j) is at `b + k·ld + 4j`.
 *
 * @param stride bytes from one k to the next in `dst`
 */
export function packFromRows(b: usize, ld: usize, kc: i32, columns: i32, dst: usize, stride: usize): void {
  if (columns >= 8) {
    for (let k = 0; k < kc; k++) {
      v128.store(dst, v128.load(b));
      v128.store(dst, v128.load(b, 16), 16);
      b += ld;
      dst += stride;
    }
    return;
  }
  for (let k = 0; k < kc; k++) {
    for (let j = 0; j < 8; j++) {
      store<f32>(dst + (<usize> j << 2), j < columns ? load<f32>(b + (<usize> j << 2)) : 0);
    }
    b += ld;
    dst += stride;
  }
}

/** The same for B stored transposed: element (k, j) is at `b + j·ld + 4k`. */
export function packFromColumns(b: usize, ld: usize, kc: i32, columns: i32, dst: usize, stride: usize): void {
  let k = 0;
  if (columns >= 8) {
    for (; k + 4 <= kc; k += 4) {
      transpose4(b + (<usize> k << 2), ld, dst, stride);
      transpose4(b + (<usize> k << 2) + 4 * ld, ld, dst + 16, stride);
      dst += 4 * stride;
    }
  }
  for (; k < kc; k++) {
    for (let j = 0; j < 8; j++) {
      store<f32>(dst + (<usize> j << 2), j < columns ? load<f32>(b + <usize> j * ld + (<usize> k << 2)) : 0);
    }
    dst += stride;
  }
}

/** Multiplies a packed panel of eight columns by a factor: attention's 1 / √D. */
export function scalePanel(panel: usize, kc: i32, factor: f32): void {
  const f = f32x4.splat(factor);
  const end = panel + (<usize> kc << 5);
  for (; panel < end; panel += 16) v128.store(panel, f32x4.mul(v128.load(panel), f));
}

/** Transposes four rows of four. */
@inline function transpose4(b: usize, ld: usize, dst: usize, stride: usize): void {
  const r0 = v128.load(b);
  const r1 = v128.load(b + ld);
  const r2 = v128.load(b + 2 * ld);
  const r3 = v128.load(b + 3 * ld);
  const t0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const t1 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const t2 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const t3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(dst, v128.shuffle<f32>(t0, t1, 0, 1, 4, 5));
  v128.store(dst + stride, v128.shuffle<f32>(t0, t1, 2, 3, 6, 7));
  v128.store(dst + 2 * stride, v128.shuffle<f32>(t2, t3, 0, 1, 4, 5));
  v128.store(dst + 3 * stride, v128.shuffle<f32>(t2, t3, 2, 3, 6, 7));
}

/** Packs six rows of A, `A_STEP_BYTES` per k; rows past the last of `rows` repeat it. */
export function packSixRows(a: usize, ld: usize, kc: i32, rows: i32, dst: usize): void {
  const last = <usize> (rows - 1) * ld;
  const a1 = min(ld, last), a2 = min(2 * ld, last), a3 = min(3 * ld, last), a4 = min(4 * ld, last);
  const a5 = min(5 * ld, last);
  const stop = a + (<usize> kc << 2), whole = a + (<usize> (kc & ~3) << 2);
  for (; a < whole; a += 16) {
    const r0 = v128.load(a), r1 = v128.load(a + a1), r2 = v128.load(a + a2), r3 = v128.load(a + a3);
    const r4 = v128.load(a + a4), r5 = v128.load(a + a5);
    const t0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
    const t1 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
    const t2 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
    const t3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
    v128.store(dst, v128.shuffle<f32>(t0, t1, 0, 1, 4, 5));
    v128.store(dst, v128.shuffle<f32>(t0, t1, 2, 3, 6, 7), A_STEP_BYTES);
    v128.store(dst, v128.shuffle<f32>(t2, t3, 0, 1, 4, 5), 2 * A_STEP_BYTES);
    v128.store(dst, v128.shuffle<f32>(t2, t3, 2, 3, 6, 7), 3 * A_STEP_BYTES);
    const u0 = v128.shuffle<f32>(r4, r5, 0, 4, 1, 5);
    const u1 = v128.shuffle<f32>(r4, r5, 2, 6, 3, 7);
    v128.store64_lane(dst, u0, 0, 16);
    v128.store64_lane(dst, u0, 1, A_STEP_BYTES + 16);
    v128.store64_lane(dst, u1, 0, 2 * A_STEP_BYTES + 16);
    v128.store64_lane(dst, u1, 1, 3 * A_STEP_BYTES + 16);
    dst += 4 * A_STEP_BYTES;
  }
  for (; a < stop; a += 4) {
    store<f32>(dst, load<f32>(a));
    store<f32>(dst, load<f32>(a + a1), 4);
    store<f32>(dst, load<f32>(a + a2), 8);
    store<f32>(dst, load<f32>(a + a3), 12);
    store<f32>(dst, load<f32>(a + a4), 16);
    store<f32>(dst, load<f32>(a + a5), 20);
    dst += A_STEP_BYTES;
  }
}

/** The same for A stored transposed: element (i, k) is at `a + k·ld + 4i`; rows past the last are zeros. */
export function packSixColumns(a: usize, ld: usize, kc: i32, rows: i32, dst: usize): void {
  if (rows == 6) {
    for (let k = 0; k < kc; k++) {
      v128.store(dst, v128.load(a));
      store<u64>(dst, load<u64>(a, 16), 16);
      a += ld;
      dst += A_STEP_BYTES;
    }
    return;
  }
  for (let k = 0; k < kc; k++) {
    for (let i = 0; i < 6; i++) {
      store<f32>(dst + (<usize> i << 2), i < rows ? load<f32>(a + (<usize> i << 2)) : 0);
    }
    a += ld;
    dst += A_STEP_BYTES;
  }
}
