// Vector arithmetic: fused multiply-add where the machine has it, exp and log to float32's own accuracy.

/** a·b + c; fused in the relaxed build. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}

/** c − a·b. */
// @ts-ignore: decorator
@inline
export function nmadd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_nmadd(a, b, c) : f32x4.sub(c, f32x4.mul(a, b));
}

/** Sum of the four lanes, always in the same order. */
// @ts-ignore: decorator
@inline
export function sumLanes(x: v128): f32 {
  return (f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 2)) + (f32x4.extract_lane(x, 1) + f32x4.extract_lane(x, 3));
}

/**
 * exp in every lane, to about 1 unit in the last place: reduction to [−ln 2 / 2, ln 2 / 2] in two steps
 * (Cody and Waite), a polynomial of degree 6, and 2ⁿ applied in two halves so that overflow gives infinity and
 * underflow passes through subnormals to 0. NaN stays NaN: wasm's min and max propagate it.
 */
// @ts-ignore: decorator
@inline
export function expv(value: v128): v128 {
  const x = f32x4.min(f32x4.max(value, f32x4.splat(-104)), f32x4.splat(89));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504088896341)));
  let r = nmadd(n, f32x4.splat(0.693359375), x);
  r = nmadd(n, f32x4.splat(-2.12194440e-4), r);
  let y = f32x4.splat(1.9875691500e-4);
  y = madd(y, r, f32x4.splat(1.3981999507e-3));
  y = madd(y, r, f32x4.splat(8.3334519073e-3));
  y = madd(y, r, f32x4.splat(4.1665795894e-2));
  y = madd(y, r, f32x4.splat(1.6666665459e-1));
  y = madd(y, r, f32x4.splat(5.0000001201e-1));
  y = f32x4.add(madd(y, f32x4.mul(r, r), r), f32x4.splat(1));
  const i = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(i, 1);
  const bias = i32x4.splat(127);
  y = f32x4.mul(y, i32x4.shl(i32x4.add(half, bias), 23));
  return f32x4.mul(y, i32x4.shl(i32x4.add(i32x4.sub(i, half), bias), 23));
}

/** exp of one number, with the same bits as a lane of {@link expv}. */
export function exps(x: f32): f32 {
  return f32x4.extract_lane(expv(f32x4.splat(x)), 0);
}

/** 1 / (1 + e⁻ˣ) in every lane. */
// @ts-ignore: decorator
@inline
export function sigmoidv(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, expv(f32x4.neg(x))));
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
