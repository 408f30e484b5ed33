// Stock tfjs kernels that a training step uses, for plain float32; the stock kernel handles every other case.
import * as tf from "@tensorflow/tfjs";
import type { StitchbookCPU } from "../backend.ts";
import type { OwnArguments } from "../layout/jobs.ts";
import { forElements, forRows, type KernelFunction, register, sizeOf } from "../machine/jobs.ts";

/** Below this many elements the stock kernel is as fast as starting ours. */
const SMALL = 256;

type Call = Parameters<KernelFunction>[0];

/** Registers `ours` in place of a stock kernel; where it returns undefined, the stock kernel runs. */
function override(name: string, ours: (call: Call) => tf.TensorInfo | tf.TensorInfo[] | undefined): void {
  const stock = tf.getKernel(name, "cpu").kernelFunc;
  register(name, (call) => ours(call) ?? stock(call as unknown as Parameters<typeof stock>[0]));
}

function isFloat({ dtype }: tf.TensorInfo): boolean {
  return dtype === "float32";
}

function binary(kernel: "add" | "sub" | "mul"): (call: Call) => tf.TensorInfo | undefined {
  return ({ inputs, backend }) => {
    const { a, b } = inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
    const size = sizeOf(a.shape);
    if (size < SMALL || !isFloat(a) || !isFloat(b)) return undefined;
    if (!tf.util.arraysEqual(a.shape, b.shape)) {
      return kernel === "mul" && b.shape.length === 0 ? scale(a, b, backend) : undefined;
    }
    const from = { a: backend.address(a), b: backend.address(b) };
    const { info, address: y } = backend.output(a.shape);
    forElements(backend.machine, kernel, size, 0.5, { ...from, y });
    return info;
  };
}

function scale(a: tf.TensorInfo, factor: tf.TensorInfo, backend: StitchbookCPU): tf.TensorInfo {
  const x = backend.address(a);
  const { info, address: y } = backend.output(a.shape);
  forElements(backend.machine, "scale", sizeOf(a.shape), 0.5, { x, factor: backend.valuesOf(factor)[0]!, y });
  return info;
}

function addN({ inputs, backend }: Call): tf.TensorInfo | undefined {
  const list = Object.values(inputs);
  const size = sizeOf(list[0]!.shape);
  if (
    size < SMALL || !list.every((x) => isFloat(x) && tf.util.arraysEqual(x.shape, list[0]!.shape)) || list.length > 256
  ) return undefined;
  const tensors = list.map((x) => backend.address(x));
  const { info, address: y } = backend.output(list[0]!.shape);
  forElements(backend.machine, "addN", size, 0.3 * list.length, { y, count: list.length, tensors });
  return info;
}

function fill(backend: StitchbookCPU, shape: number[], value: number): tf.TensorInfo {
  const { info, address: y } = backend.output(shape);
  forElements(backend.machine, "fill", sizeOf(shape), 0.3, { value, y });
  return info;
}

function copyRows({ machine }: StitchbookCPU, rows: number, args: OwnArguments<"copyRows">): void {
  forRows(machine, "copyRows", rows, 5 + args.bytes / 16, args);
}

/** The only axis along which a slice takes less than all, 0 if there is none, undefined if there are several. */
function slicedAxis(shape: readonly number[], size: readonly number[]): number | undefined {
  const cut = shape.flatMap((n, i) => n === size[i] ? [] : [i]);
  return cut.length > 1 ? undefined : cut[0] ?? 0;
}

function slice({ inputs, attrs, backend }: Call): tf.TensorInfo | undefined {
  const x = inputs["x"]!;
  if (x.shape.length === 0 || (x.dtype !== "float32" && x.dtype !== "int32")) return undefined;
  const { begin, size } = attrs as { begin: number | number[]; size: number | number[] };
  const [from, extent] = tf.slice_util.parseSliceParams(x as tf.Tensor, begin, size);
  tf.slice_util.assertParamsValid(x as tf.Tensor, from!, extent!);
  const axis = slicedAxis(x.shape, extent!);
  if (axis === undefined || sizeOf(extent!) < SMALL) return undefined;
  return sliceAlong(backend, x, axis, from![axis]!, extent![axis]!);
}

