// Jobs for products by AMX, one run of k at a time (x86/split.ts and x86/amx.ts describe how numbers are split and
// multiplied). B is split once for all threads; A is split block by block, and a block stays in the second-level cache
// while B streams by.
import {
  AMX_BLOCK, AMX_GROUP, AMX_GROUP_BYTES, AMX_STEP, AMX_STEP_BYTES, AMX_STRIP, AmxArguments, AmxCall, AmxSplit,
  AmxTarget, AmxTask, Native, SplitCall, SplitForAmxArguments,
} from "./generated/layout";
import { absolute, callNative } from "./native";
import { multiplyByPanels, packPanels, panelBytes, setMaskBits } from "./panels";
import { callArguments, scratch, secondCallArguments, threadProduct } from "./thread";

/**
 * 2^60, as bits without the sign, shifted left by one; infinities and NaN are above. Split, an infinity would become
 * NaN, and so would a product that overflows: some of its parts could be infinite and others minus infinity.
 */
const TOO_LARGE: i32 = 0xbb000000;

@inline function stripBytes(K: i32): usize {
  return <usize> ((K + AMX_STEP - 1) / AMX_STEP) * AMX_STEP_BYTES;
}

/** Whether k is the contiguous dimension of the stored matrix. */
@inline function isAlongK(form: i32): bool {
  return (form & 2) == 0;
}

/**
 * Splits `lines` rows of A, or columns of B, of K numbers each, into strips of `strip` bytes.
 *
 * @param ld row stride of the stored matrix
 * @param form which of the splitting kernels, as from `splitForm()`
 * @param edge memory for a group at the edge
 * @returns whether all numbers are small enough to be split
 */
function split(from: usize, ld: usize, form: i32, lines: i32, K: i32, to: usize, strip: usize, edge: usize): bool {
  const alongK = isAlongK(form);
  const steps = (K + AMX_STEP - 1) / AMX_STEP, groups = 2 * ((lines + AMX_STRIP - 1) / AMX_STRIP);
  const stepBytes: usize = alongK ? AMX_STEP << 2 : AMX_STEP * ld;
  const groupBytes: usize = alongK ? AMX_GROUP * ld : AMX_GROUP << 2;
  const wholeGroups = lines / AMX_GROUP, wholeSteps = K / AMX_STEP;
  const call = secondCallArguments<SplitCall>();
  memory.fill(call.largest, 0, 64);
  call.strip = strip;
  if (wholeGroups > 0 && wholeSteps > 0) {
    call.groups = wholeGroups;
    call.groupBytes = groupBytes;
    splitSteps(call, form, from, ld, to, wholeSteps, stepBytes);
  }
  call.groups = 1;
  for (let g = 0; g < groups; g++) {
    for (let s = g < wholeGroups ? wholeSteps : 0; s < steps; s++) {
      const source = from + <usize> g * groupBytes + <usize> s * stepBytes;
      const n = max(0, min(AMX_GROUP, lines - AMX_GROUP * g)), k = min(AMX_STEP, K - AMX_STEP * s);
      const wide = alongK ? AMX_STEP : AMX_GROUP;
      copyEdge(source, ld, alongK ? n : k, alongK ? k : n, wide, edge);
      const place = to + <usize> (g >> 1) * strip + <usize> (g & 1) * AMX_GROUP_BYTES + <usize> s * AMX_STEP_BYTES;
      splitSteps(call, form, edge, wide << 2, place, 1, 0);
    }
  }
  const largest = i32x4.max_u(
    i32x4.max_u(v128.load(call.largest), v128.load(call.largest, 16)),
    i32x4.max_u(v128.load(call.largest, 32), v128.load(call.largest, 48)),
  );
  return !v128.any_true(i32x4.ge_u(largest, i32x4.splat(TOO_LARGE)));
}

function splitSteps(call: SplitCall, form: i32, from: usize, ld: usize, to: usize, steps: i32, stepBytes: usize): void {
  call.from = absolute(from);
  call.ld = ld;
  call.to = absolute(to);
  call.steps = steps;
  call.stepBytes = stepBytes;
  callNative(changetype<usize>(call), Native.splitAlongK + form);
}

/** Copies the existing part of a group's step at the edge into zeros: `wide` floats per row, 512 in total. */
function copyEdge(from: usize, ld: usize, rows: i32, columns: i32, wide: i32, to: usize): void {
  memory.fill(to, 0, <usize> (AMX_GROUP * AMX_STEP) << 2);
  if (columns == 0) return; // a group beyond the matrix, which may be beyond the memory: copying nothing from there traps
  for (let i = 0; i < rows; i++) {
    memory.copy(to + (<usize> (i * wide) << 2), from + <usize> i * ld, <usize> columns << 2);
  }
}

