// Row-wise kernels.
import {
  CopyRowsArguments, EmbeddingArguments, EmbeddingGradArguments, RmsNormArguments, RmsNormGradArguments,
  RopeArguments, RowsArguments, SumRowsArguments,
} from "./generated/layout";
import { madd, nmadd, sumLanes } from "./math";
import { zero } from "./zero";

/** One past the task's last row. */
@inline export function endOf(args: RowsArguments, task: i32): i32 {
  return min((task + 1) * args.perTask, args.rows);
}

/** Σ x² of a row, in one fixed order. */
function sumSquares(x: usize, d: i32): f32 {
  const stop = x + (<usize> d << 2);
  const whole = x + (<usize> (d & ~7) << 2);
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  for (; x < whole; x += 32) {
    const a = v128.load(x), b = v128.load(x, 16);
    s0 = madd(a, a, s0);
    s1 = madd(b, b, s1);
  }
  let sum = sumLanes(f32x4.add(s0, s1));
  for (; x < stop; x += 4) {
    const a = load<f32>(x);
    sum += a * a;
  }
  return sum;
}

/** Root-mean-square norm. */
export function rmsNormTask(args: RmsNormArguments, task: i32): void {
  const d = args.d, bytes = <usize> d << 2, epsilon = args.epsilon, w = args.w;
  const end = endOf(args, task);
  const whole = <usize> (d & ~3) << 2;
  for (let row = task * args.perTask; row < end; row++) {
    const x = args.x + <usize> row * bytes, y = args.y + <usize> row * bytes;
    const inverse = <f32> 1 / sqrt<f32>(sumSquares(x, d) / <f32> d + epsilon);
    const scale = f32x4.splat(inverse);
    let i: usize = 0;
    for (; i < whole; i += 16) {
      v128.store(y + i, f32x4.mul(f32x4.mul(v128.load(x + i), scale), v128.load(w + i)));
    }
    for (; i < bytes; i += 4) store<f32>(y + i, load<f32>(x + i) * inverse * load<f32>(w + i));
  }
}

export function rmsNormGradTask(args: RmsNormGradArguments, task: i32): void {
  const d = args.d, bytes = <usize> d << 2, epsilon = args.epsilon, w = args.w;
  const end = endOf(args, task);
  const whole = <usize> (d & ~3) << 2;
  const dw: usize = args.dw == 0 ? 0 : args.dw + <usize> task * bytes;
  if (dw != 0) zero(dw, bytes);
  for (let row = task * args.perTask; row < end; row++) {
    const x = args.x + <usize> row * bytes, dy = args.dy + <usize> row * bytes;
    const inverse = <f32> 1 / sqrt<f32>(sumSquares(x, d) / <f32> d + epsilon);
    const scale = f32x4.splat(inverse);
    let i: usize = 0;
    if (dw != 0) {
      for (; i < whole; i += 16) {
        const g = f32x4.mul(v128.load(dy + i), f32x4.mul(v128.load(x + i), scale));
        v128.store(dw + i, f32x4.add(v128.load(dw + i), g));
      }
      for (; i < bytes; i += 4) {
        store<f32>(dw + i, load<f32>(dw + i) + load<f32>(dy + i) * load<f32>(x + i) * inverse);
      }
    }
    if (args.dx == 0) continue;
    const dx = args.dx + <usize> row * bytes;
    let sums = f32x4.splat(0);
    for (i = 0; i < whole; i += 16) {
      sums = madd(f32x4.mul(v128.load(dy + i), v128.load(w + i)), v128.load(x + i), sums);
    }
    let dot = sumLanes(sums);
    for (; i < bytes; i += 4) dot += load<f32>(dy + i) * load<f32>(w + i) * load<f32>(x + i);
    const correction: f32 = dot * inverse * inverse / <f32> d;
    const c = f32x4.splat(correction);
    const rest = args.rest == 0 ? 0 : args.rest + <usize> row * bytes;
    for (i = 0; i < whole; i += 16) {
      const g = f32x4.mul(v128.load(dy + i), v128.load(w + i));
      const d = f32x4.mul(nmadd(c, v128.load(x + i), g), scale);
      v128.store(dx + i, rest == 0 ? d : f32x4.add(v128.load(rest + i), d));
    }
    for (; i < bytes; i += 4) {
      const d = (load<f32>(dy + i) * load<f32>(w + i) - correction * load<f32>(x + i)) * inverse;
      store<f32>(dx + i, rest == 0 ? d : load<f32>(rest + i) + d);
    }
  }
}

