// Products whose bits do not depend on the number of rows.
import * as tf from "@tensorflow/tfjs";
import { StitchbookCPU } from "./cpu/mod.ts";

/**
 * Runs `body`; on the CPU device, each row of a product in it has the same bits whatever other rows there are. Products by
 * packed weights always do; others use slower kernels for few rows, and no AMX and no BLAS.
 */
export function rowInvariant<T>(body: () => T): T {
  const backend = tf.backend();
  if (!(backend instanceof StitchbookCPU)) return body();
  const { machine } = backend;
  const outer = machine.rowInvariant;
  machine.rowInvariant = true;
  try {
    return body();
  } finally {
    machine.rowInvariant = outer;
  }
}
