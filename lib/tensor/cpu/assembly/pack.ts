// Packing of the right-hand matrix into panels: 8 columns side by side for each k, zeros beyond the edge.

/** Panel from a matrix whose rows run along k: element (k, j) at `b + k·ld + 4j`; `columns` ≤ 8 are there. */
export function packFromRows(b: usize, ld: usize, kc: i32, columns: i32, dst: usize): void {
  if (columns == 8) {
    for (let k = 0; k < kc; k++) {
      v128.store(dst, v128.load(b));
      v128.store(dst, v128.load(b, 16), 16);
      b += ld;
      dst += 32;
    }
    return;
  }
  for (let k = 0; k < kc; k++) {
    for (let j = 0; j < 8; j++) {
      store<f32>(dst + (<usize> j << 2), j < columns ? load<f32>(b + (<usize> j << 2)) : 0);
    }
    b += ld;
    dst += 32;
  }
}

/** Panel from a matrix stored transposed: element (k, j) at `b + j·ld + 4k`. */
export function packFromColumns(b: usize, ld: usize, kc: i32, columns: i32, dst: usize): void {
  let k = 0;
  if (columns == 8) {
    for (; k + 4 <= kc; k += 4) {
      transpose4(b + (<usize> k << 2), ld, dst);
      transpose4(b + (<usize> k << 2) + 4 * ld, ld, dst + 16);
      dst += 128;
    }
  }
  for (; k < kc; k++) {
    for (let j = 0; j < 8; j++) {
      store<f32>(dst + (<usize> j << 2), j < columns ? load<f32>(b + <usize> j * ld + (<usize> k << 2)) : 0);
    }
    dst += 32;
  }
}

/** The same two, times a factor: attention's 1 / √D. */
export function scalePanel(panel: usize, kc: i32, factor: f32): void {
  const f = f32x4.splat(factor);
  const end = panel + (<usize> kc << 5);
  for (; panel < end; panel += 16) v128.store(panel, f32x4.mul(v128.load(panel), f));
}

// @ts-ignore: decorator
@inline
function transpose4(b: usize, ld: usize, dst: usize): void {
  const r0 = v128.load(b);
  const r1 = v128.load(b + ld);
  const r2 = v128.load(b + 2 * ld);
  const r3 = v128.load(b + 3 * ld);
  const t0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const t1 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const t2 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const t3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(dst, v128.shuffle<f32>(t0, t1, 0, 1, 4, 5));
  v128.store(dst, v128.shuffle<f32>(t0, t1, 2, 3, 6, 7), 32);
  v128.store(dst, v128.shuffle<f32>(t2, t3, 0, 1, 4, 5), 64);
  v128.store(dst, v128.shuffle<f32>(t2, t3, 2, 3, 6, 7), 96);
}

/** Left-hand panel from a matrix whose rows run along k: 6 of its `rows` elements side by side, zeros beyond. */
export function packSix(a: usize, ld: usize, kc: i32, rows: i32, dst: usize): void {
  if (rows == 6) {
    for (let k = 0; k < kc; k++) {
      v128.store(dst, v128.load(a));
      store<u64>(dst, load<u64>(a, 16), 16);
      a += ld;
      dst += 24;
    }
    return;
  }
  for (let k = 0; k < kc; k++) {
    for (let i = 0; i < 6; i++) {
      store<f32>(dst + (<usize> i << 2), i < rows ? load<f32>(a + (<usize> i << 2)) : 0);
    }
    a += ld;
    dst += 24;
  }
}
