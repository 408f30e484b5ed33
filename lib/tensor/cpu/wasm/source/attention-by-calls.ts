// Causal attention whose products are calls of machine code or of the system's BLAS. At any time, scores exist for one
// strip of queries only. With machine code, exponentials are calls, too.
import { dot, gradRow, scaleRow, softmaxRow } from "./attention";
import {
  ATTENTION_ROWS, ATTENTION_STRIP, AttentionByCallsArguments, AttentionByCallsGradArguments, AttentionDeltasArguments,
  Product, RowRange, RowSums,
} from "./generated/layout";
import { logs as logOf } from "./math";
import { callSoftmax, callSoftmaxGradient, hasNative, setRange, sumParts } from "./native";
import { packPanels, panelBytes } from "./panels";
import { multiply } from "./products";
import { endOf } from "./rows";
import { scratch, threadProduct } from "./thread";
import { zero } from "./zero";

@inline export function roundUp16(n: i32): i32 {
  return (n + 15) & ~15;
}

/** The thread's product, set to C = A·B. */
export function plainProduct(): Product {
  const product = threadProduct();
  product.alpha = 1;
  product.addend = 0;
  product.transposeA = 0;
  product.transposeB = 0;
  return product;
}

/** Sets B to rows `begin` to `begin + N` of a matrix, transposed; `panels` holds the whole matrix. */
@inline function setRowsOfB(product: Product, b: usize, ld: usize, panels: usize, begin: i32, unit: i32): void {
  const step = panelBytes(product.K);
  product.b = b + <usize> begin * ld;
  product.ldb = ld;
  product.transposeB = 1;
  product.panels = panels + <usize> (begin / unit) * step;
  product.panelStep = step;
}

/** Sets B to rows `begin` to `begin + K` of a matrix of S rows; `panels` holds the whole matrix. */
@inline function setStepsOfB(product: Product, b: usize, ld: usize, panels: usize, begin: i32, S: i32): void {
  product.b = b + <usize> begin * ld;
  product.ldb = ld;
  product.transposeB = 0;
  product.panels = panels + panelBytes(begin);
  product.panelStep = panelBytes(S);
}

/** Queries of a strip that are multiplied at a time. */
@inline function rowsAtOnce(): i32 {
  return hasNative() ? ATTENTION_ROWS : ATTENTION_STRIP;
}

/** One past the last key that queries up to `row` of a strip see together; the strip has `rows` queries and n keys. */
@inline function endOfKeys(row: i32, rows: i32, n: i32): i32 {
  return n - rows + min(row, rows);
}

/** One past the last key of the scores of query `i` of a strip. */
@inline function endOfRow(i: i32, rows: i32, n: i32): i32 {
  return endOfKeys((i / ATTENTION_ROWS + 1) * ATTENTION_ROWS, rows, n);
}

/** Multiplies the queries of a strip by the keys that they see: `a`, with a row stride of `lda`, by all keys. */
function multiplyByKeys(product: Product, a: usize, lda: usize, c: usize, lds: usize, rows: i32, n: i32): void {
  const some = rowsAtOnce();
  product.lda = lda, product.ldc = lds;
  for (let i = 0; i < rows; i += some) {
    product.M = min(some, rows - i), product.N = endOfKeys(i + some, rows, n);
    product.a = a + <usize> i * lda, product.c = c + <usize> i * lds;
    multiply(product, 0);
  }
}

/** Multiplies a strip of scores by the values, or keys, that each query sees. */
function multiplyScores(product: Product, a: usize, lds: usize, c: usize, ldc: usize, rows: i32, n: i32): void {
  const some = rowsAtOnce();
  product.lda = lds, product.ldc = ldc;
  for (let i = 0; i < rows; i += some) {
    product.M = min(some, rows - i), product.K = endOfKeys(i + some, rows, n);
    product.a = a + <usize> i * lds, product.c = c + <usize> i * ldc;
    multiply(product, 0);
  }
}

/**
 * Adds Aᵀ·B to C, where A is a strip of scores, `[rows, n]`, and B `[rows, N]` is packed to `panels`. Queries that do not
 * see a key are left out.
 */
function addTransposed(
  product: Product, a: usize, lds: usize, b: usize, ld: usize, panels: usize, c: usize, rows: i32, n: i32,
): void {
  const some = rowsAtOnce(), ldc = product.ldc;
  if (hasNative()) packPanels(b, ld, false, rows, product.N, panels);
  product.transposeA = 1;
  product.lda = lds;
  let key = 0;
  for (let i = 0; i < rows; i += some) {
    const end = endOfKeys(i + some, rows, n);
    product.M = end - key, product.K = rows - i;
    product.a = a + <usize> i * lds + (<usize> key << 2);
    product.c = c + <usize> key * ldc;
    product.addend = product.c;
    setStepsOfB(product, b, ld, panels, i, rows);
    multiply(product, 0);
    key = end;
  }
  product.addend = 0;
  product.transposeA = 0;
}

