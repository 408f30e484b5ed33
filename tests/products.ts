// What may compute matrix products on this machine: tests run every one of them.
import { nativeLevels } from "../lib/tensor/cpu/mod.ts";
import type { Products } from "../lib/tensor/mod.ts";
import { optional } from "./optional.ts";

/** WebAssembly, the native kernels that this processor runs, and the system's BLAS if there is one. */
export const products: readonly Products[] = [
  "wasm",
  ...await nativeLevels(),
  ...(optional.blas ? ["blas"] as const : []),
];
