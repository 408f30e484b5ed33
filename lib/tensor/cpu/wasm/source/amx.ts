// Matrix products by AMX as jobs (../native/split.ts and amx.ts say how numbers are split and multiplied), a run of k at a
// time: B is split once for all threads, A a block at a time, where it stays in the second-level cache while B goes by.
import { arg, scratch } from "./control";
import { absolute, callNative, callRoom, multiplyPacked, packingRoom, packPanels, panelBytes, tileRowsMost } from "./native";

/** Rows or columns of a strip, half of them, and k of a step; bytes of a packed step and of a group's part of it. */
const STRIP: i32 = 32, GROUP: i32 = 16, STEP: i32 = 32;
const STEP_BYTES: usize = 6144, GROUP_BYTES: usize = 1024;
/** Steps of k in a run, at most, and strips of a block of A. */
const RUN: i32 = 16, BLOCK: i32 = 8;
/** Scratch room: an edge of C or of an operand, a block of A in strips, then what {@linkcode byVectors} packs. */
const EDGE_BYTES: usize = 4096;
const BLOCK_BYTES: usize = <usize> (BLOCK * RUN) * STEP_BYTES;

/**
 * 2^60, infinities and NaN, as bits without the sign and shifted to the left by one. In parts, an infinity would become NaN,
 * as would a product that is none: some parts of it may be infinite, others minus that.
 */
const TOO_LARGE: i32 = 0xbb000000;

// @ts-ignore: decorator
@inline
function stepsOf(K: i32): i32 {
  return (K + STEP - 1) / STEP;
}

// @ts-ignore: decorator
@inline
function firstKernel(): i32 {
  return 2 * tileRowsMost() + 9;
}

/**
 * Splits `lines` rows of A, or columns of B, of K numbers, to strips of `strip` bytes.
 *
 * @param ld bytes from a row (of the matrix as it is stored) to the next
 * @param kind 1: turned; 2: rows or columns side by side, not k
 * @returns whether every number is below {@linkcode TOO_LARGE}
 */
function split(from: usize, ld: usize, kind: i32, lines: i32, K: i32, to: usize, strip: usize): bool {
  const alongK = (kind & 2) == 0;
  const steps = stepsOf(K), groups = 2 * ((lines + STRIP - 1) / STRIP);
  const stepBytes: usize = alongK ? STEP << 2 : STEP * ld, groupBytes: usize = alongK ? GROUP * ld : GROUP << 2;
  const wholeGroups = lines / GROUP, wholeSteps = K / STEP;
  const args = packingRoom();
  memory.fill(args + 64, 0, 64);
  store<u64>(args, strip, 56);
  if (wholeGroups > 0 && wholeSteps > 0) {
    store<u64>(args, wholeGroups, 40);
    store<u64>(args, groupBytes, 48);
    splitSquares(kind, from, ld, to, wholeSteps, stepBytes);
  }
  store<u64>(args, 1, 40);
  for (let g = 0; g < groups; g++) {
    for (let s = g < wholeGroups ? wholeSteps : 0; s < steps; s++) {
      const source = from + <usize> g * groupBytes + <usize> s * stepBytes;
      const n = max(0, min(GROUP, lines - GROUP * g)), k = min(STEP, K - STEP * s);
      copyEdge(source, ld, alongK ? n : k, alongK ? k : n, alongK ? STEP : GROUP);
      const place = to + <usize> (g >> 1) * strip + <usize> (g & 1) * GROUP_BYTES + <usize> s * STEP_BYTES;
      splitSquares(kind, scratch(), alongK ? STEP << 2 : GROUP << 2, place, 1, 0);
    }
  }
  const largest = i32x4.max_u(
    i32x4.max_u(v128.load(args, 64), v128.load(args, 80)),
    i32x4.max_u(v128.load(args, 96), v128.load(args, 112)),
  );
  return !v128.any_true(i32x4.ge_u(largest, i32x4.splat(TOO_LARGE)));
}

function splitSquares(kind: i32, from: usize, ld: usize, to: usize, steps: i32, stepBytes: usize): void {
  const args = packingRoom();
  store<u64>(args, absolute(from));
  store<u64>(args, ld, 8);
  store<u64>(args, absolute(to), 16);
  store<u64>(args, steps, 24);
  store<u64>(args, stepBytes, 32);
  callNative(args, firstKernel() + kind);
}

/** What there is of a group's step at an edge, among zeros, in scratch room: `wide` floats a row, 512 in all. */
function copyEdge(from: usize, ld: usize, rows: i32, columns: i32, wide: i32): void {
  memory.fill(scratch(), 0, 2048);
  for (let i = 0; i < rows; i++) {
    memory.copy(scratch() + (<usize> (i * wide) << 2), from + <usize> i * ld, <usize> columns << 2);
  }
}

/**
 * Job: splits columns of B. Argument 0: table, 28 bytes a task: where they begin, bytes from a stored row to the next,
 * kind, columns, K, where the strips go, and a word that becomes 1 if a number is too large.
 */
export function splitTask(task: i32): void {
  const t = <usize> arg(0) + <usize> task * 28;
  const K = load<i32>(t, 16), strip = <usize> stepsOf(K) * STEP_BYTES;
  const fits = split(load<u32>(t), load<u32>(t, 4), load<i32>(t, 8), load<i32>(t, 12), K, load<u32>(t, 20), strip);
  if (!fits) store<i32>(load<u32>(t, 24), 1);
}

