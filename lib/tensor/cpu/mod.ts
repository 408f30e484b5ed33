// The CPU backend: registers itself and its kernels with tfjs.
import * as tf from "@tensorflow/tfjs";
import { registerAdamW } from "./kernels/adam-w.ts";
import { registerAttention } from "./kernels/attention.ts";
import { CPU_BACKEND, StitchbookCPU } from "./backend.ts";
import { registerHalf } from "./kernels/half.ts";
import { createMachine, type Machine } from "./machine/machine.ts";
import { registerLinears } from "./kernels/linears.ts";
import { registerObserving } from "./kernels/observe.ts";
import { registerPointwise } from "./kernels/pointwise.ts";
import { registerProducts } from "./kernels/products.ts";
import { registerRows } from "./kernels/rows.ts";
import { registerRmsNorm } from "./kernels/rms-norm.ts";
import { registerStock } from "./kernels/stock.ts";

export { CPU_BACKEND, StitchbookCPU } from "./backend.ts";
export { simdLevel } from "./machine/load.ts";
export { type Machine, PRODUCTS, type Products } from "./machine/machine.ts";
export { NATIVE_NAMES, type NativeLevel, nativeLevels } from "./x86/open.ts";

let kernelsRegistered = false;

/** Starts the backend and makes it tfjs's current one; a previous one must have been closed. */
export async function openCpu(options: Parameters<typeof createMachine>[0]): Promise<Machine> {
  if (!kernelsRegistered) {
    tf.copyRegisteredKernels("cpu", CPU_BACKEND);
    registerProducts();
    registerLinears();
    registerPointwise();
    registerRows();
    registerAttention();
    registerAdamW();
    registerObserving();
    registerHalf();
    registerRmsNorm();
    registerStock();
    kernelsRegistered = true;
  }
  const machine = await createMachine(options);
  if (tf.findBackend(CPU_BACKEND) !== null) tf.removeBackend(CPU_BACKEND);
  tf.registerBackend(CPU_BACKEND, () => new StitchbookCPU(machine), 0);
  await tf.setBackend(CPU_BACKEND);
  return machine;
}
