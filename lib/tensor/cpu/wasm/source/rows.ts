// Kernels that treat every row alike. Common arguments: 0 rows, 1 rows per task, 2 row length.
import { arg, argf, scratch } from "./control";
import { expBelow, exps, logs, madd, nmadd, sumLanes } from "./math";
import { panelColumns, scaledRow, SUM_BYTES, sumParts, sumRow } from "./native";
import { zero } from "./zero";

// @ts-ignore: decorator
@inline
function at(index: i32): usize {
  return <usize> arg(index);
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

/** Root-mean-square norm: 3 x, 4 w, 5 out, 6 ε (float). */
export function rmsNormTask(task: i32): void {
  const d = arg(2), bytes = <usize> d << 2, epsilon = argf(6);
  const end = min((task + 1) * arg(1), arg(0));
  const w = at(4);
  const whole = <usize> (d & ~3) << 2;
  for (let row = task * arg(1); row < end; row++) {
    const x = at(3) + <usize> row * bytes, y = at(5) + <usize> row * bytes;
    const inverse = <f32> 1 / sqrt<f32>(sumSquares(x, d) / <f32> d + epsilon);
    const scale = f32x4.splat(inverse);
    let i: usize = 0;
    for (; i < whole; i += 16) {
      v128.store(y + i, f32x4.mul(f32x4.mul(v128.load(x + i), scale), v128.load(w + i)));
    }
    for (; i < bytes; i += 4) store<f32>(y + i, load<f32>(x + i) * inverse * load<f32>(w + i));
  }
}

/**
 * 3 x, 4 w, 5 dy, 6 ε (float), 7 dx or 0, 8 partial sums of dw, `[tasks, d]`, or 0,
 * 9 what dx is added to, or 0. Rows per task must not depend on the number of threads: the partial sums are added up in
 * order of tasks.
 */
export function rmsNormGradTask(task: i32): void {
  const d = arg(2), bytes = <usize> d << 2, epsilon = argf(6);
  const end = min((task + 1) * arg(1), arg(0));
  const w = at(4);
  const whole = <usize> (d & ~3) << 2;
  const dw: usize = at(8) == 0 ? 0 : at(8) + <usize> task * bytes;
  if (dw != 0) zero(dw, bytes);
  for (let row = task * arg(1); row < end; row++) {
    const x = at(3) + <usize> row * bytes, dy = at(5) + <usize> row * bytes;
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
    if (at(7) == 0) continue;
    const dx = at(7) + <usize> row * bytes;
    let sums = f32x4.splat(0);
    for (i = 0; i < whole; i += 16) {
      sums = madd(f32x4.mul(v128.load(dy + i), v128.load(w + i)), v128.load(x + i), sums);
    }
    let dot = sumLanes(sums);
    for (; i < bytes; i += 4) dot += load<f32>(dy + i) * load<f32>(w + i) * load<f32>(x + i);
    const correction: f32 = dot * inverse * inverse / <f32> d;
    const c = f32x4.splat(correction);
    const rest = at(9) == 0 ? 0 : at(9) + <usize> row * bytes;
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

/** Sum of columns: rows are columns here. 3 x `[n, d]`, 4 n, 5 out `[d]`, with 0 = d, 1 = columns per task. */
export function sumRowsTask(task: i32): void {
  const d = arg(0), n = arg(4), stride = <usize> d << 2;
  const begin = task * arg(1), end = min(begin + arg(1), d);
  for (let column = begin; column < end; column++) {
    let x = at(3) + (<usize> column << 2);
    let sum: f32 = 0;
    for (let i = 0; i < n; i++) {
      sum += load<f32>(x);
      x += stride;
    }
    store<f32>(at(5) + (<usize> column << 2), sum);
  }
}

/** Rotary embedding; a row is one position: 2 heads, 3 x, 4 cos, 5 sin, 6 out, 7 half, 8 time, 9 sign (float). */
export function ropeTask(task: i32): void {
  const heads = arg(2), half = <usize> arg(7) << 2, time = arg(8);
  const sign = argf(9);
  const signs = f32x4.splat(sign);
  const whole = half & ~15;
  const end = min((task + 1) * arg(1), arg(0));
  for (let row = task * arg(1); row < end; row++) {
    const cos = at(4) + <usize> (row % time) * half, sin = at(5) + <usize> (row % time) * half;
    let x = at(3) + <usize> row * <usize> heads * half * 2;
    let y = at(6) + <usize> row * <usize> heads * half * 2;
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
}

/** Rows of a table: 3 table, 4 ids, 5 out. */
export function embeddingTask(task: i32): void {
  const bytes = <usize> arg(2) << 2;
  const end = min((task + 1) * arg(1), arg(0));
  for (let row = task * arg(1); row < end; row++) {
    const id = load<i32>(at(4) + (<usize> row << 2));
    memory.copy(at(5) + <usize> row * bytes, at(3) + <usize> id * bytes, bytes);
  }
}

/** Its gradient; rows are the vocabulary's: 3 dy, 4 ids, 5 dtable, 6 number of ids. Each task looks through all ids. */
export function embeddingGradTask(task: i32): void {
  const bytes = <usize> arg(2) << 2;
  const whole = bytes & ~15;
  const begin = task * arg(1), end = min(begin + arg(1), arg(0));
  const n = arg(6);
  memory.fill(at(5) + <usize> begin * bytes, 0, <usize> (end - begin) * bytes);
  for (let row = 0; row < n; row++) {
    const id = load<i32>(at(4) + (<usize> row << 2));
    if (id < begin || id >= end) continue;
    const to = at(5) + <usize> id * bytes, from = at(3) + <usize> row * bytes;
    let i: usize = 0;
    for (; i < whole; i += 16) v128.store(to + i, f32x4.add(v128.load(to + i), v128.load(from + i)));
    for (; i < bytes; i += 4) store<f32>(to + i, load<f32>(to + i) + load<f32>(from + i));
  }
}

/** Largest of a row; if it holds NaN, anything: the sum of exponentials is NaN then. */
// @ts-ignore: decorator
@inline
export function rowMax(x: usize, d: i32): f32 {
  const stop = x + (<usize> d << 2);
  const whole = x + (<usize> (d & ~3) << 2);
  let top: f32 = -Infinity;
  if (whole > x) {
    let tops = v128.load(x);
    for (x += 16; x < whole; x += 16) tops = f32x4.pmax(tops, v128.load(x));
    top = max(
      max(f32x4.extract_lane(tops, 0), f32x4.extract_lane(tops, 1)),
      max(f32x4.extract_lane(tops, 2), f32x4.extract_lane(tops, 3)),
    );
  }
  for (; x < stop; x += 4) top = max(top, load<f32>(x));
  return top;
}

/** From here on a row is worth a call of the native kernels. */
const NATIVE_VOCAB: i32 = 256;

/** Cross-entropy: 3 logits, 4 targets, 5 out, 6 logsumexp of each row. */
export function crossEntropyTask(task: i32): void {
  const vocab = arg(2), bytes = <usize> vocab << 2;
  const whole = <usize> (vocab & ~3) << 2;
  const end = min((task + 1) * arg(1), arg(0));
  for (let row = task * arg(1); row < end; row++) {
    const x = at(3) + <usize> row * bytes, word = <usize> row << 2;
    const target = load<i32>(at(4) + word);
    if (target < 0) {
      store<f32>(at(5) + word, 0);
      store<f32>(at(6) + word, 0);
      continue;
    }
    let top: f32, sum: f64 = 0;
    let i: usize = 0;
    let sums = f32x4.splat(0);
    if (panelColumns() != 0 && vocab >= NATIVE_VOCAB) {
      const n = vocab & ~15;
      const parts = scratch();
      sumRow(x, n, parts + SUM_BYTES, parts);
      top = load<f32>(parts, 64);
      i = <usize> n << 2;
      // What is left may be larger than all before: then that counts for less.
      const rest = vocab > n ? rowMax(x + i, vocab - n) : top;
      const before = <f64> sumParts(parts);
      sum = !(rest > top) ? before : top == -Infinity ? 0 : before * <f64> exps(top - rest);
      top = max(top, rest);
    } else top = rowMax(x, vocab);
    const tops = f32x4.splat(top);
    for (; i < whole; i += 16) sums = f32x4.add(sums, expBelow(f32x4.sub(v128.load(x + i), tops)));
    sum += <f64> sumLanes(sums);
    for (; i < bytes; i += 4) sum += <f64> exps(load<f32>(x + i) - top);
    const log = <f64> top + logs(sum);
    store<f32>(at(6) + word, <f32> log);
    const right = target < vocab ? <f64> load<f32>(x + (<usize> target << 2)) : 0;
    store<f32>(at(5) + word, <f32> (log - right));
  }
}

/** 3 logits, 4 targets, 5 dy, 6 logsumexp, 7 dlogits. */
export function crossEntropyGradTask(task: i32): void {
  const vocab = arg(2), bytes = <usize> vocab << 2;
  const whole = <usize> (vocab & ~3) << 2;
  const end = min((task + 1) * arg(1), arg(0));
  for (let row = task * arg(1); row < end; row++) {
    const x = at(3) + <usize> row * bytes, y = at(7) + <usize> row * bytes, word = <usize> row << 2;
    const target = load<i32>(at(4) + word);
    if (target < 0) {
      memory.fill(y, 0, bytes);
      continue;
    }
    const log = load<f32>(at(6) + word), d = load<f32>(at(5) + word);
    const logv = f32x4.splat(log), dv = f32x4.splat(d);
    let i: usize = 0;
    if (panelColumns() != 0 && vocab >= NATIVE_VOCAB) {
      scaledRow(x, y, vocab & ~15, log, d, scratch());
      i = <usize> (vocab & ~15) << 2;
    }
    for (; i < whole; i += 16) v128.store(y + i, f32x4.mul(expBelow(f32x4.sub(v128.load(x + i), logv)), dv));
    for (; i < bytes; i += 4) store<f32>(y + i, exps(load<f32>(x + i) - log) * d);
    if (target < vocab) {
      const place = y + (<usize> target << 2);
      store<f32>(place, load<f32>(place) - d);
    }
  }
}

/** E2H, row by row: 2 d, 3 hub, 4 z, 5 out, 6 n experts, 7… projected. */
export function expertsIntoHubTask(task: i32): void {
  const d = arg(2), bytes = <usize> d << 2, n = arg(6);
  const end = min((task + 1) * arg(1), arg(0));
  for (let row = task * arg(1); row < end; row++) {
    const offset = <usize> row * bytes;
    const z = at(4) + offset * <usize> (n + 1);
    for (let j = 0; j < d; j += 4) {
      const i = <usize> j << 2;
      // the last vector of a row may reach into the next one: what it computes there is dropped
      let top = v128.load(z + i);
      for (let m = 1; m <= n; m++) top = f32x4.pmax(top, v128.load(z + <usize> m * bytes + i));
      let e = expBelow(f32x4.sub(v128.load(z + i), top));
      let below = e;
      let sum = f32x4.mul(e, v128.load(at(3) + offset + i));
      for (let m = 1; m <= n; m++) {
        e = expBelow(f32x4.sub(v128.load(z + <usize> m * bytes + i), top));
        below = f32x4.add(below, e);
        sum = madd(e, v128.load(at(6 + m) + offset + i), sum);
      }
      storeUpTo(at(5) + offset + i, f32x4.div(sum, below), d - j);
    }
  }
}

/** 2 d, 3 hub, 4 z, 5 dy, 6 n experts, 7… projected (n), then dz, dhub, dprojected (n). */
export function expertsIntoHubGradTask(task: i32): void {
  const d = arg(2), bytes = <usize> d << 2, n = arg(6);
  const end = min((task + 1) * arg(1), arg(0));
  const outputs = 7 + n;
  for (let row = task * arg(1); row < end; row++) {
    const offset = <usize> row * bytes;
    const z = at(4) + offset * <usize> (n + 1);
    const dz = at(outputs) + offset * <usize> (n + 1);
    for (let j = 0; j < d; j += 4) {
      const i = <usize> j << 2;
      const left = d - j;
      let top = v128.load(z + i);
      for (let m = 1; m <= n; m++) top = f32x4.pmax(top, v128.load(z + <usize> m * bytes + i));
      let below = f32x4.splat(0);
      let sum = f32x4.splat(0);
      for (let m = 0; m <= n; m++) {
        const e = expBelow(f32x4.sub(v128.load(z + <usize> m * bytes + i), top));
        below = f32x4.add(below, e);
        sum = madd(e, v128.load((m == 0 ? at(3) : at(6 + m)) + offset + i), sum);
      }
      const y = f32x4.div(sum, below);
      const d4 = v128.load(at(5) + offset + i);
      for (let m = 0; m <= n; m++) {
        const e = expBelow(f32x4.sub(v128.load(z + <usize> m * bytes + i), top));
        const dstate = f32x4.mul(d4, f32x4.div(e, below));
        const state = v128.load((m == 0 ? at(3) : at(6 + m)) + offset + i);
        storeUpTo(dz + <usize> m * bytes + i, f32x4.mul(dstate, f32x4.sub(state, y)), left);
        storeUpTo(at(outputs + 1 + m) + offset + i, dstate, left);
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function storeUpTo(to: usize, value: v128, count: i32): void {
  if (count >= 4) {
    v128.store(to, value);
    return;
  }
  store<f32>(to, f32x4.extract_lane(value, 0));
  if (count > 1) store<f32>(to, f32x4.extract_lane(value, 1), 4);
  if (count > 2) store<f32>(to, f32x4.extract_lane(value, 2), 8);
}

/** Rows of bytes from one place to another: 2 bytes per row, 3 from, 4 its stride in bytes, 5 to, 6 its stride. */
export function copyRowsTask(task: i32): void {
  const bytes = <usize> arg(2);
  const end = min((task + 1) * arg(1), arg(0));
  for (let row = task * arg(1); row < end; row++) {
    memory.copy(at(5) + <usize> row * at(6), at(3) + <usize> row * at(4), bytes);
  }
}
