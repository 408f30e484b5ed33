// Calls of the kernels in machine code (../../x86), and those of them that compute exponentials.
import {
  ArraysCall, MEMORY_ADDRESS, Native, NATIVE_COLUMNS, NATIVE_PACKED_ROWS, NATIVE_ROWS, RowRange, RowsCall, RowSums,
} from "./generated/layout";
import { sumLanes } from "./math";
import { secondCallArguments } from "./thread";

/** Runs a kernel on the arguments at an address in the process. Never called without machine code. */
@external("env", "native")
declare function native(args: f64, kernel: i32): void;

@inline export function callNative(args: usize, kernel: i32): void {
  native(<f64> absolute(args), kernel);
}

/** Converts an address in the shared memory to one in the process. */
@inline export function absolute(address: usize): u64 {
  return load<u64>(MEMORY_ADDRESS) + <u64> address;
}

/** Whether machine code is used. */
@inline export function hasNative(): bool {
  return nativeColumns() != 0;
}

/** Columns of a tile and of a panel; 0 without machine code. */
export function nativeColumns(): i32 {
  return load<i32>(NATIVE_COLUMNS);
}

/** Most rows of a tile. */
@inline export function nativeRows(): i32 {
  return load<i32>(NATIVE_ROWS);
}

/** Most rows that are multiplied by packed weights at a time. */
@inline export function nativePackedRows(): i32 {
  return load<i32>(NATIVE_PACKED_ROWS);
}

/** y = SiLU(gate) ∘ up for `count` floats, rounded up to a multiple of 16. */
export function callSwiglu(gate: usize, up: usize, y: usize, count: i32): void {
  const call = secondCallArguments<ArraysCall>();
  call.first = absolute(y);
  overArrays(call, Native.swiglu, gate, up, count);
}

export function callSwigluGradient(gate: usize, up: usize, dy: usize, dgate: usize, dup: usize, count: i32): void {
  const call = secondCallArguments<ArraysCall>();
  call.first = absolute(dy);
  call.second = absolute(dgate);
  call.third = absolute(dup);
  overArrays(call, Native.swigluGradient, gate, up, count);
}

function overArrays(call: ArraysCall, kernel: i32, gate: usize, up: usize, count: i32): void {
  call.gate = absolute(gate);
  call.up = absolute(up);
  call.count = (count + 15) & ~15;
  if (count > 0) callNative(changetype<usize>(call), kernel);
}

/**
 * Turns scores into exponentials, row by row, within the ranges in `table`; writes a {@linkcode RowSums} per row to
 * `sums`.
 */
export function callSoftmax(scores: usize, step: usize, count: i32, table: usize, sums: usize): void {
  overRows(Native.softmax, scores, step, count, table, sums);
}

/** P = exp(P − log) and dS = P · (dS − delta), row by row; log and delta are the numbers of the row's range. */
export function callSoftmaxGradient(P: usize, dS: usize, step: usize, count: i32, table: usize): void {
  overRows(Native.softmaxGradient, P, step, count, table, dS);
}

/** The largest of `n` floats (a multiple of 16), and the sum of exp(x − largest). */
export function callRowSums(row: usize, n: i32, range: usize, sums: usize): void {
  setRange(range, 0, n << 2, 0, 0);
  overRows(Native.rowSums, row, 0, 1, range, sums);
}

/** `to` = exp(row − log) · factor for `n` floats (a multiple of 16). */
export function callScaledRow(row: usize, to: usize, n: i32, log: f32, factor: f32, range: usize): void {
  setRange(range, 0, n << 2, log, factor);
  overRows(Native.scaledRow, row, 0, 1, range, to);
}

@inline export function setRange(at: usize, begin: i32, end: i32, first: f32, second: f32): void {
  const range = changetype<RowRange>(at);
  range.begin = begin;
  range.end = end;
  range.first = first;
  range.second = second;
}

/** Adds the partial sums that a kernel wrote, always in the same order. */
export function sumParts(sums: RowSums): f32 {
  const parts = sums.parts;
  const low = f32x4.add(v128.load(parts), v128.load(parts, 16));
  return sumLanes(f32x4.add(low, f32x4.add(v128.load(parts, 32), v128.load(parts, 48))));
}

function overRows(kernel: i32, rows: usize, step: usize, count: i32, table: usize, other: usize): void {
  const call = secondCallArguments<RowsCall>();
  call.rows = absolute(rows);
  call.step = step;
  call.count = count;
  call.table = absolute(table);
  call.other = absolute(other);
  callNative(changetype<usize>(call), kernel);
}
