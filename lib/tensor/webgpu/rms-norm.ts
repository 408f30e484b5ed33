// RMS normalization on WebGPU, and its two gradients.
import type * as tf from "@tensorflow/tfjs";
import { NORM_BRANCH, NORM_BRANCH_GRAD } from "../ops/norm-branch.ts";
import { RMS_NORM, RMS_NORM_GRAD_W, RMS_NORM_GRAD_X } from "../ops/rms-norm.ts";
import type { StitchbookWebGPU } from "./backend.ts";
import { type KernelFunction, perElement, register, sumParts } from "./kernel.ts";
import { float, lanesFor, program } from "./program.ts";
import { partsSum, ROW_THREADS, rowFunction, rowGroups, rowStart, sharersOf } from "./row-sums.ts";

/** Sizes of a call: `steps` numbers, or vectors of four, per row; `w` is `[d]`, or `[models, d]` for equal runs of rows. */
function sizesOf({ shape }: tf.TensorInfo, w?: tf.TensorInfo) {
  const d = shape.at(-1)!;
  const rows = shape.reduce((a, b) => a * b, 1) / d;
  const { width, type } = lanesFor(d);
  const steps = d / width;
  const models = w?.shape.length === 2 ? w.shape[0]! : 1;
  return { rows, d, type, steps, sharers: sharersOf(steps), models, perModel: rows / models };
}

const uniforms = { rows: "u32", steps: "u32", perModel: "u32", d: "f32", epsilon: "f32" };

const rmsNorm: KernelFunction = ({ inputs: { x, w }, attrs, backend }) => {
  for (const tensor of [x!, w!]) backend.check(tensor);
  const { rows, d, type, steps, sharers, perModel } = sizesOf(x!, w);
  const y = backend.output(x!.shape);
  const made = program(`rmsNorm ${type} ${sharers}`, (features) => ({
    reads: { x: type, w: type },
    writes: { y: type },
    uniforms,
    size: ROW_THREADS,
    declarations: rowFunction(features, "rowSum", sharers, "sum"),
    main: `${rowStart(sharers)}
  let base = row * uniforms.steps;
  let own = row / uniforms.perModel * uniforms.steps;
  var squares = 0.0;
  if (inside) {
    for (var i = share; i < uniforms.steps; i += ${sharers}u) { let v = x[base + i]; squares += ${
      partsSum(type, "(v * v)")
    }; }
  }
  let scale = inverseSqrt(rowSum(lane, share, squares) / uniforms.d + uniforms.epsilon);
  if (inside) {
    for (var i = share; i < uniforms.steps; i += ${sharers}u) { y[base + i] = x[base + i] * scale * w[own + i]; }
  }`,
  }));
  const epsilon = float(attrs["epsilon"] as number);
  backend.launch(made, [x!, w!, y], [rows, steps, perModel, float(d), epsilon], rowGroups(rows, sharers));
  return y;
};

/** The norm, and the stream itself. */
const normBranch: KernelFunction = (call) => {
  const { dataId, shape, dtype } = call.inputs["x"]!;
  const normed = rmsNorm(call) as tf.TensorInfo;
  call.backend.incRef(dataId);
  return [normed, { dataId, shape, dtype }];
};

const rmsNormGradX: KernelFunction = ({ inputs: { x, w, dy }, attrs, backend }) =>
  gradX(backend, x!, w!, dy!, attrs["epsilon"] as number);

const normBranchGrad: KernelFunction = ({ inputs: { x, w, dnormed, dx }, attrs, backend }) =>
  gradX(backend, x!, w!, dnormed!, attrs["epsilon"] as number, dx!);