/** Fills [from, first) and [stop, to) of a row. */
@inline export function fillOutside(row: usize, from: i32, first: i32, stop: i32, to: i32, value: f32): void {
  fillRun(row + (<usize> from << 2), first - from, value);
  fillRun(row + (<usize> stop << 2), to - stop, value);
}

@inline function fillRun(at: usize, count: i32, value: f32): void {
  const four = f32x4.splat(value);
  for (; count >= 4; count -= 4, at += 16) v128.store(at, four);
  for (; count > 0; count--, at += 4) store<f32>(at, value);
}

/** Sets a row's range: whole vectors around [first, stop). */
@inline export function setRowRange(table: usize, row: i32, first: i32, stop: i32, a: f32, b: f32): void {
  setRange(table + <usize> row * offsetof<RowRange>(), (first & ~15) << 2, roundUp16(stop) << 2, a, b);
}

/** Job: a run of queries of one or more heads that read the same keys and values. */
export function attentionByCallsTask(args: AttentionByCallsArguments, task: i32): void {
  const T = args.T, S = args.S, H = args.H, G = args.G, D = args.D;
  const perTask = args.queriesPerTask, tasks = args.tasksPerHead, heads = args.headsPerTask;
  const first = task / tasks * heads; // of the heads of all sequences
  const batch = first / H, g = first % H / (H / G);
  const ldk = <usize> (G * D) << 2, kOffset = <usize> batch * <usize> S * ldk + (<usize> (g * D) << 2);
  const t0 = (task % tasks) * perTask, t1 = min(t0 + perTask, T), seen = S - T + t1;
  if (hasNative()) {
    packPanels(args.k + kOffset, ldk, true, D, seen, scratch() + args.keys);
    packPanels(args.v + kOffset, ldk, false, seen, D, scratch() + args.values);
  }
  for (let head = first; head < first + heads; head++) attendByCalls(args, head, kOffset, t0, t1);
}

/** Queries `t0` to `t1` of a head; keys and values that they see are packed. */
function attendByCalls(args: AttentionByCallsArguments, head: i32, kOffset: usize, t0: i32, t1: i32): void {
  const T = args.T, S = args.S, H = args.H, D = args.D, batch = head / H;
  const ldq = <usize> (H * D) << 2, ldk = <usize> (args.G * D) << 2, lds = <usize> args.lds << 2;
  const qOffset = <usize> batch * <usize> T * ldq + (<usize> (head % H * D) << 2);
  const k = args.k + kOffset, v = args.v + kOffset, seen = S - T + t1;
  const logs = args.logs + (<usize> head * <usize> T << 2);
  const firsts = args.firstKeys + (<usize> batch * <usize> T << 2);
  const own = scratch();
  const scores = own + args.scores, scales = own + args.scales, keys = own + args.keys, values = own + args.values;
  const product = plainProduct();
  for (let t = t0; t < t1; t += ATTENTION_STRIP) {
    const rows = min(ATTENTION_STRIP, t1 - t);
    const begin = load<i32>(firsts + (<usize> t << 2)) & ~(args.unit - 1);
    const n = S - T + t + rows - begin;
    const offset = qOffset + <usize> t * ldq, out = args.out + offset;
    product.K = D, product.alpha = args.scale;
    setRowsOfB(product, k, ldk, keys, begin, args.unit);
    multiplyByKeys(product, args.q + offset, ldq, scores, lds, rows, n);
    const from = firsts + (<usize> t << 2), to = logs + (<usize> t << 2), diagonal = S - T + t + 1 - begin;
    if (hasNative()) softmaxStrip(args, rows, n, begin, diagonal, from, to);
    else {
      for (let i = 0; i < rows; i++) {
        const first = load<i32>(from + (<usize> i << 2)) - begin;
        const scale = softmaxRow(scores + <usize> i * lds, 0, first, diagonal + i, n, to + (<usize> i << 2));
        store<f32>(scales + (<usize> i << 2), scale);
      }
    }
    product.N = D, product.alpha = 1;
    setStepsOfB(product, v, ldk, values, begin, seen);
    multiplyScores(product, scores, lds, out, ldq, rows, n);
    for (let i = 0; i < rows; i++) scaleRow(out + <usize> i * ldq, D, load<f32>(scales + (<usize> i << 2)));
  }
}

/**
 * Softmax of a strip by machine code. Row i has keys from its document's first to `diagonal + i`, of `n` in the strip.
 */
function softmaxStrip(
  args: AttentionByCallsArguments, rows: i32, n: i32, begin: i32, diagonal: i32, firsts: usize, logs: usize,
): void {
  const own = scratch(), lds = <usize> args.lds << 2;
  const scores = own + args.scores, ranges = own + args.ranges, sums = own + args.sums;
  for (let i = 0; i < rows; i++) {
    const first = load<i32>(firsts + (<usize> i << 2)) - begin, stop = diagonal + i;
    fillOutside(scores + <usize> i * lds, first & ~15, first, stop, roundUp16(stop), -Infinity);
    setRowRange(ranges, i, first, stop, 0, 0);
  }
  callSoftmax(scores, lds, rows, ranges, sums);
  for (let i = 0; i < rows; i++) {
    const first = load<i32>(firsts + (<usize> i << 2)) - begin;
    const row = changetype<RowSums>(sums + <usize> i * offsetof<RowSums>());
    const sum = sumParts(row);
    fillOutside(scores + <usize> i * lds, 0, first, diagonal + i, endOfRow(i, rows, n), 0);
    store<f32>(logs + (<usize> i << 2), load<f32>(row.largest) + <f32> logOf(sum));
    store<f32>(own + args.scales + (<usize> i << 2), <f32> 1 / sum);
  }
}

