// The two stitch layers: hub into expert, element by element, and experts into hub, row by row.
import {
  ExpertsIntoHubArguments, ExpertsIntoHubGradArguments, HubIntoExpertArguments, HubIntoExpertGradArguments,
} from "./generated/layout";
import { beginOf, endOf } from "./elementwise";
import { expBelow, madd, sigmoidv } from "./math";

export function hubIntoExpertTask(args: HubIntoExpertArguments, task: i32): void {
  const expert = args.expert, projected = args.projected, z = args.z, y = args.y, end = endOf(args, task);
  for (let i = beginOf(args, task); i < end; i += 16) {
    const e = v128.load(expert + i);
    v128.store(y + i, madd(sigmoidv(v128.load(z + i)), f32x4.sub(v128.load(projected + i), e), e));
  }
}

export function hubIntoExpertGradTask(args: HubIntoExpertGradArguments, task: i32): void {
  const expert = args.expert, projected = args.projected, z = args.z, dy = args.dy, end = endOf(args, task);
  const dexpert = args.dexpert, dprojected = args.dprojected, dz = args.dz;
  const one = f32x4.splat(1);
  for (let i = beginOf(args, task); i < end; i += 16) {
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

/** An address from a list. */
@inline function at(list: usize, index: i32): usize {
  return load<usize>(list + (<usize> index << 2));
}

/** Each lane's largest gate logit. */
@inline function largest(z: usize, count: i32, bytes: usize): v128 {
  let top = v128.load(z);
  for (let m = 1; m < count; m++) top = f32x4.pmax(top, v128.load(z + <usize> m * bytes));
  return top;
}

// The last vector of a row may reach into the next row; what is computed there is discarded.

export function expertsIntoHubTask(args: ExpertsIntoHubArguments, task: i32): void {
  const d = args.d, bytes = <usize> d << 2, count = args.count, states = args.states;
  const end = min((task + 1) * args.perTask, args.rows);
  for (let row = task * args.perTask; row < end; row++) {
    const offset = <usize> row * bytes;
    const zs = args.z + offset * <usize> count;
    for (let j = 0; j < d; j += 4) {
      const i = <usize> j << 2, z = zs + i;
      const top = largest(z, count, bytes);
      let e = expBelow(f32x4.sub(v128.load(z), top));
      let below = e;
      let sum = f32x4.mul(e, v128.load(at(states, 0) + offset + i));
      for (let m = 1; m < count; m++) {
        e = expBelow(f32x4.sub(v128.load(z + <usize> m * bytes), top));
        below = f32x4.add(below, e);
        sum = madd(e, v128.load(at(states, m) + offset + i), sum);
      }
      storeUpTo(args.y + offset + i, f32x4.div(sum, below), d - j);
    }
  }
}

export function expertsIntoHubGradTask(args: ExpertsIntoHubGradArguments, task: i32): void {
  const d = args.d, bytes = <usize> d << 2, count = args.count;
  const states = args.tensors, gradients = states + (<usize> count << 2);
  const end = min((task + 1) * args.perTask, args.rows);
  for (let row = task * args.perTask; row < end; row++) {
    const offset = <usize> row * bytes;
    const zs = args.z + offset * <usize> count;
    const dzs = args.dz + offset * <usize> count;
    for (let j = 0; j < d; j += 4) {
      const i = <usize> j << 2, z = zs + i;
      const left = d - j;
      const top = largest(z, count, bytes);
      let below = f32x4.splat(0);
      let sum = f32x4.splat(0);
      for (let m = 0; m < count; m++) {
        const e = expBelow(f32x4.sub(v128.load(z + <usize> m * bytes), top));
        below = f32x4.add(below, e);
        sum = madd(e, v128.load(at(states, m) + offset + i), sum);
      }
      const y = f32x4.div(sum, below);
      const dy = v128.load(args.dy + offset + i);
      for (let m = 0; m < count; m++) {
        const e = expBelow(f32x4.sub(v128.load(z + <usize> m * bytes), top));
        const dstate = f32x4.mul(dy, f32x4.div(e, below));
        const state = v128.load(at(states, m) + offset + i);
        storeUpTo(dzs + <usize> m * bytes + i, f32x4.mul(dstate, f32x4.sub(state, y)), left);
        storeUpTo(at(gradients, m) + offset + i, dstate, left);
      }
    }
  }
}

@inline function storeUpTo(to: usize, value: v128, count: i32): void {
  if (count >= 4) {
    v128.store(to, value);
    return;
  }
  store<f32>(to, f32x4.extract_lane(value, 0));
  if (count > 1) store<f32>(to, f32x4.extract_lane(value, 1), 4);
  if (count > 2) store<f32>(to, f32x4.extract_lane(value, 2), 8);
}