/** The gradient of x, plus `plus` if given. */
function gradX(
  backend: StitchbookWebGPU,
  x: tf.TensorInfo,
  w: tf.TensorInfo,
  dy: tf.TensorInfo,
  epsilon: number,
  plus?: tf.TensorInfo,
): tf.TensorInfo {
  const adds = plus !== undefined;
  for (const tensor of [x, w, dy, ...(adds ? [plus] : [])]) backend.check(tensor);
  const { rows, d, type, steps, sharers, perModel } = sizesOf(x, w);
  const dx = backend.output(x.shape);
  const made = program(`rmsNormGradX ${type} ${sharers} ${adds}`, (features) => ({
    reads: { x: type, w: type, dy: type, ...(adds ? { plus: type } : {}) },
    writes: { dx: type },
    uniforms,
    size: ROW_THREADS,
    declarations: rowFunction(features, "rowSums", sharers, "sum", "vec2<f32>"),
    main: `${rowStart(sharers)}
  let base = row * uniforms.steps;
  let own = row / uniforms.perModel * uniforms.steps;
  var parts = vec2<f32>(0.0);
  if (inside) {
    for (var i = share; i < uniforms.steps; i += ${sharers}u) {
      let v = x[base + i];
      parts += vec2<f32>(${partsSum(type, "(v * v)")}, ${partsSum(type, "(v * w[own + i] * dy[base + i])")});
    }
  }
  let sums = rowSums(lane, share, parts);
  let scale = inverseSqrt(sums.x / uniforms.d + uniforms.epsilon);
  let back = scale * scale * scale * sums.y / uniforms.d;
  if (inside) {
    for (var i = share; i < uniforms.steps; i += ${sharers}u) {
      dx[base + i] = dy[base + i] * w[own + i] * scale - x[base + i] * back${adds ? " + plus[base + i]" : ""};
    }
  }`,
  }));
  const tensors = [x, w, dy, ...(adds ? [plus] : []), dx];
  backend.launch(made, tensors, [rows, steps, perModel, float(d), float(epsilon)], rowGroups(rows, sharers));
  return dx;
}

/** Rows whose contributions to dw are added up first. */
const CHUNK = 64;

const rmsNormGradW: KernelFunction = ({ inputs: { x, w, dy }, attrs, backend }) => {
  for (const tensor of [x!, w!, dy!]) backend.check(tensor);
  const { d, models, perModel } = sizesOf(x!, w);
  const scales = rowScales(backend, x!, attrs["epsilon"] as number);
  const chunks = Math.ceil(perModel / CHUNK);
  const parts = backend.output(chunks === 1 ? w!.shape : [chunks, models, d]);
  perElement(backend, {
    key: "rmsNormGradW",
    count: chunks * models * d,
    reads: { x: ["f32", x!], dy: ["f32", dy!], scales: ["f32", scales] },
    writes: { parts: ["f32", parts] },
    uniforms: { perModel, models, d },
    body: () => `
  let column = i % uniforms.d;
  let model = (i / uniforms.d) % uniforms.models;
  let chunk = i / uniforms.d / uniforms.models;
  let end = min((chunk + 1u) * ${CHUNK}u, uniforms.perModel);
  var sum = 0.0;
  for (var r = chunk * ${CHUNK}u; r < end; r++) {
    let row = model * uniforms.perModel + r;
    let at = row * uniforms.d + column;
    sum += dy[at] * x[at] * scales[row];
  }
  parts[i] = sum;`,
  });
  backend.release(scales);
  if (chunks === 1) return parts;
  const dw = backend.output(w!.shape);
  sumParts(backend, parts, dw, chunks, models * d);
  backend.release(parts);
  return dw;
};

/** `1 / √(mean(x²) + ε)` of each row. */
function rowScales(backend: StitchbookWebGPU, x: tf.TensorInfo, epsilon: number): tf.TensorInfo {
  const { rows, d, type, steps, sharers } = sizesOf(x);
  const scales = backend.output([rows]);
  const made = program(`rmsNormScales ${type} ${sharers}`, (features) => ({
    reads: { x: type },
    writes: { scales: "f32" },
    uniforms,
    size: ROW_THREADS,
    declarations: rowFunction(features, "rowSum", sharers, "sum"),
    main: `${rowStart(sharers)}
  var squares = 0.0;
  if (inside) {
    for (var i = share; i < uniforms.steps; i += ${sharers}u) {
      let v = x[row * uniforms.steps + i];
      squares += ${partsSum(type, "(v * v)")};
    }
  }
  let sum = rowSum(lane, share, squares);
  if (inside && share == 0u) { scales[row] = inverseSqrt(sum / uniforms.d + uniforms.epsilon); }`,
  }));
  backend.launch(made, [x, scales], [rows, steps, rows, float(d), float(epsilon)], rowGroups(rows, sharers));
  return scales;
}

register(RMS_NORM, rmsNorm);
register(RMS_NORM_GRAD_X, rmsNormGradX);
register(NORM_BRANCH, normBranch);
register(NORM_BRANCH_GRAD, normBranchGrad);
register(RMS_NORM_GRAD_W, rmsNormGradW);