/**
 * Job: the inner products of the heads' results with their gradients, in the order of memory: in that of
 * {@linkcode attentionByCallsGradTask}, each would wait for memory.
 */
export function attentionDeltasTask(args: AttentionDeltasArguments, task: i32): void {
  const D = args.D, bytes = <usize> D << 2, end = endOf(args, task);
  for (let row = task * args.perTask; row < end; row++) {
    const place = <usize> row * bytes;
    store<f32>(args.deltas + (<usize> row << 2), dot(args.out + place, args.dout + place, D));
  }
}

/** Job: one key-value head of one sequence, with all query heads that read it. */
export function attentionByCallsGradTask(args: AttentionByCallsGradArguments, task: i32): void {
  const T = args.T, S = args.S, H = args.H, G = args.G, D = args.D, scale = args.scale, unit = args.unit;
  const batch = task / G, g = task % G, group = H / G;
  const ldq = <usize> (H * D) << 2, ldk = <usize> (G * D) << 2, lds = <usize> args.lds << 2;
  const kOffset = <usize> batch * <usize> S * ldk + (<usize> (g * D) << 2);
  const k = args.k + kOffset, v = args.v + kOffset, dk = args.dk + kOffset, dv = args.dv + kOffset;
  const firsts = args.firstKeys + (<usize> batch * <usize> T << 2);
  const own = scratch(), P = own + args.scores, dS = own + args.dScores, ranges = own + args.ranges;
  const keys = own + args.keys, values = own + args.values, keyRows = own + args.keyRows;
  const panels = own + args.panels;
  if (hasNative()) {
    packPanels(k, ldk, true, D, S, keys);
    packPanels(v, ldk, true, D, S, values);
    packPanels(k, ldk, false, S, D, keyRows);
  }
  for (let s = 0; s < S; s++) {
    zero(dk + <usize> s * ldk, <usize> D << 2);
    zero(dv + <usize> s * ldk, <usize> D << 2);
  }
  const product = plainProduct();
  for (let h = g * group; h < (g + 1) * group; h++) {
    const qOffset = <usize> batch * <usize> T * ldq + (<usize> (h * D) << 2);
    const logs = args.logs + (<usize> (batch * H + h) * <usize> T << 2);
    for (let t = 0; t < T; t += ATTENTION_STRIP) {
      const rows = min(ATTENTION_STRIP, T - t);
      const begin = load<i32>(firsts + (<usize> t << 2)) & ~(unit - 1);
      const n = S - T + t + rows - begin, diagonal = S - T + t + 1 - begin;
      const from = qOffset + <usize> t * ldq, offset = <usize> begin * ldk;
      const q = args.q + from, dout = args.dout + from;
      product.K = D, product.alpha = scale;
      setRowsOfB(product, k, ldk, keys, begin, unit);
      multiplyByKeys(product, q, ldq, P, lds, rows, n);
      product.alpha = 1;
      setRowsOfB(product, v, ldk, values, begin, unit);
      multiplyByKeys(product, dout, ldq, dS, lds, rows, n);
      for (let i = 0; i < rows; i++) {
        const place = <usize> i * lds;
        const delta = load<f32>(args.deltas + (<usize> ((batch * T + t + i) * H + h) << 2));
        const log = load<f32>(logs + (<usize> (t + i) << 2));
        const first = load<i32>(firsts + (<usize> (t + i) << 2)) - begin, stop = diagonal + i;
        if (hasNative()) setRowRange(ranges, i, first, stop, log, delta);
        else gradRow(P + place, dS + place, 0, first, stop, n, log, delta);
      }
      if (hasNative()) {
        callSoftmaxGradient(P, dS, lds, rows, ranges);
        for (let i = 0; i < rows; i++) {
          const first = load<i32>(firsts + (<usize> (t + i) << 2)) - begin, place = <usize> i * lds;
          const end = endOfRow(i, rows, n);
          fillOutside(P + place, 0, first, diagonal + i, end, 0);
          fillOutside(dS + place, 0, first, diagonal + i, end, 0);
        }
      }
      product.N = D, product.alpha = scale;
      setStepsOfB(product, k, ldk, keyRows, begin, S);
      multiplyScores(product, dS, lds, args.dq + from, ldq, rows, n);
      product.alpha = 1, product.ldc = ldk;
      addTransposed(product, P, lds, dout, ldq, panels, dv + offset, rows, n);
      product.alpha = scale;
      addTransposed(product, dS, lds, q, ldq, panels, dk + offset, rows, n);
    }
  }
}