/** Sums rows; the elements are columns. */
export function sumRowsTask(args: SumRowsArguments, task: i32): void {
  const d = args.elements, n = args.n, stride = <usize> d << 2;
  const begin = task * args.perTask, end = min(begin + args.perTask, d);
  for (let column = begin; column < end; column++) {
    let x = args.x + (<usize> column << 2);
    let sum: f32 = 0;
    for (let i = 0; i < n; i++) {
      sum += load<f32>(x);
      x += stride;
    }
    store<f32>(args.y + (<usize> column << 2), sum);
  }
}

/** Rotary embedding; a row is a position. */
export function ropeTask(args: RopeArguments, task: i32): void {
  const heads = args.heads, half = <usize> args.half << 2, time = args.time;
  const bytes = <usize> heads * half * 2, end = endOf(args, task);
  for (let row = task * args.perTask; row < end; row++) {
    const at = <usize> row * bytes, angles = <usize> (row % time) * half;
    rotateHeads(args.x + at, args.y + at, heads, half, args.cos + angles, args.sin + angles, args.sign);
  }
}

/** Rotates the heads of one position; `half` is half the bytes of a head. */
export function rotateHeads(
  x: usize, y: usize, heads: i32, half: usize, cos: usize, sin: usize, sign: f32,
): void {
  const signs = f32x4.splat(sign);
  const whole = half & ~15;
  for (let head = 0; head < heads; head++) {
    let i: usize = 0;
    for (; i < whole; i += 16) {
      const a = v128.load(x + i), b = v128.load(x + half + i);
      const c = v128.load(cos + i), s = f32x4.mul(v128.load(sin + i), signs);
      v128.store(y + i, nmadd(b, s, f32x4.mul(a, c)));
      v128.store(y + half + i, madd(a, s, f32x4.mul(b, c)));
    }
    for (; i < half; i += 4) {
      const a = load<f32>(x + i), b = load<f32>(x + half + i);
      const c = load<f32>(cos + i), s = load<f32>(sin + i) * sign;
      store<f32>(y + i, a * c - b * s);
      store<f32>(y + half + i, b * c + a * s);
    }
    x += half * 2;
    y += half * 2;
  }
}

/** Looks up rows of a table. */
export function embeddingTask(args: EmbeddingArguments, task: i32): void {
  const bytes = <usize> args.d << 2;
  const end = endOf(args, task);
  for (let row = task * args.perTask; row < end; row++) {
    const id = load<i32>(args.ids + (<usize> row << 2));
    memory.copy(args.y + <usize> row * bytes, args.table + <usize> id * bytes, bytes);
  }
}

/** The table's gradient; each task scans all ids for its own rows. */
export function embeddingGradTask(args: EmbeddingGradArguments, task: i32): void {
  const bytes = <usize> args.d << 2;
  const whole = bytes & ~15;
  const begin = task * args.perTask, end = endOf(args, task);
  const count = args.count;
  memory.fill(args.dtable + <usize> begin * bytes, 0, <usize> (end - begin) * bytes);
  for (let row = 0; row < count; row++) {
    const id = load<i32>(args.ids + (<usize> row << 2));
    if (id < begin || id >= end) continue;
    const to = args.dtable + <usize> id * bytes, from = args.dy + <usize> row * bytes;
    let i: usize = 0;
    for (; i < whole; i += 16) v128.store(to + i, f32x4.add(v128.load(to + i), v128.load(from + i)));
    for (; i < bytes; i += 4) store<f32>(to + i, load<f32>(to + i) + load<f32>(from + i));
  }
}

/** Copies rows of bytes. */
export function copyRowsTask(args: CopyRowsArguments, task: i32): void {
  const bytes = args.bytes;
  const end = endOf(args, task);
  for (let row = task * args.perTask; row < end; row++) {
    memory.copy(args.to + <usize> row * args.toStride, args.from + <usize> row * args.fromStride, bytes);
  }
}
