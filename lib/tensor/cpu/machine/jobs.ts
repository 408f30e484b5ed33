// Running kernels from tfjs: work split into tasks, and kernels registered with the backend.
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../../errors.ts";
import { CPU_BACKEND, type StitchbookCPU } from "../backend.ts";
import type { Arguments, ElementKernel, OwnArguments, RowKernel } from "../layout/jobs.ts";
import { arrange } from "../layout/record.ts";
import type { Machine } from "./machine.ts";

/**
 * Runs an element-wise kernel.
 *
 * @param nanoseconds rough cost of one element
 */
export function forElements<Name extends ElementKernel>(
  machine: Machine,
  kernel: Name,
  elements: number,
  nanoseconds: number,
  own: OwnArguments<Name>,
): void {
  const perTask = Math.max(2048, Math.ceil(elements / (4 * machine.threads) / 16) * 16);
  const all = { elements, perTask, ...own } as unknown as Arguments<Name>;
  machine.run(kernel, all, Math.ceil(elements / perTask), elements * nanoseconds);
}

/**
 * Runs a row-wise kernel.
 *
 * @param nanoseconds rough cost of one row
 * @param perTask rows per task where it must not depend on the number of threads
 */
export function forRows<Name extends RowKernel>(
  machine: Machine,
  kernel: Name,
  rows: number,
  nanoseconds: number,
  own: OwnArguments<Name>,
  perTask = Math.max(1, Math.ceil(rows / (4 * machine.threads))),
): void {
  const all = { rows, perTask, ...own } as unknown as Arguments<Name>;
  machine.run(kernel, all, Math.ceil(rows / perTask), rows * nanoseconds);
}

/** Reserves scratch memory for named parts: their offsets. */
export function reserveScratch<Name extends string>(machine: Machine, parts: { readonly [N in Name]: number }) {
  const { places, bytes } = arrange(parts);
  machine.reserveScratch(bytes);
  return places;
}

/** One of our tfjs kernels: named inputs and attributes to outputs. */
export type KernelFunction = (call: {
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly backend: StitchbookCPU;
}) => tf.TensorInfo | tf.TensorInfo[];

// Stock kernels; each is an operation of the backend, like ours.
for (const config of tf.getKernelsForBackend("cpu")) {
  const stock = config.kernelFunc as unknown as KernelFunction;
  const kernelFunc: KernelFunction = (call) => call.backend.attempt(stock, call);
  tf.registerKernel({ ...config, backendName: CPU_BACKEND, kernelFunc: kernelFunc as unknown as tf.KernelFunc });
}

/**
 * Registers our kernel, in place of a copied stock kernel if there is one. Its errors name the operation and its
 * inputs, and leave nothing allocated.
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

/** The same error, with the operation and its inputs' shapes before the message. */
function inOperation(
  error: UserError,
  kernelName: string,
  { inputs, attrs }: Parameters<KernelFunction>[0],
): UserError {
  if (!UNNAMED.has(error.code)) return error;
  const name = kernelName.replace(/^Stitchbook/, "");
  const operation = name.charAt(0).toLowerCase() + name.slice(1);
  const named = Object.entries(inputs).filter(([, x]) => x?.shape !== undefined);
  const shapes = named.slice(0, 8).map(([key, { shape }]) => /^\d+$/.test(key) ? `[${shape}]` : `${key} [${shape}]`);
  if (named.length === 0 && Array.isArray(attrs?.["shape"])) shapes.push(`[${attrs["shape"]}]`);
  const list = [...shapes, ...(named.length > 8 ? [`${named.length - 8} more`] : [])].join(", ");
  return new UserError(error.code, `${operation}(${list}): ${error.message}`, error.hint);
}

/** Errors that do not name the operation themselves. */
const UNNAMED: ReadonlySet<string> = new Set(["tensor.memory", "tensor.disposed", "tensor.dtype"]);

/** Number of elements of a shape. */
export const sizeOf = tf.util.sizeFromShape;
