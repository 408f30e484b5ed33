// Linear maps, alone or several of one input, and linear maps added to a residual stream, on the CPU.
import type * as tf from "@tensorflow/tfjs";
import { ADD_LINEAR } from "../../ops/add-linear.ts";
import { ADD_SWIGLU_LINEAR, ADD_SWIGLU_LINEAR_GRAD } from "../../ops/add-swiglu-linear.ts";
import { LINEAR } from "../../ops/linear.ts";
import { LINEARS, LINEARS_GRAD_W, LINEARS_GRAD_X } from "../../ops/linears.ts";
import type { StitchbookCPU } from "../backend.ts";
import { forElements, forRows, type KernelFunction, register, sizeOf } from "../machine/jobs.ts";
import { multiply, multiplyAll, multiplySum } from "../products/multiply.ts";

const list = (inputs: Readonly<Record<string, tf.TensorInfo>>) => Object.values(inputs);

/** Size of a matrix, or of each matrix in a stack of `batch`. */
function sizesOf({ shape }: tf.TensorInfo): { batch: number; stack: number[]; rows: number; columns: number } {
  const stack = shape.slice(0, -2);
  const [rows, columns] = shape.slice(-2) as [number, number];
  return { batch: stack[0] ?? 1, stack, rows, columns };
}

const linears: KernelFunction = ({ inputs, backend }) => {
  const [x, ...weights] = list(inputs);
  const { batch, stack, rows: M, columns: K } = sizesOf(x!);
  const a = backend.address(x!);
  const from = weights.map((w) => backend.address(w));
  const outputs = weights.map((w) => backend.output([...stack, M, sizesOf(w).rows]));
  multiplyAll(
    backend.machine,
    weights.map((w, i) => {
      const N = sizesOf(w).rows;
      return { batch, M, N, K, a, b: from[i]!, c: outputs[i]!.address, transposeA: false, transposeB: true };
    }),
  );
  return outputs.map(({ info }) => info);
};

/** dx = Σ dyᵢ·Wᵢ. */
const linearsGradX: KernelFunction = ({ inputs, backend }) => {
  const all = list(inputs);
  const count = all.length / 2;
  const dys = all.slice(0, count);
  const weights = all.slice(count);
  const from = all.map((tensor) => backend.address(tensor));
  const { batch, stack, rows: M } = sizesOf(dys[0]!);
  const N = sizesOf(weights[0]!).columns;
  const { info, address: c } = backend.output([...stack, M, N]);
  multiplySum(
    backend.machine,
    dys.map((dy, i) => {
      const K = sizesOf(dy).columns;
      const [a, b] = [from[i]!, from[count + i]!];
      return { batch, M, N, K, a, b, c, transposeA: false, transposeB: false, add: i > 0 };
    }),
  );
  return info;
};

/** dWᵢ = dyᵢᵀ·x. */
const linearsGradW: KernelFunction = ({ inputs, backend }) => {
  const [x, ...dys] = list(inputs);
  const { batch, stack, rows: K, columns: N } = sizesOf(x!);
  const b = backend.address(x!);
  const from = dys.map((dy) => backend.address(dy));
  const outputs = dys.map((dy) => backend.output([...stack, sizesOf(dy).columns, N]));
  multiplyAll(
    backend.machine,
    dys.map((dy, i) => {
      const M = sizesOf(dy).columns;
      return { batch, M, N, K, a: from[i]!, b, c: outputs[i]!.address, transposeA: true, transposeB: false };
    }),
  );
  return outputs.map(({ info }) => info);
};

const addLinear: KernelFunction = ({ inputs: { h, x, w }, backend }) => {
  return addProduct(backend, h!, x!, backend.address(x!), w!);
};

/** h + x·Wᵀ, where `a` is the address of x. */
function addProduct(
  backend: StitchbookCPU,
  h: tf.TensorInfo,
  x: tf.TensorInfo,
  a: number,
  w: tf.TensorInfo,
): tf.TensorInfo {
  const { batch, stack, rows: M, columns: K } = sizesOf(x);
  const N = sizesOf(w).rows;
  const [from, b] = [h, w].map((tensor) => backend.address(tensor)) as [number, number];
  const { info, address: c } = backend.output([...stack, M, N]);
  const product = { batch, M, N, K, a, b, c, transposeA: false, transposeB: true, add: true };
  if (backend.machine.native === undefined) {
    copyRows(backend, from, c, batch * M, N);
    multiplyAll(backend.machine, [product]);
  } else multiplyAll(backend.machine, [{ ...product, addend: from }]);
  return info;
}

/** SwiGLU's result exists only while the kernel runs. */
const addSwigluLinear: KernelFunction = ({ inputs: { h, gate, up, w }, backend }) => {
  const from = { gate: backend.address(gate!), up: backend.address(up!) };
  const size = sizeOf(gate!.shape);
  const y = backend.scratch(4 * size);
  forElements(backend.machine, "swiglu", size, 1.5, { ...from, y });
  return addProduct(backend, h!, gate!, y, w!);
};

/** The gradient of SwiGLU's result, dy·W, is computed where that of gate replaces it. */
const addSwigluLinearGrad: KernelFunction = ({ inputs: { dy, gate, up, w }, backend }) => {
  const { batch, rows: M, columns: K } = sizesOf(dy!);
  const N = sizesOf(w!).columns;
  const [a, b] = [dy!, w!].map((tensor) => backend.address(tensor)) as [number, number];
  const from = { gate: backend.address(gate!), up: backend.address(up!) };
  const [dgate, dup] = [gate!, up!].map(({ shape }) => backend.output(shape));
  const product = { batch, M, N, K, a, b, c: dgate!.address, transposeA: false, transposeB: false };
  multiply(backend.machine, product);
  const swiglu = { ...from, dy: dgate!.address, dgate: dgate!.address, dup: dup!.address };
  forElements(backend.machine, "swigluGrad", sizeOf(gate!.shape), 2, swiglu);
  return [dgate!.info, dup!.info];
};

/** Copies a matrix. */
export function copyRows({ machine }: StitchbookCPU, from: number, to: number, rows: number, columns: number): void {
  const bytes = columns * 4;
  forRows(machine, "copyRows", rows, 5 + columns / 4, { bytes, from, fromStride: bytes, to, toStride: bytes });
}

register(LINEAR, (call) => (linears(call) as tf.TensorInfo[])[0]!);
register(LINEARS, linears);
register(LINEARS_GRAD_X, linearsGradX);
register(LINEARS_GRAD_W, linearsGradW);
register(ADD_LINEAR, addLinear);
register(ADD_SWIGLU_LINEAR, addSwigluLinear);
register(ADD_SWIGLU_LINEAR_GRAD, addSwigluLinearGrad);
