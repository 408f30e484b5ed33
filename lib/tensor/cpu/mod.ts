// The CPU backend: registers itself and its kernels with tfjs.
import * as tf from "@tensorflow/tfjs";
import { registerAdamW } from "./adam-w.ts";
import { registerAttention } from "./attention.ts";
import { CPU_BACKEND, StitchbookCPU } from "./backend.ts";
import { registerHalf } from "./half.ts";
import { createMachine, type Machine } from "./machine.ts";
import { registerLinears } from "./linears.ts";
import { registerObserving } from "./observe.ts";
import { registerPointwise } from "./pointwise.ts";
import { registerProducts } from "./product.ts";
import { registerRows } from "./rows.ts";
import { registerStacked } from "./stacked.ts";
import { registerStock } from "./stock.ts";

export { CPU_BACKEND, StitchbookCPU } from "./backend.ts";
export { simdLevel } from "./load.ts";
export { type Machine, PRODUCTS, type Products } from "./machine.ts";
export { NATIVE_NAMES, type NativeLevel, nativeLevels } from "./native/open.ts";

let kernelsRegistered = false;

/** Starts the backend anew and makes it tfjs's current one; one that was open before must have been closed. */
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
    registerStacked();
    registerStock();
    kernelsRegistered = true;
  }
  const machine = await createMachine(options);
  if (tf.findBackend(CPU_BACKEND) !== null) tf.removeBackend(CPU_BACKEND);
  tf.registerBackend(CPU_BACKEND, () => new StitchbookCPU(machine), 0);
  await tf.setBackend(CPU_BACKEND);
  return machine;
}
