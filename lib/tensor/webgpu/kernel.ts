// Registers kernels on the WebGPU backend; launches that many of them share.
import * as tf from "@tensorflow/tfjs";
import { type StitchbookWebGPU, WEBGPU_BACKEND } from "./backend.ts";
import type { Features } from "./features.ts";
import { lanesFor, program, type Scalar } from "./program.ts";

type Info = tf.TensorInfo;

/** One of our kernels: from named inputs and attributes to outputs. */
export type KernelFunction = (call: {
  readonly inputs: Readonly<Record<string, Info>>;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly backend: StitchbookWebGPU;
}) => Info | Info[];

const kernels = new Map<string, KernelFunction>();

/** Adds a kernel, in place of the stock one of that name if there is one; {@linkcode registerKernels} registers it. */
export function register(kernelName: string, kernel: KernelFunction): void {
  const operation = kernelName.replace("Stitchbook", "");
  kernels.set(kernelName, (call) => call.backend.within(operation, () => kernel(call)));
}

/** Registers all kernels with tfjs, once: until then its own backend works as it is. */
export function registerKernels(): void {
  for (const [kernelName, kernel] of kernels) {
    if (tf.getKernel(kernelName, WEBGPU_BACKEND) !== undefined) tf.unregisterKernel(kernelName, WEBGPU_BACKEND);
    tf.registerKernel({ kernelName, backendName: WEBGPU_BACKEND, kernelFunc: kernel as unknown as tf.KernelFunc });
  }
  kernels.clear();
}

/** The stock kernel of this name. */
export function stockKernel(kernelName: string): KernelFunction {
  return tf.getKernel(kernelName, WEBGPU_BACKEND).kernelFunc as unknown as KernelFunction;
}

/** The record with each value replaced. */
function mapValues<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}

/** Number of elements of a shape. */
export const sizeOf = tf.util.sizeFromShape;

/** Workgroup size of element-wise programs. */
export const ELEMENTS = 256;

/** A computation of one element after the other, with an invocation for each. */
export interface PerElement {
  /** Identifies the program's text. */
  readonly key: string;
  /** Elements: vectors of four numbers, say. */
  readonly count: number;
  /** What it reads, with the WGSL types of the buffers' elements. */
  readonly reads: Readonly<Record<string, readonly [type: string, tensor: Info]>>;
  readonly writes: Readonly<Record<string, readonly [type: string, tensor: Info]>>;
  /** Further uniforms than `count`: `f32` if they are floats, else `u32`. */
  readonly uniforms?: Readonly<Record<string, Scalar>>;
  readonly declarations?: (features: Features) => string;
  /** Statements for element `i`. */
  readonly body: () => string;
}

/** Runs such a computation. */
export function perElement(backend: StitchbookWebGPU, call: PerElement): void {
  const { key, count, reads, writes, uniforms = {}, declarations, body } = call;
  const typed = (list: PerElement["reads"]) => mapValues(list, ([type]) => type);
  const made = program(key, (features) => ({
    reads: typed(reads),
    writes: typed(writes),
    uniforms: { count: "u32", ...mapValues(uniforms, (value) => typeof value === "number" ? "u32" : "f32") },
    size: ELEMENTS,
    declarations: declarations?.(features) ?? "",
    main: `
  let i = group * ${ELEMENTS}u + lane;
  if (i >= uniforms.count) { return; }
${body()}`,
  }));
  const tensors = [...Object.values(reads), ...Object.values(writes)].map(([, tensor]) => tensor);
  backend.launch(made, tensors, [count, ...Object.values(uniforms)], Math.ceil(count / ELEMENTS));
}

/** One of those whose buffers are all of one length. */
export interface Elementwise extends Pick<PerElement, "uniforms"> {
  /** Names the program. */
  readonly name: string;
  readonly reads: Readonly<Record<string, Info>>;
  /** Names of the outputs. */
  readonly writes: readonly string[];
  readonly declarations: (type: string) => string;
  /** Statements for element `i`, of type `f32` or `vec4<f32>`. */
  readonly body: string;
}

/** The output or outputs of an element-wise computation, four numbers at a time if the length is a multiple of four. */
export function elementwise(backend: StitchbookWebGPU, call: Elementwise): Info | Info[] {
  const { name, reads, writes, uniforms = {}, declarations, body } = call;
  for (const tensor of Object.values(reads)) backend.check(tensor);
  const { shape } = Object.values(reads)[0]!;
  const { width, type } = lanesFor(sizeOf(shape));
  const outputs = Object.fromEntries(writes.map((name) => [name, backend.output(shape)]));
  const typed = (list: Readonly<Record<string, Info>>) => mapValues(list, (tensor) => [type, tensor] as const);
  perElement(backend, {
    key: `${name} ${type}`,
    count: sizeOf(shape) / width,
    reads: typed(reads),
    writes: typed(outputs),
    uniforms,
    declarations: () => declarations(type),
    body: () => body,
  });
  const list = Object.values(outputs);
  return list.length === 1 ? list[0]! : list;
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
  perElement(backend, {
    key: `sumParts ${type} ${plus !== undefined}`,
    count: size / width,
    reads: { parts: [type, from], ...(plus && { plus: [type, plus] }) },
    writes: { total: [type, to] },
    uniforms: { terms },
    body: () => `
  var sum = parts[i];
  for (var term = 1u; term < uniforms.terms; term++) { sum += parts[term * uniforms.count + i]; }
  total[i] = sum${plus ? " + plus[i]" : ""};`,
  });
}
