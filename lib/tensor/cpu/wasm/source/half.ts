// Half-precision numbers (IEEE 754 binary16), two to a word, made float32.
import { arg } from "./control";

/** Common arguments as in elementwise.ts, an element being a word: 2 halves, 3 out. Runs up to 8 halves past the end. */
export function unpackHalfTask(task: i32): void {
  const words = <usize> arg(1) << 2;
  const begin = <usize> task * words;
  const stop = min(begin + words, <usize> arg(0) << 2);
  const from = <usize> arg(2), to = <usize> arg(3);
  for (let i = begin; i < stop; i += 16) {
    const halves = v128.load(from + i);
    v128.store(to + 2 * i, widen(i32x4.extend_low_i16x8_u(halves)));
    v128.store(to + 2 * i, widen(i32x4.extend_high_i16x8_u(halves)), 16);
  }
}

/** Exact: exponent and mantissa move into place as they are, and a product mends the bias, subnormal numbers included. */
// @ts-ignore: decorator
@inline
function widen(h: v128): v128 {
  const exponent = i32x4.splat(0x7c00);
  const magnitude = i32x4.shl(v128.and(h, i32x4.splat(0x7fff)), 13);
  const scaled = f32x4.mul(magnitude, f32x4.splat(reinterpret<f32>(0x77800000))); // 2¹¹²
  const special = i32x4.eq(v128.and(h, exponent), exponent); // infinity and NaN
  const value = v128.bitselect(v128.or(magnitude, i32x4.splat(0x7f800000)), scaled, special);
  return v128.or(value, i32x4.shl(v128.and(h, i32x4.splat(0x8000)), 16));
}
