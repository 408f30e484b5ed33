// Element-wise kernels. Memory blocks are padded to 64 bytes, so that whole vectors may run past the end.
import {
  AddArguments, AddNArguments, DropoutArguments, ElementsArguments, FillArguments, MulArguments, ScaleArguments,
  SubArguments, SumArguments, SwigluArguments, SwigluGradArguments,
} from "./generated/layout";
import { madd, sigmoidv } from "./math";
import { callSwiglu, callSwigluGradient, hasNative } from "./native";

/** Where the task's elements begin and end, in bytes. */
@inline export function beginOf(args: ElementsArguments, task: i32): usize {
  return <usize> task * <usize> args.perTask << 2;
}

@inline export function endOf(args: ElementsArguments, task: i32): usize {
  return min(<usize> (task + 1) * <usize> args.perTask, <usize> args.elements) << 2;
}

export function addTask(args: AddArguments, task: i32): void {
  const a = args.a, b = args.b, y = args.y, end = endOf(args, task);
  for (let i = beginOf(args, task); i < end; i += 16) {
    v128.store(y + i, f32x4.add(v128.load(a + i), v128.load(b + i)));
  }
}

export function subTask(args: SubArguments, task: i32): void {
  const a = args.a, b = args.b, y = args.y, end = endOf(args, task);
  for (let i = beginOf(args, task); i < end; i += 16) {
    v128.store(y + i, f32x4.sub(v128.load(a + i), v128.load(b + i)));
  }
}

export function mulTask(args: MulArguments, task: i32): void {
  const a = args.a, b = args.b, y = args.y, end = endOf(args, task);
  for (let i = beginOf(args, task); i < end; i += 16) {
    v128.store(y + i, f32x4.mul(v128.load(a + i), v128.load(b + i)));
  }
}

export function scaleTask(args: ScaleArguments, task: i32): void {
  const x = args.x, y = args.y, end = endOf(args, task);
  const factor = f32x4.splat(args.factor);
  for (let i = beginOf(args, task); i < end; i += 16) v128.store(y + i, f32x4.mul(v128.load(x + i), factor));
}

export function fillTask(args: FillArguments, task: i32): void {
  const y = args.y, end = endOf(args, task);
  const value = f32x4.splat(args.value);
  for (let i = beginOf(args, task); i < end; i += 16) v128.store(y + i, value);
}

export function addNTask(args: AddNArguments, task: i32): void {
  const y = args.y, tensors = args.tensors, last = tensors + (<usize> args.count << 2), end = endOf(args, task);
  for (let i = beginOf(args, task); i < end; i += 16) {
    let sum = v128.load(load<usize>(tensors) + i);
    for (let at = tensors + 4; at < last; at += 4) sum = f32x4.add(sum, v128.load(load<usize>(at) + i));
    v128.store(y + i, sum);
  }
}

/** SiLU(gate) ∘ up */
export function swigluTask(args: SwigluArguments, task: i32): void {
  const gate = args.gate, up = args.up, y = args.y, end = endOf(args, task);
  let i = beginOf(args, task);
  if (hasNative()) return callSwiglu(gate + i, up + i, y + i, <i32> ((end - i) >> 2));
  for (; i < end; i += 16) {
    const g = v128.load(gate + i);
    v128.store(y + i, f32x4.mul(f32x4.mul(g, sigmoidv(g)), v128.load(up + i)));
  }
}

export function swigluGradTask(args: SwigluGradArguments, task: i32): void {
  const gate = args.gate, up = args.up, dy = args.dy, dgate = args.dgate, dup = args.dup, end = endOf(args, task);
  let i = beginOf(args, task);
  if (hasNative()) {
    return callSwigluGradient(gate + i, up + i, dy + i, dgate + i, dup + i, <i32> ((end - i) >> 2));
  }
  const one = f32x4.splat(1);
  for (; i < end; i += 16) {
    const g = v128.load(gate + i);
    const d = v128.load(dy + i);
    const s = sigmoidv(g);
    const silu = f32x4.mul(g, s);
    v128.store(dup + i, f32x4.mul(d, silu));
    const slope = f32x4.mul(s, madd(g, f32x4.sub(one, s), one));
    v128.store(dgate + i, f32x4.mul(f32x4.mul(d, v128.load(up + i)), slope));
  }
}

@inline function mix(value: v128): v128 {
  let x = v128.xor(value, i32x4.shr_u(value, 16));
  x = i32x4.mul(x, i32x4.splat(<i32> 0x85ebca6b));
  x = v128.xor(x, i32x4.shr_u(x, 13));
  x = i32x4.mul(x, i32x4.splat(<i32> 0xc2b2ae35));
  return v128.xor(x, i32x4.shr_u(x, 16));
}

export function dropoutTask(args: DropoutArguments, task: i32): void {
  const x = args.x, y = args.y, end = endOf(args, task);
  const seed = i32x4.splat(args.seed);
  const threshold = i32x4.splat(args.threshold);
  const scale = args.dropAll ? f32x4.splat(0) : f32x4.splat(args.scale);
  const lanes = i32x4(1, 2, 3, 4);
  for (let i = beginOf(args, task); i < end; i += 16) {
    const index = i32x4.add(i32x4.splat(<i32> (i >> 2)), lanes);
    const hash = mix(v128.xor(mix(index), seed));
    const mask = v128.and(i32x4.ge_u(hash, threshold), scale);
    v128.store(y + i, f32x4.mul(v128.load(x + i), mask));
  }
}

/** One float64 per task. The tail is added one by one, because padding is not data. */
export function sumTask(args: SumArguments, task: i32): void {
  const sum = sumRange(args.x, beginOf(args, task), endOf(args, task), false);
  store<f64>(args.sums + (<usize> task << 3), sum);
}

/** Sum of the numbers (or squares) in bytes [begin, end) of x, in float64. */
export function sumRange(x: usize, begin: usize, end: usize, squares: bool): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  let i = begin;
  for (; i + 16 <= end; i += 16) {
    let v = v128.load(x + i);
    if (squares) v = f32x4.mul(v, v);
    low = f64x2.add(low, f64x2.promote_low_f32x4(v));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3)));
  }
  const both = f64x2.add(low, high);
  let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; i < end; i += 4) {
    const v = load<f32>(x + i);
    sum += <f64> (squares ? v * v : v);
  }
  return sum;
}
