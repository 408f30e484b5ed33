// The CPU backend: registers itself and its kernels with tfjs.
import * as tf from "@tensorflow/tfjs";
import { CPU_BACKEND, StitchbookCPU } from "./backend.ts";
import { createMachine, type Machine } from "./machine/machine.ts";
import "./kernels/adam-w.ts";
import "./kernels/attention.ts";
import "./kernels/cached-attention.ts";
import "./kernels/half.ts";
import "./kernels/linears.ts";
import "./kernels/observe.ts";
import "./kernels/packed.ts";
import "./kernels/pointwise.ts";
import "./kernels/products.ts";
import "./kernels/rows.ts";
import "./kernels/rms-norm.ts";
import "./kernels/stock.ts";

export { CPU_BACKEND, StitchbookCPU } from "./backend.ts";
export { simdLevel } from "./machine/load.ts";
export { type Machine, PRODUCTS, type Products } from "./machine/machine.ts";
export { NATIVE_NAMES, type NativeLevel, nativeLevels } from "./x86/open.ts";

/** Starts the backend and makes it tfjs's current one; a previous one must have been closed. */
export async function openCpu(options: Parameters<typeof createMachine>[0]): Promise<Machine> {
  const machine = await createMachine(options);
  if (tf.findBackend(CPU_BACKEND) !== null) tf.removeBackend(CPU_BACKEND);
  tf.registerBackend(CPU_BACKEND, () => new StitchbookCPU(machine), 0);
  await tf.setBackend(CPU_BACKEND);
  return machine;
}
