// Converts half-precision numbers (IEEE 754 binary16, or bfloat16), two per word, to float32.
import { InnerPackedArguments, UnpackBfloat16Arguments, UnpackHalfArguments } from "./generated/layout";
import { madd, sumLanes } from "./math";

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
@inline export function widen(h: v128): v128 {
  const exponent = i32x4.splat(0x7c00);
  const magnitude = i32x4.shl(v128.and(h, i32x4.splat(0x7fff)), 13);
  const scaled = f32x4.mul(magnitude, f32x4.splat(reinterpret<f32>(0x77800000))); // 2¹¹²
  const special = i32x4.eq(v128.and(h, exponent), exponent); // infinity and NaN
  const value = v128.bitselect(v128.or(magnitude, i32x4.splat(0x7f800000)), scaled, special);
  return v128.or(value, i32x4.shl(v128.and(h, i32x4.splat(0x8000)), 16));
}

/** Job: y = x·wᵀ for few rows and packed w, with the sums of `innerTask` for the same numbers. */
export function innerPackedTask(args: InnerPackedArguments, task: i32): void {
  const M = args.M, N = args.N, K = args.K, bfloat16 = args.bfloat16 != 0;
  const bytes = <usize> K << 2, packed = <usize> K << 1;
  const begin = task * args.columnsPerTask, end = min(begin + args.columnsPerTask, N);
  for (let n = begin; n < end; n++) {
    const w = args.w + <usize> n * packed;
    for (let m = 0; m < M; m++) {
      const x = args.x + <usize> m * bytes;
      const sum = bfloat16 ? innerBfloat16(x, w, bytes) : innerHalf(x, w, bytes);
      store<f32>(args.y + (<usize> (m * N + n) << 2), sum);
    }
  }
}

function innerHalf(x: usize, w: usize, bytes: usize): f32 {
  return inner(x, w, bytes, false);
}

function innerBfloat16(x: usize, w: usize, bytes: usize): f32 {
  return inner(x, w, bytes, true);
}

/** Four numbers from the lower halves of four words. */
@inline function unpackFour(halves: v128, bfloat16: bool): v128 {
  return bfloat16 ? i32x4.shl(halves, 16) : widen(halves);
}

@inline function inner(x: usize, w: usize, bytes: usize, bfloat16: bool): f32 {
  const whole = bytes & ~63;
  let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
  let i: usize = 0;
  for (; i < whole; i += 64) {
    const low = v128.load(w + (i >> 1)), high = v128.load(w + (i >> 1), 16);
    s0 = madd(v128.load(x + i), unpackFour(i32x4.extend_low_i16x8_u(low), bfloat16), s0);
    s1 = madd(v128.load(x + i, 16), unpackFour(i32x4.extend_high_i16x8_u(low), bfloat16), s1);
    s2 = madd(v128.load(x + i, 32), unpackFour(i32x4.extend_low_i16x8_u(high), bfloat16), s2);
    s3 = madd(v128.load(x + i, 48), unpackFour(i32x4.extend_high_i16x8_u(high), bfloat16), s3);
  }
  let sum = sumLanes(f32x4.add(f32x4.add(s0, s2), f32x4.add(s1, s3)));
  for (; i < bytes; i += 4) {
    const one = unpackFour(i32x4.splat(<i32> load<u16>(w + (i >> 1))), bfloat16);
    sum += load<f32>(x + i) * f32x4.extract_lane(one, 0);
  }
  return sum;
}
