// Chooses what computes each matrix product.
import type { Machine } from "../machine/machine.ts";
import { fitsAmx, multiplyByAmx } from "./amx-product.ts";
import { multiplyByBlas } from "./blas-product.ts";
import { multiplyByTiles, sumByTiles } from "./native-product.ts";
import type { Product } from "./product.ts";
import { hasFewRows, multiplyByWasm, multiplyFewRows } from "./wasm-product.ts";

/** Computes products that do not depend on each other. */
export function multiplyAll(machine: Machine, products: readonly Product[]): void {
  if (machine.rowInvariant) return multiplyRowInvariant(machine, products);
  const many = products.every((product) => !hasFewRows(product) || product.batch > 1);
  if (machine.native !== undefined && many) multiplyNatively(machine, products);
  else if (machine.blas !== undefined && many) multiplyByBlas(machine, products);
  else for (const product of products) multiply(machine, product);
}

/** Adds up products of the same size: the first writes its C, the others, which have the same, add to it. */
export function multiplySum(machine: Machine, products: readonly Product[]): void {
  const { native } = machine;
  const byTiles = native !== undefined && (machine.rowInvariant || native.level !== "amx" || !products.every(fitsAmx));
  if (byTiles && !products.some(hasFewRows) && sumByTiles(machine, products)) return;
  for (const product of products) multiplyAll(machine, [product]);
}

export function multiply(machine: Machine, product: Product): void {
  if (machine.rowInvariant) return multiplyRowInvariant(machine, [product]);
  const { transposeA, transposeB, add } = product;
  if (hasFewRows(product) && !transposeA && transposeB && !add) multiplyFewRows(machine, product);
  else if (machine.native !== undefined) multiplyNatively(machine, [product]);
  else if (machine.blas !== undefined) multiplyByBlas(machine, [product]);
  else multiplyByWasm(machine, product);
}

/** By tiles: they add in one order of k, unlike inner products, AMX and a BLAS. */
function multiplyRowInvariant(machine: Machine, products: readonly Product[]): void {
  if (machine.native !== undefined) multiplyByTiles(machine, products);
  else for (const product of products) multiplyByWasm(machine, product);
}

function multiplyNatively(machine: Machine, products: readonly Product[]): void {
  if (machine.native!.level === "amx" && products.every(fitsAmx)) multiplyByAmx(machine, products);
  else multiplyByTiles(machine, products);
}
