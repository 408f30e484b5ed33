// RMS norm on the CPU, of one model (w `[d]`) or of a stack of models (w `[models, d]`), each with its own weights.
import type * as tf from "@tensorflow/tfjs";
import { NORM_BRANCH, NORM_BRANCH_GRAD } from "../../ops/norm-branch.ts";
import { RMS_NORM, RMS_NORM_GRAD_W, RMS_NORM_GRAD_X } from "../../ops/rms-norm.ts";
import { forElements, forRows, type KernelFunction, register, sizeOf } from "../machine/jobs.ts";

/** Each model's number of rows, and where its rows of x and its weights begin, in bytes. */
function modelsOf(x: tf.TensorInfo, w: tf.TensorInfo) {
  const d = w.shape.at(-1)!;
  const models = sizeOf(w.shape) / d;
  const rows = sizeOf(x.shape) / d / models;
  return Array.from({ length: models }, (_, model) => ({ d, rows, at: 4 * model * rows * d, atW: 4 * model * d }));
}

const norm: KernelFunction = ({ inputs: { x, w }, attrs, backend }) => {
  const [xs, ws] = [backend.address(x!), backend.address(w!)];
  const { info, address } = backend.output(x!.shape);
  const epsilon = attrs["epsilon"] as number;
  for (const { d, rows, at, atW } of modelsOf(x!, w!)) {
    forRows(backend.machine, "rmsNorm", rows, d / 2, { d, x: xs + at, w: ws + atW, y: address + at, epsilon });
  }
  return info;
};

/** The norm, and x itself. */
const branch: KernelFunction = (call) => {
  const x = call.inputs["x"]!;
  const normed = norm(call) as tf.TensorInfo;
  return [normed, call.backend.shared(x)];
};

/** The gradient of x; of a branch, the gradient `dx` of the other branch is added. */
const gradX: KernelFunction = ({ inputs: { x, w, dy, dnormed = dy, dx }, attrs, backend }) => {
  const [xs, ws, dys] = [backend.address(x!), backend.address(w!), backend.address(dnormed!)];
  const rests = dx && backend.address(dx);
  const { info, address } = backend.output(x!.shape);
  const epsilon = attrs["epsilon"] as number;
  for (const { d, rows, at, atW } of modelsOf(x!, w!)) {
    const rest = rests === undefined ? 0 : rests + at;
    const args = { d, x: xs + at, w: ws + atW, dy: dys + at, epsilon, dx: address + at, dw: 0, rest };
    forRows(backend.machine, "rmsNormGrad", rows, d, args);
  }
  return info;
};

/** Rows per partial sum of dw; fixed, so that the sum does not depend on the number of threads. */
const CHUNK = 64;

const gradW: KernelFunction = ({ inputs: { x, w, dy }, attrs, backend }) => {
  const { machine } = backend;
  const [xs, ws, dys] = [backend.address(x!), backend.address(w!), backend.address(dy!)];
  const { info, address } = backend.output(w!.shape);
  const epsilon = attrs["epsilon"] as number;
  for (const { d, rows, at, atW } of modelsOf(x!, w!)) {
    const n = Math.ceil(rows / CHUNK);
    const partial = machine.heap.allocate(n * d * 4);
    const args = { d, x: xs + at, w: ws + atW, dy: dys + at, epsilon, dx: 0, dw: partial.address, rest: 0 };
    forRows(machine, "rmsNormGrad", rows, d, args, CHUNK);
    forElements(machine, "sumRows", d, n, { x: partial.address, n, y: address + atW });
    machine.heap.free(partial);
  }
  return info;
};

register(RMS_NORM, norm);
register(NORM_BRANCH, branch);
for (const name of [RMS_NORM_GRAD_X, NORM_BRANCH_GRAD]) register(name, gradX);
register(RMS_NORM_GRAD_W, gradW);
