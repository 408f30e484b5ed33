// How our kernels are started: arguments set, work split into tasks.
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../../errors.ts";
import { CPU_BACKEND, type StitchbookCPU } from "../backend.ts";
import type { KernelName } from "./kernel-numbers.ts";
import type { Machine } from "./machine.ts";

/** An argument that the kernel reads as a float. */
export interface Float {
  readonly float: number;
}

export function float(value: number): Float {
  return { float: value };
}

/** Sets arguments from `first` on. */
export function setArguments(machine: Machine, first: number, values: readonly (number | Float)[]): void {
  const { ints, floats } = machine;
  machine.reach(first + values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (typeof value === "number") ints[first + i] = value;
    else floats[first + i] = value.float;
  }
}

/**
 * Runs an element-wise kernel: arguments 0 and 1 are the number of elements and those per task, the rest is `rest`.
 *
 * @param nanoseconds rough cost of one element
 */
export function forElements(
  machine: Machine,
  kernel: KernelName,
  size: number,
  nanoseconds: number,
  rest: readonly (number | Float)[],
): void {
  const perTask = Math.max(2048, Math.ceil(size / (4 * machine.threads) / 16) * 16);
  machine.ints[0] = size;
  machine.ints[1] = perTask;
  setArguments(machine, 2, rest);
  machine.run(kernel, Math.ceil(size / perTask), size * nanoseconds);
}

/**
 * Runs a row-wise kernel: arguments 0 and 1 are the number of rows and those per task, the rest is `rest`.
 *
 * @param nanoseconds rough cost of one row
 * @param perTask rows per task where it must not depend on the number of threads
 */
export function forRows(
  machine: Machine,
  kernel: KernelName,
  rows: number,
  nanoseconds: number,
  rest: readonly (number | Float)[],
  perTask = Math.max(1, Math.ceil(rows / (4 * machine.threads))),
): void {
  machine.ints[0] = rows;
  machine.ints[1] = perTask;
  setArguments(machine, 2, rest);
  machine.run(kernel, Math.ceil(rows / perTask), rows * nanoseconds);
}

/** A kernel of ours: named inputs and attributes to outputs. */
export type KernelFunction = (call: {
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly backend: StitchbookCPU;
}) => tf.TensorInfo | tf.TensorInfo[];

/**
 * Registers our kernel in place of a stock one that was copied, if there is one. Its errors name it and its inputs, and
 * leave nothing behind.
 */
export function register(kernelName: string, kernel: KernelFunction): void {
  if (tf.getKernel(kernelName, CPU_BACKEND) !== undefined) tf.unregisterKernel(kernelName, CPU_BACKEND);
  const named: KernelFunction = (call) => {
    try {
      return call.backend.attempt(kernel, call);
    } catch (error) {
      throw error instanceof UserError ? inOperation(error, kernelName, call) : error;
    }
  };
  tf.registerKernel({ kernelName, backendName: CPU_BACKEND, kernelFunc: named as unknown as tf.KernelFunc });
}

/** The same error, with the operation and its inputs' shapes before what went wrong. */
function inOperation(
  error: UserError,
  kernelName: string,
  { inputs, attrs }: Parameters<KernelFunction>[0],
): UserError {
  if (!NAMED.has(error.code)) return error; // names it itself
  const name = kernelName.replace(/^Stitchbook/, "");
  const operation = name.charAt(0).toLowerCase() + name.slice(1);
  const named = Object.entries(inputs).filter(([, x]) => x?.shape !== undefined);
  const shapes = named.slice(0, 8).map(([key, { shape }]) => /^\d+$/.test(key) ? `[${shape}]` : `${key} [${shape}]`);
  if (named.length === 0 && Array.isArray(attrs?.["shape"])) shapes.push(`[${attrs["shape"]}]`);
  const list = [...shapes, ...(named.length > 8 ? [`${named.length - 8} more`] : [])].join(", ");
  return new UserError(error.code, `${operation}(${list}): ${error.message}`, error.hint);
}

const NAMED: ReadonlySet<string> = new Set(["tensor.memory", "tensor.disposed", "tensor.dtype"]);

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}
