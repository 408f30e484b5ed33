// Kernels of a stack of models on the CPU: RMS norm, each run of rows with its own model's weights.
import type * as tf from "@tensorflow/tfjs";
import { NORM_BRANCH_STACKED, NORM_BRANCH_STACKED_GRAD } from "../../ops/norm-branch.ts";
import { RMS_NORM_STACKED, RMS_NORM_STACKED_GRAD_W, RMS_NORM_STACKED_GRAD_X } from "../../ops/rms-norm.ts";
import type { StitchbookCPU } from "../backend.ts";
import { float, forElements, forRows, type KernelFunction, register, sizeOf } from "../machine/jobs.ts";

/** Addresses of each model's rows, `[rows, d]`, and of its weights, `[d]`. */
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
  const epsilon = float(attrs["epsilon"] as number);
  eachModel(x!, w!, (model, rows, d, at) => {
    forRows(backend.machine, "rmsNorm", rows, d / 2, [d, xs! + at, ws! + model * d * 4, address + at, epsilon]);
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
  const epsilon = float(attrs["epsilon"] as number);
  eachModel(x!, w!, (model, rows, d, at) => {
    const from = [xs! + at, ws! + model * d * 4, dys! + at];
    forRows(backend.machine, "rmsNormGrad", rows, d, [d, ...from, epsilon, address + at, 0, rests! + at]);
  });
  return info;
};

const gradX: KernelFunction = ({ inputs: { x, w, dy }, attrs, backend }) => {
  const [xs, ws, dys] = addresses(backend, [x!, w!, dy!]);
  const { info, address } = backend.output(x!.shape);
  const epsilon = float(attrs["epsilon"] as number);
  eachModel(x!, w!, (model, rows, d, at) => {
    const from = [xs! + at, ws! + model * d * 4, dys! + at];
    forRows(backend.machine, "rmsNormGrad", rows, d, [d, ...from, epsilon, address + at, 0, 0]);
  });
  return info;
};

/** Rows whose part of dw is added up first; fixed, so that the sum is the same for any number of threads. */
const CHUNK = 64;

const gradW: KernelFunction = ({ inputs: { x, w, dy }, attrs, backend }) => {
  const { machine } = backend;
  const [xs, ws, dys] = addresses(backend, [x!, w!, dy!]);
  const { info, address } = backend.output(w!.shape);
  const epsilon = float(attrs["epsilon"] as number);
  eachModel(x!, w!, (model, rows, d, at) => {
    const chunks = Math.ceil(rows / CHUNK);
    const partial = machine.heap.allocate(chunks * d * 4);
    const from = [xs! + at, ws! + model * d * 4, dys! + at];
    forRows(machine, "rmsNormGrad", rows, d, [d, ...from, epsilon, 0, partial.address, 0], CHUNK);
    forElements(machine, "sumRows", d, chunks, [0, partial.address, chunks, address + model * d * 4]);
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
