// Parts of products by machine code or by the system's BLAS; each thread calls it for its own tasks.
import { BlasArguments, Product, TilesArguments } from "./generated/layout";
import { hasNative } from "./native";
import { multiplyByPanels } from "./panels";
import { scratch } from "./thread";

/** `C = alpha·A·B + beta·C` (lib/tensor/blas.ts); never called without a library. */
@external("env", "sgemm")
declare function sgemm(
  transposed: i32, M: i32, N: i32, K: i32, alpha: f32,
  a: f64, lda: i32, b: f64, ldb: i32, beta: f32, c: f64, ldc: i32,
): void;

/** Computes a product by machine code, or by a BLAS if there is none. */
@inline export function multiply(product: Product, aside: usize): void {
  if (hasNative()) multiplyByPanels(product, aside);
  else multiplyByBlas(product);
}

@inline function multiplyByBlas(p: Product): void {
  const beta: f32 = p.addend != 0 ? 1 : 0;
  const lda = <i32> (p.lda >> 2), ldb = <i32> (p.ldb >> 2), ldc = <i32> (p.ldc >> 2);
  const transposed = p.transposeA + 2 * p.transposeB;
  sgemm(transposed, p.M, p.N, p.K, p.alpha, <f64> p.a, lda, <f64> p.b, ldb, beta, <f64> p.c, ldc);
}

@inline function productOf(table: usize, task: i32): Product {
  return changetype<Product>(table + <usize> task * offsetof<Product>());
}

/** Job: parts of products by the BLAS. */
export function blasTask(args: BlasArguments, task: i32): void {
  multiplyByBlas(productOf(args.table, task));
}

/** Job: parts of products by machine code, and those that follow them. */
export function tilesTask(args: TilesArguments, task: i32): void {
  const own = scratch();
  let product = productOf(args.table, task);
  multiplyByPanels(product, own + args.aside, own + args.packed);
  while (product.next != 0) {
    product = changetype<Product>(args.table + product.next);
    multiplyByPanels(product, own + args.aside, own + args.packed);
  }
}
