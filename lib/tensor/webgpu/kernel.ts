// Registers kernels on the WebGPU backend; launches that many of them share.
import * as tf from "@tensorflow/tfjs";
import { type StitchbookWebGPU, WEBGPU_BACKEND } from "./backend.ts";
import { lanesFor, program, type Scalar } from "./program.ts";

type Info = tf.TensorInfo;

/** One of our kernels: from named inputs and attributes to outputs. */
export type KernelFunction = (call: {
  readonly inputs: Readonly<Record<string, Info>>;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly backend: StitchbookWebGPU;
}) => Info | Info[];

/** Registers a kernel, replacing the stock one of that name if there is one. */
export function register(kernelName: string, kernel: KernelFunction): void {
  if (tf.getKernel(kernelName, WEBGPU_BACKEND) !== undefined) tf.unregisterKernel(kernelName, WEBGPU_BACKEND);
  const operation = kernelName.replace("Stitchbook", "");
  const named: KernelFunction = (call) => call.backend.within(operation, () => kernel(call));
  tf.registerKernel({ kernelName, backendName: WEBGPU_BACKEND, kernelFunc: named as unknown as tf.KernelFunc });
}

/** The stock kernel of this name. */
export function stockKernel(kernelName: string): KernelFunction {
  return tf.getKernel(kernelName, WEBGPU_BACKEND).kernelFunc as unknown as KernelFunction;
}

/** Number of elements of a shape. */
export const sizeOf = tf.util.sizeFromShape;

/** Workgroup size of element-wise programs. */
export const ELEMENTS = 256;

/** An element-wise computation: all buffers have the same length. */
export interface Elementwise {
  /** Names the program. */
  readonly name: string;
  readonly reads: Readonly<Record<string, Info>>;
  readonly writes: Readonly<Record<string, Info>>;
  readonly uniforms?: Readonly<Record<string, readonly [type: string, value: Scalar]>>;
  readonly declarations?: (type: string) => string;
  /**
   * Statements for element `i`, of `type` `f32` or `vec4<f32>`; an element has `width` numbers.
   */
  readonly body: (type: string, width: number) => string;
}

/** Runs an element-wise computation, four numbers at a time if the length is a multiple of four. */
export function elementwise(backend: StitchbookWebGPU, call: Elementwise): void {
  const { name, reads, writes, uniforms = {}, declarations, body } = call;
  const tensors = [...Object.values(reads), ...Object.values(writes)];
  const size = sizeOf(tensors[0]!.shape);
  const { width, type } = lanesFor(size);
  const typed = (list: Readonly<Record<string, Info>>) =>
    Object.fromEntries(Object.keys(list).map((name) => [name, type]));
  const count = size / width;
  const made = program(`${name} ${type}`, () => ({
    reads: typed(reads),
    writes: typed(writes),
    uniforms: { count: "u32", ...Object.fromEntries(Object.entries(uniforms).map(([name, [kind]]) => [name, kind])) },
    size: ELEMENTS,
    declarations: declarations?.(type) ?? "",
    main: `
  let i = group * ${ELEMENTS}u + lane;
  if (i >= uniforms.count) { return; }
${body(type, width)}`,
  }));
  const values = Object.values(uniforms).map(([, value]) => value);
  backend.launch(made, tensors, [count, ...values], Math.ceil(count / ELEMENTS));
}

/**
 * The sum of `terms` parts of `size` numbers each, in order, and of `plus` if given.
 *
 * @param from `[terms · size]`
 * @param to `[size]`
 * @param plus `[size]`
 */
export function sumParts(
  backend: StitchbookWebGPU,
  from: Info,
  to: Info,
  terms: number,
  size: number,
  plus?: Info,
): void {
  const { width, type } = lanesFor(size);
  const adds = plus !== undefined;
  const sum = program(`sumParts ${type} ${adds}`, () => ({
    reads: { parts: type, ...(adds ? { plus: type } : {}) },
    writes: { total: type },
    uniforms: { count: "u32", terms: "u32" },
    size: ELEMENTS,
    main: `
  let i = group * ${ELEMENTS}u + lane;
  if (i >= uniforms.count) { return; }
  var sum = parts[i];
  for (var term = 1u; term < uniforms.terms; term++) { sum += parts[term * uniforms.count + i]; }
  total[i] = sum${adds ? " + plus[i]" : ""};`,
  }));
  const count = size / width;
  backend.launch(sum, [from, ...(adds ? [plus] : []), to], [count, terms], Math.ceil(count / ELEMENTS));
}
