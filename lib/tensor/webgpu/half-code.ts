// WGSL that unpacks half-precision numbers: with the device's own conversion if a probe has found it exact, otherwise from
// their bits, because a device may lose infinities, NaN and subnormal numbers.
import type { Features } from "./features.ts";

const BY_BITS = `
fn unpackOne(half: u32) -> f32 {
  let sign = (half & 0x8000u) << 16u;
  let exponent = (half >> 10u) & 31u;
  let fraction = half & 1023u;
  if (exponent == 31u) { return bitcast<f32>(sign | 0x7f800000u | (fraction << 13u)); }
  if (exponent == 0u) { return select(1.0, -1.0, sign != 0u) * f32(fraction) * 5.9604644775390625e-8; }
  return bitcast<f32>(sign | ((exponent + 112u) << 23u) | (fraction << 13u));
}
fn unpack(word: i32) -> vec2<f32> {
  let bits = bitcast<u32>(word);
  return vec2<f32>(unpackOne(bits & 0xffffu), unpackOne(bits >> 16u));
}`;

/** Declares `unpack(word)` for two bfloat16, which are upper halves of float32. */
export const UNPACK_BFLOAT16 = `
fn unpack(word: i32) -> vec2<f32> {
  let bits = bitcast<u32>(word);
  return vec2<f32>(bitcast<f32>(bits << 16u), bitcast<f32>(bits & 0xffff0000u));
}`;

const BY_DEVICE = {
  "shader-f16": "vec2<f32>(bitcast<vec2<f16>>(word))",
  unpack2x16float: "unpack2x16float(bitcast<u32>(word))",
};

/** Declares `unpack(word)`, the two numbers of a word, low half first, and `unpackFour(words)`. */
export function unpackFunctions({ halves }: Features): string {
  const unpack = halves === undefined ? BY_BITS : `
fn unpack(word: i32) -> vec2<f32> { return ${BY_DEVICE[halves]}; }`;
  return `${unpack}
fn unpackFour(words: vec2<i32>) -> vec4<f32> { return vec4<f32>(unpack(words.x), unpack(words.y)); }`;
}
