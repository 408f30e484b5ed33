// Products by the system's BLAS, which every thread calls for its own tasks.
import { arg } from "./control";
import { hasTiles, multiplyByTiles } from "./native";

/** `C = alpha·A·B + beta·C`; lib/tensor/blas.ts says more. Absent without a library, and never called then. */
// @ts-ignore: decorator
@external("env", "sgemm")
declare function sgemm(
  transposed: i32,
  M: i32,
  N: i32,
  K: i32,
  alpha: f32,
  a: f64,
  lda: i32,
  b: f64,
  ldb: i32,
  beta: f32,
  c: f64,
  ldc: i32,
): void;

/**
 * Job: parts of products. Argument 0: table, 48 bytes a task: transposed, M, N, K, alpha (float), a, lda, b, ldb,
 * beta (float), c, ldc; addresses in bytes, leading dimensions in elements.
 */
export function blasTask(task: i32): void {
  const t = <usize> arg(0) + <usize> task * 48;
  sgemm(
    load<i32>(t),
    load<i32>(t, 4),
    load<i32>(t, 8),
    load<i32>(t, 12),
    load<f32>(t, 16),
    <f64> load<u32>(t, 20),
    load<i32>(t, 24),
    <f64> load<u32>(t, 28),
    load<i32>(t, 32),
    load<f32>(t, 36),
    <f64> load<u32>(t, 40),
    load<i32>(t, 44),
  );
}

/**
 * One product inside a job: `C = alpha·A·B`, or added to C. Bit 0 of `transposed` is for A, bit 1 for B; leading dimensions
 * are in elements. `room` is for the native kernels to pack B in: K floats for each column, of which there are whole panels.
 */
export function multiply(
  transposed: i32,
  M: i32,
  N: i32,
  K: i32,
  alpha: f32,
  a: usize,
  lda: i32,
  b: usize,
  ldb: i32,
  add: bool,
  c: usize,
  ldc: i32,
  room: usize,
): void {
  if (hasTiles()) return multiplyByTiles(transposed, M, N, K, alpha, a, lda, b, ldb, add, c, ldc, room);
  sgemm(transposed, M, N, K, alpha, <f64> a, lda, <f64> b, ldb, add ? 1 : 0, <f64> c, ldc);
}
