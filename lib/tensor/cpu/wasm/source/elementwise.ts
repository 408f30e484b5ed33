// Kernels that treat every element alike. Blocks are padded to 64 bytes, so that whole vectors may run past the end.
// Common arguments: 0 number of elements, 1 elements per task (a multiple of 16); the rest are addresses and constants.
import { arg, argf } from "./control";
import { expv, madd, sigmoidv } from "./math";
import { overArrays, panelColumns, SWIGLU, SWIGLU_GRAD } from "./native";

// @ts-ignore: decorator
@inline
function first(task: i32): usize {
  return <usize> task * <usize> arg(1) << 2;
}

// @ts-ignore: decorator
@inline
function end(task: i32): usize {
  return min(<usize> (task + 1) * <usize> arg(1), <usize> arg(0)) << 2;
}

// @ts-ignore: decorator
@inline
function at(index: i32): usize {
  return <usize> arg(index);
}

/** 2 a, 3 b, 4 out. */
export function addTask(task: i32): void {
  const a = at(2), b = at(3), y = at(4), stop = end(task);
  for (let i = first(task); i < stop; i += 16) v128.store(y + i, f32x4.add(v128.load(a + i), v128.load(b + i)));
}

export function subTask(task: i32): void {
  const a = at(2), b = at(3), y = at(4), stop = end(task);
  for (let i = first(task); i < stop; i += 16) v128.store(y + i, f32x4.sub(v128.load(a + i), v128.load(b + i)));
}

export function mulTask(task: i32): void {
  const a = at(2), b = at(3), y = at(4), stop = end(task);
  for (let i = first(task); i < stop; i += 16) v128.store(y + i, f32x4.mul(v128.load(a + i), v128.load(b + i)));
}

/** 2 a, 3 factor (float), 4 out. */
export function scaleTask(task: i32): void {
  const a = at(2), y = at(4), stop = end(task);
  const factor = f32x4.splat(argf(3));
  for (let i = first(task); i < stop; i += 16) v128.store(y + i, f32x4.mul(v128.load(a + i), factor));
}

/** 2 value (float), 3 out. */
export function fillTask(task: i32): void {
  const y = at(3), stop = end(task);
  const value = f32x4.splat(argf(2));
  for (let i = first(task); i < stop; i += 16) v128.store(y + i, value);
}

/** SiLU(gate) ∘ up: 2 gate, 3 up, 4 out. */
export function swigluTask(task: i32): void {
  const gate = at(2), up = at(3), y = at(4), stop = end(task);
  if (panelColumns() != 0) {
    const i = first(task);
    return overArrays(SWIGLU, gate + i, up + i, y + i, 0, 0, <i32> ((stop - i) >> 2));
  }
  for (let i = first(task); i < stop; i += 16) {
    const g = v128.load(gate + i);
    v128.store(y + i, f32x4.mul(f32x4.mul(g, sigmoidv(g)), v128.load(up + i)));
  }
}

/** 2 gate, 3 up, 4 dy, 5 dgate, 6 dup. */
export function swigluGradTask(task: i32): void {
  const gate = at(2), up = at(3), dy = at(4), dgate = at(5), dup = at(6), stop = end(task);
  if (panelColumns() != 0) {
    const i = first(task);
    return overArrays(SWIGLU_GRAD, gate + i, up + i, dy + i, dgate + i, dup + i, <i32> ((stop - i) >> 2));
  }
  const one = f32x4.splat(1);
  for (let i = first(task); i < stop; i += 16) {
    const g = v128.load(gate + i);
    const d = v128.load(dy + i);
    const s = sigmoidv(g);
    const silu = f32x4.mul(g, s);
    v128.store(dup + i, f32x4.mul(d, silu));
    const slope = f32x4.mul(s, madd(g, f32x4.sub(one, s), one));
    v128.store(dgate + i, f32x4.mul(f32x4.mul(d, v128.load(up + i)), slope));
  }
}

// @ts-ignore: decorator
@inline
function mix(value: v128): v128 {
  let x = v128.xor(value, i32x4.shr_u(value, 16));
  x = i32x4.mul(x, i32x4.splat(<i32> 0x85ebca6b));
  x = v128.xor(x, i32x4.shr_u(x, 13));
  x = i32x4.mul(x, i32x4.splat(<i32> 0xc2b2ae35));
  return v128.xor(x, i32x4.shr_u(x, 16));
}

/** 2 x, 3 out, 4 seed, 5 threshold (uint32), 6 whether the threshold is 2³², 7 scale (float). */
export function dropoutTask(task: i32): void {
  const x = at(2), y = at(3), stop = end(task);
  const seed = i32x4.splat(arg(4));
  const threshold = i32x4.splat(arg(5));
  const scale = arg(6) ? f32x4.splat(0) : f32x4.splat(argf(7));
  const lanes = i32x4(1, 2, 3, 4);
  for (let i = first(task); i < stop; i += 16) {
    const index = i32x4.add(i32x4.splat(<i32> (i >> 2)), lanes);
    const hash = mix(v128.xor(mix(index), seed));
    const mask = v128.and(i32x4.ge_u(hash, threshold), scale);
    v128.store(y + i, f32x4.mul(v128.load(x + i), mask));
  }
}