/**
 * A target is a product's B and C: strips of B, c, bytes from a row of C to the next, N, what is added (as C lies; 0:
 * nothing), B itself, bytes from a row of B as it is stored to the next, whether it is transposed, and a word that is 1 if
 * a number of B is too large.
 */
const TARGET_BYTES: usize = 36;

/**
 * Job: rows of products of one A. Argument 0: table, 32 bytes a task: where A's rows begin, bytes from a row of A as it is
 * stored to the next, kind, the first row's number, rows, K (at most a run's), how many targets, and where in the table.
 */
export function amxTask(task: i32): void {
  const t = <usize> arg(0) + <usize> task * 32;
  const a: usize = load<u32>(t), lda: usize = load<u32>(t, 4), kind = load<i32>(t, 8);
  const first = load<i32>(t, 12), M = load<i32>(t, 16), K = load<i32>(t, 20);
  const count = load<i32>(t, 24), targets = <usize> arg(0) + load<u32>(t, 28);
  const next: usize = (kind & 2) == 0 ? lda : 4;
  for (let m = 0; m < M; m += STRIP * BLOCK) {
    const rows = min(STRIP * BLOCK, M - m), from = a + <usize> m * next;
    if (multiplyRows(from, lda, kind, targets, count, first + m, rows, K)) continue;
    for (let r = 0; r < rows; r += STRIP) {
      const some = from + <usize> r * next, n = min(STRIP, rows - r);
      if (multiplyRows(some, lda, kind, targets, count, first + m + r, n, K)) continue;
      for (let i = 0; i < count; i++) byVectors(some, lda, kind, targets + <usize> i * TARGET_BYTES, first + m + r, n, K);
    }
  }
}

/** A block of rows with every target; nothing, and false, where a number of them is too large. */
function multiplyRows(a: usize, lda: usize, kind: i32, targets: usize, count: i32, row: i32, rows: i32, K: i32): bool {
  const strips = scratch() + EDGE_BYTES, strip = <usize> stepsOf(K) * STEP_BYTES;
  if (!split(a, lda, kind, rows, K, strips, strip)) return false;
  for (let i = 0; i < count; i++) {
    const target = targets + <usize> i * TARGET_BYTES;
    if (load<i32>(load<u32>(target, 32)) != 0) byVectors(a, lda, kind, target, row, rows, K);
    else multiply(strips, strip, target, row, rows, K);
  }
  return true;
}

function multiply(strips: usize, strip: usize, target: usize, row: i32, rows: i32, K: i32): void {
  const c: usize = load<u32>(target, 4), ldc: usize = load<u32>(target, 8);
  const N = load<i32>(target, 12), addend: usize = load<u32>(target, 16);
  const count = (rows + STRIP - 1) / STRIP, panels = (N + STRIP - 1) / STRIP;
  const columns = N - (panels - 1) * STRIP, bits: u32 = columns >= STRIP ? 0xffffffff : (1 << columns) - 1;
  const args = callRoom();
  store<u64>(args, absolute(strips));
  store<u64>(args, strip, 8);
  store<u64>(args, count, 16);
  store<u64>(args, absolute(load<u32>(target)), 24);
  store<u64>(args, strip, 32);
  store<u64>(args, panels, 40);
  store<u64>(args, stepsOf(K), 48);
  store<u64>(args, absolute(c + <usize> row * ldc), 56);
  store<u64>(args, ldc, 64);
  store<u64>(args, <u64> (addend != 0), 72);
  store<i64>(args, <i64> <u64> addend - <i64> <u64> c, 80);
  store<u64>(args, rows - (count - 1) * STRIP, 88);
  store<u64>(args, <u64> (columns < STRIP), 96);
  store<u32>(args, bits & 0xffff, 104);
  store<u32>(args, bits >> 16, 108);
  store<u64>(args, absolute(scratch()), 112);
  callNative(args, firstKernel() + 4);
}

/** By AVX-512, a strip of rows at a time. */
function byVectors(a: usize, lda: usize, kind: i32, target: usize, row: i32, rows: i32, K: i32): void {
  const c: usize = load<u32>(target, 4), ldc: usize = load<u32>(target, 8), N = load<i32>(target, 12);
  const addend: usize = load<u32>(target, 16), b: usize = load<u32>(target, 20), ldb: usize = load<u32>(target, 24);
  const turned = load<i32>(target, 28) != 0, transposed = (kind & 2) != 0, next: usize = transposed ? 4 : lda;
  const panel = scratch() + EDGE_BYTES + BLOCK_BYTES, aside = panel + panelBytes(STEP * RUN);
  for (let n = 0; n < N; n += STRIP) {
    const columns = min(STRIP, N - n);
    packPanels(b + <usize> n * (turned ? ldb : 4), ldb, turned, K, columns, panel);
    for (let r = 0; r < rows; r += STRIP) {
      const to = c + <usize> (row + r) * ldc + (<usize> n << 2), added: usize = addend == 0 ? 0 : to - c + addend;
      const from = a + <usize> r * next, some = min(STRIP, rows - r);
      multiplyPacked(from, lda, transposed, panel, panelBytes(K), to, ldc, some, columns, K, 1, added, aside);
    }
  }
}
