// Vector arithmetic: fused multiply-add where the machine has it, exp and log to float32's own accuracy.
import { Exponential, EXPONENTIAL_CONSTANTS } from "./generated/layout";

/** a·b + c; fused in the relaxed build. */
@inline export function madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}

/** c − a·b. */
@inline export function nmadd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_nmadd(a, b, c) : f32x4.sub(c, f32x4.mul(a, b));
}

/** Sum of the four lanes, always in the same order. */
@inline export function sumLanes(x: v128): f32 {
  return (f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 2)) + (f32x4.extract_lane(x, 1) + f32x4.extract_lane(x, 3));
}

/**
 * A constant of exp, in memory: V8 builds a vector constant anew at every use, even in a loop, which costs more than
 * the arithmetic (1.7 ns an element with constants in the code, 0.8 with them in memory).
 */
@inline function constant(index: Exponential): v128 {
  return v128.load(EXPONENTIAL_CONSTANTS + (<usize> index << 4));
}

/**
 * exp in every lane, to about 1 unit in the last place: reduction to [−ln 2 / 2, ln 2 / 2] in two steps (Cody and
 * Waite), a polynomial of degree 6, and 2ⁿ applied in two halves so that overflow gives infinity and underflow passes
 * through subnormals to 0. NaN stays NaN: pmin and pmax return their first argument then. Adding 1.5·2²³ rounds to an
 * integer and leaves that integer in the low bits, which is cheaper than rounding and truncating.
 */
@inline export function expv(value: v128): v128 {
  const x = f32x4.pmin(f32x4.pmax(value, constant(Exponential.least)), constant(Exponential.most));
  const shifted = shift(x);
  const y = reduced(x, shifted);
  const one = constant(Exponential.one), i = i32x4.sub(shifted, constant(Exponential.shifter));
  const half = i32x4.shr_s(i, 1);
  // adding n·2²³ to the bits of 1 gives the bits of 2ⁿ
  const first = f32x4.mul(y, i32x4.add(i32x4.shl(half, 23), one));
  return f32x4.mul(first, i32x4.add(i32x4.shl(i32x4.sub(i, half), 23), one));
}

/** 1.5·2²³ + x / ln 2, with the integer nearest to x / ln 2 in its low bits. */
@inline function shift(x: v128): v128 {
  return madd(x, constant(Exponential.inverse), constant(Exponential.shifter));
}

/** exp(x) / 2ⁿ, where n is that integer. */
@inline function reduced(x: v128, shifted: v128): v128 {
  const n = f32x4.sub(shifted, constant(Exponential.shifter));
  let r = nmadd(n, constant(Exponential.high), x);
  r = nmadd(n, constant(Exponential.low), r);
  let y = madd(constant(Exponential.c6), r, constant(Exponential.c5));
  y = madd(y, r, constant(Exponential.c4));
  y = madd(y, r, constant(Exponential.c3));
  y = madd(y, r, constant(Exponential.c2));
  y = madd(y, r, constant(Exponential.c1));
  return f32x4.add(madd(y, f32x4.mul(r, r), r), constant(Exponential.one));
}

/**
 * exp in every lane for numbers at most 0 (up to rounding), as in a softmax: below −87 it stays at e⁻⁸⁷, because
 * arithmetic with subnormal results takes a hundred times as long. NaN stays NaN.
 */
@inline export function expBelow(value: v128): v128 {
  const x = f32x4.pmax(value, constant(Exponential.smallest));
  const shifted = shift(x), y = reduced(x, shifted);
  const n = i32x4.sub(shifted, constant(Exponential.shifter));
  return f32x4.mul(y, i32x4.add(i32x4.shl(n, 23), constant(Exponential.one)));
}

/** exp of one number, with the same bits as a lane of {@link expv}. */
export function exps(x: f32): f32 {
  return f32x4.extract_lane(expv(f32x4.splat(x)), 0);
}

/** 1 / (1 + e⁻ˣ) in every lane. */
@inline export function sigmoidv(x: v128): v128 {
  const one = constant(Exponential.one);
  return f32x4.div(one, f32x4.add(one, expv(f32x4.neg(x))));
}

/** Largest of the four lanes. */
@inline export function maxLanes(x: v128): f32 {
  return max(
    max(f32x4.extract_lane(x, 0), f32x4.extract_lane(x, 1)),
    max(f32x4.extract_lane(x, 2), f32x4.extract_lane(x, 3)),
  );
}

/** Natural logarithm, in float64: x = m·2ᵉ with m in [√½, √2), then 2·atanh((m − 1) / (m + 1)) as a series. */
export function logs(x: f64): f64 {
  if (!(x > 0) || x == Infinity) return x == 0 ? -Infinity : x > 0 ? x : NaN;
  let bits = reinterpret<u64>(x);
  let e = <i32> (bits >> 52) - 1023;
  bits = (bits & 0x000fffffffffffff) | 0x3ff0000000000000;
  let m = reinterpret<f64>(bits);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    e += 1;
  }
  const t = (m - 1) / (m + 1);
  const s = t * t;
  let y: f64 = 1.0 / 19;
  y = y * s + 1.0 / 17;
  y = y * s + 1.0 / 15;
  y = y * s + 1.0 / 13;
  y = y * s + 1.0 / 11;
  y = y * s + 1.0 / 9;
  y = y * s + 1.0 / 7;
  y = y * s + 1.0 / 5;
  y = y * s + 1.0 / 3;
  return 2 * t * (y * s + 1) + <f64> e * 0.6931471805599453;
}