/** H2E: 2 expert, 3 projected, 4 z, 5 out. */
export function hubIntoExpertTask(task: i32): void {
  const expert = at(2), projected = at(3), z = at(4), y = at(5), stop = end(task);
  for (let i = first(task); i < stop; i += 16) {
    const e = v128.load(expert + i);
    v128.store(y + i, madd(sigmoidv(v128.load(z + i)), f32x4.sub(v128.load(projected + i), e), e));
  }
}

/** 2 expert, 3 projected, 4 z, 5 dy, 6 dexpert, 7 dprojected, 8 dz. */
export function hubIntoExpertGradTask(task: i32): void {
  const expert = at(2), projected = at(3), z = at(4), dy = at(5), stop = end(task);
  const dexpert = at(6), dprojected = at(7), dz = at(8);
  const one = f32x4.splat(1);
  for (let i = first(task); i < stop; i += 16) {
    const d = v128.load(dy + i);
    const g = sigmoidv(v128.load(z + i));
    const dp = f32x4.mul(d, g);
    const rest = f32x4.sub(one, g);
    v128.store(dprojected + i, dp);
    v128.store(dexpert + i, f32x4.mul(d, rest));
    const difference = f32x4.sub(v128.load(projected + i), v128.load(expert + i));
    v128.store(dz + i, f32x4.mul(f32x4.mul(dp, rest), difference));
  }
}

/** Sum of n tensors: 2 out, 3 n, 4… addresses. */
export function addNTask(task: i32): void {
  const y = at(2), n = arg(3), stop = end(task);
  for (let i = first(task); i < stop; i += 16) {
    let sum = v128.load(at(4) + i);
    for (let j = 1; j < n; j++) sum = f32x4.add(sum, v128.load(at(4 + j) + i));
    v128.store(y + i, sum);
  }
}

/** Sums of chunks, one float64 for each task: 2 x, 3 out. The tail is added one by one: padding is not data. */
export function sumTask(task: i32): void {
  const x = at(2), stop = end(task), begin = first(task);
  store<f64>(at(3) + (<usize> task << 3), sumRange(x, begin, stop, false));
}

/** Sum (of squares) over bytes [begin, stop) from x, in float64. */
export function sumRange(x: usize, begin: usize, stop: usize, squares: bool): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  let i = begin;
  for (; i + 16 <= stop; i += 16) {
    let v = v128.load(x + i);
    if (squares) v = f32x4.mul(v, v);
    low = f64x2.add(low, f64x2.promote_low_f32x4(v));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3)));
  }
  const both = f64x2.add(low, high);
  let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; i < stop; i += 4) {
    const v = load<f32>(x + i);
    sum += <f64> (squares ? v * v : v);
  }
  return sum;
}

/**
 * AdamW, all parameters at once, in chunks. Arguments: 2 table of chunks (16 bytes each: parameter's index, first
 * element, elements), 3 table of parameters (32 bytes each: p, g, m, v, decay factor 1 − lr·decay as float),
 * 4 float64 sums of squares, one a chunk.
 */
export function squaresTask(task: i32): void {
  const chunk = at(2) + (<usize> task << 4);
  const parameter = at(3) + (<usize> load<i32>(chunk) << 5);
  const begin = <usize> load<i32>(chunk, 4) << 2;
  const stop = begin + (<usize> load<i32>(chunk, 8) << 2);
  store<f64>(at(4) + (<usize> task << 3), sumRange(load<usize>(parameter, 4), begin, stop, true));
}

/** 5 scale of the gradients, 6 β₁, 7 β₂, 8 lr / (1 − β₁ᵗ), 9 1 / (1 − β₂ᵗ), 10 ε, 11 1 − β₁, 12 1 − β₂ (floats). */
export function adamWTask(task: i32): void {
  const chunk = at(2) + (<usize> task << 4);
  const parameter = at(3) + (<usize> load<i32>(chunk) << 5);
  const begin = <usize> load<i32>(chunk, 4) << 2;
  const stop = begin + (<usize> load<i32>(chunk, 8) << 2);
  const p = load<usize>(parameter), g = load<usize>(parameter, 4);
  const m = load<usize>(parameter, 8), v = load<usize>(parameter, 12);
  const keep = f32x4.splat(load<f32>(parameter, 16));
  const scale = f32x4.splat(argf(5));
  const beta1 = f32x4.splat(argf(6)), beta2 = f32x4.splat(argf(7));
  const rate = f32x4.splat(argf(8)), correction2 = f32x4.splat(argf(9)), epsilon = f32x4.splat(argf(10));
  const rest1 = f32x4.splat(argf(11)), rest2 = f32x4.splat(argf(12));
  for (let i = begin; i < stop; i += 16) {
    const d = f32x4.mul(v128.load(g + i), scale);
    const m1 = madd(beta1, v128.load(m + i), f32x4.mul(rest1, d));
    const v1 = madd(beta2, v128.load(v + i), f32x4.mul(rest2, f32x4.mul(d, d)));
    v128.store(m + i, m1);
    v128.store(v + i, v1);
    const below = f32x4.add(f32x4.sqrt(f32x4.mul(v1, correction2)), epsilon);
    const step = f32x4.div(f32x4.mul(m1, rate), below);
    v128.store(p + i, f32x4.sub(f32x4.mul(v128.load(p + i), keep), step));
  }
}