function sliceAlong(backend: StitchbookCPU, x: tf.TensorInfo, axis: number, begin: number, n: number): tf.TensorInfo {
  const inner = sizeOf(x.shape.slice(axis + 1)) * 4;
  const stride = x.shape[axis]! * inner;
  const shape = x.shape.map((m, i) => i === axis ? n : m);
  const dtype = x.dtype as "float32" | "int32";
  const from = backend.address(x, dtype) + begin * inner;
  const { info, address } = backend.output(shape, dtype);
  const bytes = n * inner;
  const rows = sizeOf(x.shape.slice(0, axis));
  copyRows(backend, rows, { bytes, from, fromStride: stride, to: address, toStride: bytes });
  return info;
}

function split({ inputs, attrs, backend }: Call): tf.TensorInfo[] | undefined {
  const x = inputs["x"]!;
  if (!isFloat(x) || sizeOf(x.shape) < SMALL) return undefined;
  const { numOrSizeSplits, axis } = attrs as { numOrSizeSplits: number | number[]; axis: number };
  const along = tf.util.parseAxisParam(axis, x.shape)[0]!;
  let begin = 0;
  return tf.backend_util.prepareSplitSize(x as tf.Tensor, numOrSizeSplits, along).map((n) => {
    const part = sliceAlong(backend, x, along, begin, n);
    begin += n;
    return part;
  });
}

function concat({ inputs, attrs, backend }: Call): tf.TensorInfo | undefined {
  const list = Object.values(inputs).filter(({ shape }) => sizeOf(shape) > 0);
  if (list.length === 0 || !list.every(isFloat)) return undefined;
  const axis = tf.util.parseAxisParam(attrs["axis"] as number, list[0]!.shape)[0]!;
  tf.backend_util.assertParamsConsistent(list.map(({ shape }) => shape), axis);
  const shape = tf.backend_util.computeOutShape(list.map((x) => x.shape), axis);
  const inner = sizeOf(shape.slice(axis + 1)) * 4;
  const rows = sizeOf(shape.slice(0, axis));
  const stride = shape[axis]! * inner;
  const from = list.map((x) => backend.address(x));
  const { info, address } = backend.output(shape);
  let to = address;
  list.forEach((x, i) => {
    const bytes = x.shape[axis]! * inner;
    copyRows(backend, rows, { bytes, from: from[i]!, fromStride: bytes, to, toStride: stride });
    to += bytes;
  });
  return info;
}

/** Elements per partial sum; fixed, so that the sum does not depend on the number of threads. */
const CHUNK = 16384;

function sum({ inputs, attrs, backend }: Call): tf.TensorInfo | undefined {
  const x = inputs["x"]!;
  const size = sizeOf(x.shape);
  const axes = tf.util.parseAxisParam(attrs["axis"] as number[], x.shape);
  if (!isFloat(x) || size < SMALL || axes.length !== x.shape.length) return undefined;
  const { machine } = backend;
  const from = backend.address(x);
  const chunks = Math.ceil(size / CHUNK);
  const partial = machine.heap.allocate(chunks * 8);
  machine.run("sum", { elements: size, perTask: CHUNK, x: from, sums: partial.address }, chunks, size / 4);
  const sums = machine.view(Float64Array, partial.address, chunks);
  let total = 0;
  for (let i = 0; i < chunks; i++) total += sums[i]!;
  machine.heap.free(partial);
  const { info, address } = backend.output(attrs["keepDims"] ? x.shape.map(() => 1) : []);
  machine.view(Float32Array, address, 1)[0] = total;
  return info;
}

override("Add", binary("add"));
override("Sub", binary("sub"));
override("Multiply", binary("mul"));
override("AddN", addN);
override("Slice", slice);
override("SplitV", split);
override("Concat", concat);
override("Sum", sum);
override("ZerosLike", ({ inputs: { x }, backend }) => {
  return isFloat(x!) && sizeOf(x!.shape) >= SMALL ? fill(backend, x!.shape, 0) : undefined;
});
override("Fill", ({ attrs, backend }) => {
  const { shape, value, dtype } = attrs as { shape: number[]; value: number; dtype?: string };
  if (dtype !== "float32" || sizeOf(shape) < SMALL) return undefined;
  return fill(backend, shape, value);
});
