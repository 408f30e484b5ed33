// Linear maps that share their input, and those that add to a residual stream, on the CPU.
import type * as tf from "@tensorflow/tfjs";
import { ADD_LINEAR } from "../ops/add-linear.ts";
import { LINEARS, LINEARS_GRAD_W, LINEARS_GRAD_X } from "../ops/linears.ts";
import type { StitchbookCPU } from "./backend.ts";
import { forRows, type KernelFunction, register } from "./jobs.ts";
import { multiplyAll } from "./product.ts";

const list = (inputs: Readonly<Record<string, tf.TensorInfo>>) => Object.values(inputs);

const linears: KernelFunction = ({ inputs, backend }) => {
  const [x, ...weights] = list(inputs);
  const [M, K] = x!.shape as [number, number];
  const a = backend.address(x!);
  const from = weights.map((w) => backend.address(w));
  const outputs = weights.map((w) => backend.output([M, w.shape[0]!]));
  multiplyAll(
    backend.machine,
    weights.map((w, i) => {
      const N = w.shape[0]!;
      return { batch: 1, M, N, K, a, b: from[i]!, c: outputs[i]!.address, transposeA: false, transposeB: true };
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
  const M = dys[0]!.shape[0]!;
  const N = weights[0]!.shape[1]!;
  const { info, address: c } = backend.output([M, N]);
  dys.forEach((dy, i) => {
    const K = dy.shape[1]!;
    const [a, b] = [from[i]!, from[count + i]!];
    multiplyAll(backend.machine, [{ batch: 1, M, N, K, a, b, c, transposeA: false, transposeB: false, add: i > 0 }]);
  });
  return info;
};

/** dWᵢ = dyᵢᵀ·x. */
const linearsGradW: KernelFunction = ({ inputs, backend }) => {
  const [x, ...dys] = list(inputs);
  const [K, N] = x!.shape as [number, number];
  const b = backend.address(x!);
  const from = dys.map((dy) => backend.address(dy));
  const outputs = dys.map((dy) => backend.output([dy.shape[1]!, N]));
  multiplyAll(
    backend.machine,
    dys.map((dy, i) => {
      const M = dy.shape[1]!;
      return { batch: 1, M, N, K, a: from[i]!, b, c: outputs[i]!.address, transposeA: true, transposeB: false };
    }),
  );
  return outputs.map(({ info }) => info);
};

const addLinear: KernelFunction = ({ inputs: { h, x, w }, backend }) => {
  const [M, K] = x!.shape as [number, number];
  const N = w!.shape[0]!;
  const [from, a, b] = [h!, x!, w!].map((tensor) => backend.address(tensor)) as [number, number, number];
  const { info, address: c } = backend.output([M, N]);
  copy(backend, from, c, M, N);
  multiplyAll(backend.machine, [{ batch: 1, M, N, K, a, b, c, transposeA: false, transposeB: true, add: true }]);
  return info;
};

function copy({ machine }: StitchbookCPU, from: number, to: number, rows: number, columns: number): void {
  forRows(machine, "copyRows", rows, 5 + columns / 4, [columns * 4, from, columns * 4, to, columns * 4]);
}

export function registerLinears(): void {
  register(LINEARS, linears);
  register(LINEARS_GRAD_X, linearsGradX);
  register(LINEARS_GRAD_W, linearsGradW);
  register(ADD_LINEAR, addLinear);
}
