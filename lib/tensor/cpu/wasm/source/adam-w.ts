// AdamW on all parameters at once, one chunk per task.
import { AdamWArguments, AdamWChunk, AdamWParameter, SquaresArguments } from "./generated/layout";
import { sumRange } from "./elementwise";
import { madd } from "./math";

@inline function chunkOf(table: usize, task: i32): AdamWChunk {
  return changetype<AdamWChunk>(table + <usize> task * offsetof<AdamWChunk>());
}

@inline function parameterOf(table: usize, chunk: AdamWChunk): AdamWParameter {
  return changetype<AdamWParameter>(table + <usize> chunk.parameter * offsetof<AdamWParameter>());
}

export function squaresTask(args: SquaresArguments, task: i32): void {
  const chunk = chunkOf(args.chunks, task);
  const begin = <usize> chunk.first << 2;
  const sum = sumRange(parameterOf(args.parameters, chunk).g, begin, begin + (<usize> chunk.count << 2), true);
  store<f64>(args.sums + (<usize> task << 3), sum);
}

export function adamWTask(args: AdamWArguments, task: i32): void {
  const chunk = chunkOf(args.chunks, task);
  const parameter = parameterOf(args.parameters, chunk);
  const begin = <usize> chunk.first << 2;
  const end = begin + (<usize> chunk.count << 2);
  const p = parameter.p, g = parameter.g, m = parameter.m, v = parameter.v;
  const keep = f32x4.splat(parameter.keep), scale = f32x4.splat(args.scale);
  const beta1 = f32x4.splat(args.beta1), beta2 = f32x4.splat(args.beta2);
  const rate = f32x4.splat(args.rate), correction2 = f32x4.splat(args.correction2);
  const epsilon = f32x4.splat(args.epsilon);
  const rest1 = f32x4.splat(args.rest1), rest2 = f32x4.splat(args.rest2);
  for (let i = begin; i < end; i += 16) {
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
