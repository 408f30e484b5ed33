// Linear maps, alone or several of one input, and linear maps added to a residual stream, on the CPU.
import type * as tf from "@tensorflow/tfjs";
import { ADD_LINEAR } from "../../ops/add-linear.ts";
import { LINEAR } from "../../ops/linear.ts";
import { LINEARS, LINEARS_GRAD_W, LINEARS_GRAD_X } from "../../ops/linears.ts";
import type { StitchbookCPU } from "../backend.ts";
import { forRows, type KernelFunction, register } from "../machine/jobs.ts";
import { multiplyAll, multiplySum } from "../products/multiply.ts";

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
  const { batch, stack, rows: M, columns: K } = sizesOf(x!);
  const N = sizesOf(w!).rows;
  const [from, a, b] = [h!, x!, w!].map((tensor) => backend.address(tensor)) as [number, number, number];
  const { info, address: c } = backend.output([...stack, M, N]);
  const product = { batch, M, N, K, a, b, c, transposeA: false, transposeB: true, add: true };
  if (backend.machine.native === undefined) {
    copyRows(backend, from, c, batch * M, N);
    multiplyAll(backend.machine, [product]);
  } else multiplyAll(backend.machine, [{ ...product, addend: from }]);
  return info;
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