/** Job: splits columns of B. */
export function splitForAmxTask(args: SplitForAmxArguments, task: i32): void {
  const t = changetype<AmxSplit>(args.table + <usize> task * offsetof<AmxSplit>());
  const fits = split(t.from, t.ld, t.form, t.lines, t.K, t.to, stripBytes(t.K), scratch() + args.edge);
  if (!fits) store<i32>(t.tooLarge, 1);
}

/** Job: rows of products of one A. */
export function amxTask(args: AmxArguments, task: i32): void {
  const t = changetype<AmxTask>(args.table + <usize> task * offsetof<AmxTask>());
  const next: usize = isAlongK(t.form) ? t.lda : 4; // from one row of A to the next
  for (let m = 0; m < t.rows; m += AMX_STRIP * AMX_BLOCK) {
    const rows = min(AMX_STRIP * AMX_BLOCK, t.rows - m), from = t.a + <usize> m * next;
    if (multiplyRows(args, t, from, t.firstRow + m, rows)) continue;
    // A number is too large: only its strip is left to AVX-512.
    for (let r = 0; r < rows; r += AMX_STRIP) {
      const some = from + <usize> r * next, n = min(AMX_STRIP, rows - r), row = t.firstRow + m + r;
      if (multiplyRows(args, t, some, row, n)) continue;
      for (let i = 0; i < t.targetCount; i++) multiplyByVectors(args, t, some, targetOf(args, t, i), row, n);
    }
  }
}

@inline function targetOf(args: AmxArguments, task: AmxTask, index: i32): AmxTarget {
  return changetype<AmxTarget>(args.table + task.targets + <usize> index * offsetof<AmxTarget>());
}

/** Multiplies a block of rows with every target; does nothing and returns false if a number in it is too large. */
function multiplyRows(args: AmxArguments, task: AmxTask, a: usize, row: i32, rows: i32): bool {
  const K = task.K, strips = scratch() + args.block;
  if (!split(a, task.lda, task.form, rows, K, strips, stripBytes(K), scratch() + args.edge)) return false;
  for (let i = 0; i < task.targetCount; i++) {
    const target = targetOf(args, task, i);
    if (load<i32>(target.tooLarge) != 0) multiplyByVectors(args, task, a, target, row, rows);
    else multiply(strips, target, row, rows, K, scratch() + args.edge);
  }
  return true;
}

function multiply(strips: usize, target: AmxTarget, row: i32, rows: i32, K: i32, edge: usize): void {
  const N = target.N, strip = stripBytes(K);
  const count = (rows + AMX_STRIP - 1) / AMX_STRIP, panels = (N + AMX_STRIP - 1) / AMX_STRIP;
  const columns = N - (panels - 1) * AMX_STRIP;
  const call = callArguments<AmxCall>();
  call.a = absolute(strips);
  call.stepA = strip;
  call.stripsA = count;
  call.b = absolute(target.strips);
  call.stepB = strip;
  call.stripsB = panels;
  call.steps = (K + AMX_STEP - 1) / AMX_STEP;
  call.c = absolute(target.c + <usize> row * target.ldc);
  call.ldc = target.ldc;
  call.add = <u64> (target.addend != 0);
  call.addend = <i64> <u64> target.addend - <i64> <u64> target.c;
  call.rows = rows - (count - 1) * AMX_STRIP;
  call.partial = <u64> (columns < AMX_STRIP);
  setMaskBits(call.mask, columns);
  call.edge = absolute(edge);
  callNative(changetype<usize>(call), Native.amx);
}

/** Multiplies by AVX-512, one strip of rows and columns at a time. */
function multiplyByVectors(args: AmxArguments, task: AmxTask, a: usize, target: AmxTarget, row: i32, rows: i32): void {
  const N = target.N, K = task.K, alongK = isAlongK(task.form);
  const panel = scratch() + args.panel;
  const product = threadProduct();
  product.K = K;
  product.alpha = 1;
  product.lda = task.lda;
  product.transposeA = <i32> !alongK;
  product.panels = panel;
  product.panelStep = panelBytes(K);
  product.ldc = target.ldc;
  for (let n = 0; n < N; n += AMX_STRIP) {
    product.N = min(AMX_STRIP, N - n);
    const transposed = target.transposeB != 0;
    packPanels(target.b + <usize> n * (transposed ? target.ldb : 4), target.ldb, transposed, K, product.N, panel);
    for (let r = 0; r < rows; r += AMX_STRIP) {
      product.M = min(AMX_STRIP, rows - r);
      product.a = a + <usize> r * (alongK ? task.lda : 4);
      product.c = target.c + <usize> (row + r) * target.ldc + (<usize> n << 2);
      product.addend = target.addend == 0 ? 0 : product.c - target.c + target.addend;
      multiplyByPanels(product, scratch() + args.aside);
    }
  }
}
