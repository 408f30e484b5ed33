// RMS norm of a stack of models on the CPU: each model's rows with its own weights.
import type * as tf from "@tensorflow/tfjs";
import { NORM_BRANCH_STACKED, NORM_BRANCH_STACKED_GRAD } from "../../ops/norm-branch.ts";
import { RMS_NORM_STACKED, RMS_NORM_STACKED_GRAD_W, RMS_NORM_STACKED_GRAD_X } from "../../ops/rms-norm.ts";
import type { StitchbookCPU } from "../backend.ts";
import { forElements, forRows, type KernelFunction, register, sizeOf } from "../machine/jobs.ts";

/** Calls `run` for each model of x `[models, rows, d]` and w `[models, d]`. */
function eachModel(
  x: tf.TensorInfo,
  w: tf.TensorInfo,
  run: (model: number, rows: number, d: number, rowBytes: number) => void,
): void {
  const [models, d] = w.shape as [number, number];
  const rows = sizeOf(x.shape) / d / models;
  for (let model = 0; model < models; model++) run(model, rows, d, model * rows * d * 4);
}

const norm: KernelFunction = ({ inputs: { x, w }, attrs, backend }) => {
  const [xs, ws] = addresses(backend, [x!, w!]);
  const { info, address } = backend.output(x!.shape);
  const epsilon = attrs["epsilon"] as number;
  eachModel(x!, w!, (model, rows, d, at) => {
    const args = { d, x: xs! + at, w: ws! + model * d * 4, y: address + at, epsilon };
    forRows(backend.machine, "rmsNorm", rows, d / 2, args);
  });
  return info;
};

const branch: KernelFunction = (call) => {
  const x = call.inputs["x"]!;
  const normed = norm(call) as tf.TensorInfo;
  call.backend.incRef(x.dataId);
  return [normed, { dataId: x.dataId, shape: x.shape, dtype: x.dtype }];
};

const branchGrad: KernelFunction = ({ inputs: { x, w, dnormed, dx }, attrs, backend }) => {
  const [xs, ws, dys, rests] = addresses(backend, [x!, w!, dnormed!, dx!]);
  const { info, address } = backend.output(x!.shape);
  const epsilon = attrs["epsilon"] as number;
  eachModel(x!, w!, (model, rows, d, at) => {
    const from = { x: xs! + at, w: ws! + model * d * 4, dy: dys! + at };
    forRows(backend.machine, "rmsNormGrad", rows, d, {
      d,
      ...from,
      epsilon,
      dx: address + at,
      dw: 0,
      rest: rests! + at,
    });
  });
  return info;
};

const gradX: KernelFunction = ({ inputs: { x, w, dy }, attrs, backend }) => {
  const [xs, ws, dys] = addresses(backend, [x!, w!, dy!]);
  const { info, address } = backend.output(x!.shape);
  const epsilon = attrs["epsilon"] as number;
  eachModel(x!, w!, (model, rows, d, at) => {
    const from = { x: xs! + at, w: ws! + model * d * 4, dy: dys! + at };
    forRows(backend.machine, "rmsNormGrad", rows, d, { d, ...from, epsilon, dx: address + at, dw: 0, rest: 0 });
  });
  return info;
};

/** Rows per partial sum of dw; fixed, so that the sum does not depend on the number of threads. */
const CHUNK = 64;

const gradW: KernelFunction = ({ inputs: { x, w, dy }, attrs, backend }) => {
  const { machine } = backend;
  const [xs, ws, dys] = addresses(backend, [x!, w!, dy!]);
  const { info, address } = backend.output(w!.shape);
  const epsilon = attrs["epsilon"] as number;
  eachModel(x!, w!, (model, rows, d, at) => {
    const chunks = Math.ceil(rows / CHUNK);
    const partial = machine.heap.allocate(chunks * d * 4);
    const from = { x: xs! + at, w: ws! + model * d * 4, dy: dys! + at };
    forRows(machine, "rmsNormGrad", rows, d, { d, ...from, epsilon, dx: 0, dw: partial.address, rest: 0 }, CHUNK);
    forElements(machine, "sumRows", d, chunks, { x: partial.address, n: chunks, y: address + model * d * 4 });
    machine.heap.free(partial);
  });
  return info;
};

function addresses(backend: StitchbookCPU, tensors: readonly tf.TensorInfo[]): number[] {
  return tensors.map((tensor) => backend.address(tensor));
}

export function registerStacked(): void {
  register(RMS_NORM_STACKED, norm);
  register(NORM_BRANCH_STACKED, branch);
  register(NORM_BRANCH_STACKED_GRAD, branchGrad);
  register(RMS_NORM_STACKED_GRAD_X, gradX);
  register(RMS_NORM_STACKED_GRAD_W, gradW);
}
