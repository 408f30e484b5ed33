// Products by the system's BLAS, which every thread calls for its own tasks.
import { arg } from "./control";

/** `C = alpha·A·B + beta·C`; lib/tensor/blas.ts says more. Absent without a library, and never called then. */
// @ts-ignore: decorator
@external("env", "sgemm")
export declare function sgemm(
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
