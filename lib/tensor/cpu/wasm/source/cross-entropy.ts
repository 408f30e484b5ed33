// Cross-entropy of rows of logits. Rows with a negative target are ignored: their loss and gradient are 0.
import { CrossEntropyArguments, CrossEntropyGradArguments, RowSums } from "./generated/layout";
import { expBelow, exps, logs, maxLanes, sumLanes } from "./math";
import { callRowSums, callScaledRow, hasNative, sumParts } from "./native";
import { endOf } from "./rows";
import { scratch } from "./thread";

/** From this many logits on, a row is worth a call of machine code. */
const NATIVE_VOCAB: i32 = 256;

/** Largest number of a row; arbitrary if the row has a NaN, because the sum of exponentials is NaN then. */
@inline function largestOf(x: usize, d: i32): f32 {
  const stop = x + (<usize> d << 2);
  const whole = x + (<usize> (d & ~3) << 2);
  let top: f32 = -Infinity;
  if (whole > x) {
    let tops = v128.load(x);
    for (x += 16; x < whole; x += 16) tops = f32x4.pmax(tops, v128.load(x));
    top = maxLanes(tops);
  }
  for (; x < stop; x += 4) top = max(top, load<f32>(x));
  return top;
}

export function crossEntropyTask(args: CrossEntropyArguments, task: i32): void {
  const vocab = args.vocab, bytes = <usize> vocab << 2;
  const whole = <usize> (vocab & ~3) << 2;
  const end = endOf(args, task);
  for (let row = task * args.perTask; row < end; row++) {
    const x = args.logits + <usize> row * bytes, word = <usize> row << 2;
    const target = load<i32>(args.targets + word);
    if (target < 0) {
      store<f32>(args.losses + word, 0);
      store<f32>(args.logs + word, 0);
      continue;
    }
    let top: f32, sum: f64 = 0;
    let i: usize = 0;
    let sums = f32x4.splat(0);
    if (hasNative() && vocab >= NATIVE_VOCAB) {
      const n = vocab & ~15;
      const native = changetype<RowSums>(scratch() + args.sums);
      callRowSums(x, n, scratch() + args.range, changetype<usize>(native));
      top = load<f32>(native.largest);
      i = <usize> n << 2;
      // If the rest has a larger number, the sum so far is scaled down.
      const rest = vocab > n ? largestOf(x + i, vocab - n) : top;
      const before = <f64> sumParts(native);
      sum = !(rest > top) ? before : top == -Infinity ? 0 : before * <f64> exps(top - rest);
      top = max(top, rest);
    } else top = largestOf(x, vocab);
    const tops = f32x4.splat(top);
    for (; i < whole; i += 16) sums = f32x4.add(sums, expBelow(f32x4.sub(v128.load(x + i), tops)));
    sum += <f64> sumLanes(sums);
    for (; i < bytes; i += 4) sum += <f64> exps(load<f32>(x + i) - top);
    const log = <f64> top + logs(sum);
    store<f32>(args.logs + word, <f32> log);
    const right = target < vocab ? <f64> load<f32>(x + (<usize> target << 2)) : 0;
    store<f32>(args.losses + word, <f32> (log - right));
  }
}

export function crossEntropyGradTask(args: CrossEntropyGradArguments, task: i32): void {
  const vocab = args.vocab, bytes = <usize> vocab << 2;
  const whole = <usize> (vocab & ~3) << 2;
  const end = endOf(args, task);
  for (let row = task * args.perTask; row < end; row++) {
    const x = args.logits + <usize> row * bytes, y = args.dlogits + <usize> row * bytes, word = <usize> row << 2;
    const target = load<i32>(args.targets + word);
    if (target < 0) {
      memory.fill(y, 0, bytes);
      continue;
    }
    const log = load<f32>(args.logs + word), d = load<f32>(args.dy + word);
    const logv = f32x4.splat(log), dv = f32x4.splat(d);
    let i: usize = 0;
    if (hasNative() && vocab >= NATIVE_VOCAB) {
      callScaledRow(x, y, vocab & ~15, log, d, scratch() + args.range);
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
