// Converts half-precision numbers (IEEE 754 binary16, or bfloat16), two per word, to float32.
import { UnpackBfloat16Arguments, UnpackHalfArguments } from "./generated/layout";

/** Job: may write up to 8 numbers past the end. */
export function unpackHalfTask(args: UnpackHalfArguments, task: i32): void {
  const words = <usize> args.perTask << 2;
  const begin = <usize> task * words;
  const stop = min(begin + words, <usize> args.elements << 2);
  const from = args.halves, to = args.y;
  for (let i = begin; i < stop; i += 16) {
    const halves = v128.load(from + i);
    v128.store(to + 2 * i, widen(i32x4.extend_low_i16x8_u(halves)));
    v128.store(to + 2 * i, widen(i32x4.extend_high_i16x8_u(halves)), 16);
  }
}

/** Job: may write up to 6 numbers past the end. bfloat16 is the upper half of a float32. */
export function unpackBfloat16Task(args: UnpackBfloat16Arguments, task: i32): void {
  const words = <usize> args.perTask << 2;
  const begin = <usize> task * words;
  const stop = min(begin + words, <usize> args.elements << 2);
  const from = args.halves, to = args.y;
  for (let i = begin; i < stop; i += 16) {
    const halves = v128.load(from + i);
    v128.store(to + 2 * i, i32x4.shl(i32x4.extend_low_i16x8_u(halves), 16));
    v128.store(to + 2 * i, i32x4.shl(i32x4.extend_high_i16x8_u(halves), 16), 16);
  }
}

/**
 * Exact: shifts exponent and mantissa into place, and corrects the bias by a product, which also handles subnormals.
 */
@inline function widen(h: v128): v128 {
  const exponent = i32x4.splat(0x7c00);
  const magnitude = i32x4.shl(v128.and(h, i32x4.splat(0x7fff)), 13);
  const scaled = f32x4.mul(magnitude, f32x4.splat(reinterpret<f32>(0x77800000))); // 2¹¹²
  const special = i32x4.eq(v128.and(h, exponent), exponent); // infinity and NaN
  const value = v128.bitselect(v128.or(magnitude, i32x4.splat(0x7f800000)), scaled, special);
  return v128.or(value, i32x4.shl(v128.and(h, i32x4.splat(0x8000)), 16));
}
