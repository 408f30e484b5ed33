// RMS normalisation on WebGPU, and its two gradients.
import type * as tf from "@tensorflow/tfjs";
import { RMS_NORM, RMS_NORM_GRAD_W, RMS_NORM_GRAD_X } from "../ops/rms-norm.ts";
import type { StitchbookWebGPU } from "./backend.ts";
import { ELEMENTS, type KernelFunction, register, sumStretches } from "./kernel.ts";
import { float, lanesFor, program } from "./program.ts";
import { partsSum, ROW_THREADS, rowGroups, rowStart, rowSumFunction, sharersOf } from "./row-sums.ts";

/** Sizes of one call: `steps` numbers or vectors of four a row. */
function sizesOf({ shape }: tf.TensorInfo) {
  const [rows, d] = shape as [number, number];
  const { width, type } = lanesFor(d);
  const steps = d / width;
  return { rows, d, type, steps, sharers: sharersOf(steps) };
}

const uniforms = { rows: "u32", steps: "u32", d: "f32", epsilon: "f32" };

const rmsNorm: KernelFunction = ({ inputs: { x, w }, attrs, backend }) => {
  for (const tensor of [x!, w!]) backend.check(tensor);
  const { rows, d, type, steps, sharers } = sizesOf(x!);
  const y = backend.output([rows, d]);
  const made = program({
    key: `rmsNorm ${type} ${sharers}`,
    reads: { x: type, w: type },
    writes: { y: type },
    uniforms,
    size: ROW_THREADS,
    declarations: rowSumFunction("rowSum", sharers),
    main: `${rowStart(sharers)}
  let base = row * uniforms.steps;
  var squares = 0.0;
  if (inside) {
    for (var i = share; i < uniforms.steps; i += ${sharers}u) { let v = x[base + i]; squares += ${
      partsSum(type, "(v * v)")
    }; }
  }
  let scale = inverseSqrt(rowSum(lane, share, squares) / uniforms.d + uniforms.epsilon);
  if (inside) {
    for (var i = share; i < uniforms.steps; i += ${sharers}u) { y[base + i] = x[base + i] * scale * w[i]; }
  }`,
  });
  const epsilon = float(attrs["epsilon"] as number);
  backend.launch("rmsNorm", made, [x!, w!, y], [rows, steps, float(d), epsilon], rowGroups(rows, sharers));
  return y;
};

const rmsNormGradX: KernelFunction = ({ inputs: { x, w, dy }, attrs, backend }) => {
  for (const tensor of [x!, w!, dy!]) backend.check(tensor);
  const { rows, d, type, steps, sharers } = sizesOf(x!);
  const dx = backend.output([rows, d]);
  const made = program({
    key: `rmsNormGradX ${type} ${sharers}`,
    reads: { x: type, w: type, dy: type },
    writes: { dx: type },
    uniforms,
    size: ROW_THREADS,
    declarations: rowSumFunction("rowSums", sharers, "vec2<f32>"),
    main: `${rowStart(sharers)}
  let base = row * uniforms.steps;
  var parts = vec2<f32>(0.0);
  if (inside) {
    for (var i = share; i < uniforms.steps; i += ${sharers}u) {
      let v = x[base + i];
      parts += vec2<f32>(${partsSum(type, "(v * v)")}, ${partsSum(type, "(v * w[i] * dy[base + i])")});
    }
  }
  let sums = rowSums(lane, share, parts);
  let scale = inverseSqrt(sums.x / uniforms.d + uniforms.epsilon);
  let back = scale * scale * scale * sums.y / uniforms.d;
  if (inside) {
    for (var i = share; i < uniforms.steps; i += ${sharers}u) {
      dx[base + i] = dy[base + i] * w[i] * scale - x[base + i] * back;
    }
  }`,
  });
  const epsilon = float(attrs["epsilon"] as number);
  backend.launch("rmsNorm", made, [x!, w!, dy!, dx], [rows, steps, float(d), epsilon], rowGroups(rows, sharers));
  return dx;
};

/** Rows whose part of dw is added up first. */
const CHUNK = 64;

const rmsNormGradW: KernelFunction = ({ inputs: { x, w, dy }, attrs, backend }) => {
  for (const tensor of [x!, w!, dy!]) backend.check(tensor);
  const { rows, d } = sizesOf(x!);
  const scales = rowScales(backend, x!, attrs["epsilon"] as number);
  const chunks = Math.ceil(rows / CHUNK);
  const parts = backend.output([chunks, d]);
  const made = program({
    key: "rmsNormGradW",
    reads: { x: "f32", dy: "f32", scales: "f32" },
    writes: { parts: "f32" },
    uniforms: { rows: "u32", d: "u32", chunks: "u32" },
    size: ELEMENTS,
    main: `
  let i = group * ${ELEMENTS}u + lane;
  let column = i % uniforms.d;
  let chunk = i / uniforms.d;
  if (chunk >= uniforms.chunks) { return; }
  var sum = 0.0;
  for (var row = chunk * ${CHUNK}u; row < min((chunk + 1u) * ${CHUNK}u, uniforms.rows); row++) {
    let at = row * uniforms.d + column;
    sum += dy[at] * x[at] * scales[row];
  }
  parts[i] = sum;`,
  });
  backend.launch("rmsNorm", made, [x!, dy!, scales, parts], [rows, d, chunks], Math.ceil(chunks * d / ELEMENTS));
  backend.release(scales);
  if (chunks === 1) return { ...parts, shape: [d] };
  const dw = backend.output([d]);
  sumStretches(backend, "rmsNorm", parts, dw, chunks, d);
  backend.release(parts);
  return dw;
};

/** `1 / √(mean(x²) + ε)` of each row. */
function rowScales(backend: StitchbookWebGPU, x: tf.TensorInfo, epsilon: number): tf.TensorInfo {
  const { rows, d, type, steps, sharers } = sizesOf(x);
  const scales = backend.output([rows]);
  const made = program({
    key: `rmsNormScales ${type} ${sharers}`,
    reads: { x: type },
    writes: { scales: "f32" },
    uniforms,
    size: ROW_THREADS,
    declarations: rowSumFunction("rowSum", sharers),
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
  });
  backend.launch("rmsNorm", made, [x, scales], [rows, steps, float(d), float(epsilon)], rowGroups(rows, sharers));
  return scales;
}

export function registerRmsNorm(): void {
  register(RMS_NORM, rmsNorm);
  register(RMS_NORM_GRAD_X, rmsNormGradX);
  register(RMS_NORM_GRAD_W, rmsNormGradW);
}
