// AdamW on WebGPU: the gradients' norm in two stages of fixed order, then the update in place. Each launch covers as many
// parameters as the device can bind buffers for.
import type * as tf from "@tensorflow/tfjs";
import { ADAM_W, type AdamWSettings } from "../ops/adam-w.ts";
import {
  bySlot,
  CHUNK,
  chunksOf,
  eachElement,
  partsOf,
  type Slot,
  slotUniforms,
  slotValues,
  startOf,
} from "./adam-w-slots.ts";
import type { StitchbookWebGPU } from "./backend.ts";
import { ELEMENTS, register, sizeOf } from "./kernel.ts";
import { float, type Program, program, range } from "./program.ts";
import { ROW_THREADS, rowFunction } from "./row-sums.ts";

type Info = tf.TensorInfo;
type Attributes = AdamWSettings & { readonly decay: readonly number[] };

/** Most buffers that a launch binds, even if the device allows more. */
const MOST_BUFFERS = 64;

function adamW(inputs: Readonly<Record<string, Info>>, attrs: Attributes, backend: StitchbookWebGPU): Info {
  const slots = attrs.decay.map((decay, i): Slot => {
    const [p, g, m, v] = ["p", "g", "m", "v"].map((letter) => inputs[letter + i]!) as [Info, Info, Info, Info];
    for (const tensor of [p, g, m, v]) backend.check(tensor);
    for (const tensor of [p, m, v]) backend.prepareUpdate(tensor);
    const size = sizeOf(p.shape);
    return { p, g, m, v, decay, size, chunks: Math.ceil(size / CHUNK) };
  });
  const buffers = Math.min(MOST_BUFFERS, backend.limits.maxStorageBuffersPerShaderStage);
  const { norm, scale } = gradientNorm(backend, slots, attrs.clipNorm, buffers);
  const { beta1, beta2, learningRate, epsilon, step, clipUpdate } = attrs;
  const moments = [beta1, beta2, 1 - beta1, 1 - beta2].map(float);
  const ratio = [1 / (1 - beta1 ** step), 1 / (1 - beta2 ** step), epsilon].map(float);
  const keep = ({ decay }: Slot) => [float(1 - learningRate * decay)];
  if (clipUpdate === undefined) {
    for (const some of partsOf(slots, Math.floor((buffers - 1) / 4))) {
      const tensors = [scale, ...some.map(({ g }) => g), ...some.flatMap(({ p, m, v }) => [p, m, v])];
      const uniforms = [...moments, ...ratio, float(learningRate), ...slotValues(some, keep)];
      backend.launch(updateProgram(some.length), tensors, uniforms, chunksOf(some));
    }
  } else {
    for (const some of partsOf(slots, Math.floor((buffers - 2) / 3))) {
      const sums = backend.output([chunksOf(some)]);
      const tensors = [scale, ...some.map(({ g }) => g), ...some.flatMap(({ m, v }) => [m, v]), sums];
      backend.launch(momentsProgram(some.length), tensors, [...moments, ...ratio, ...slotValues(some)], chunksOf(some));
      const applied = [sums, ...some.flatMap(({ m, v }) => [m, v]), ...some.map(({ p }) => p)];
      const uniforms = [...ratio, float(learningRate), float(clipUpdate), ...slotValues(some, keep)];
      backend.launch(clippedProgram(some.length), applied, uniforms, chunksOf(some));
      backend.release(sums);
    }
  }
  backend.release(scale);
  return norm;
}

/** The global norm, and the factor that scales the gradients; both `[]`. */
function gradientNorm(
  backend: StitchbookWebGPU,
  slots: readonly Slot[],
  clipNorm: number,
  buffers: number,
): { readonly norm: Info; readonly scale: Info } {
  const sums = backend.output([Math.max(1, chunksOf(slots))]); // an empty buffer cannot be bound
  let first = 0;
  for (const some of partsOf(slots, buffers - 1)) {
    const tensors = [...some.map(({ g }) => g), sums];
    backend.launch(squaresProgram(some.length), tensors, [first, ...slotValues(some)], chunksOf(some));
    first += chunksOf(some);
  }
  const [norm, scale] = [backend.output([]), backend.output([])];
  const clips = Number.isFinite(clipNorm);
  backend.launch(NORM, [sums, norm, scale], [first, Number(clips), float(clips ? clipNorm : 0)], 1);
  backend.release(sums);
  return { norm, scale };
}

const names = (letters: string, count: number) =>
  Object.fromEntries(range(count).flatMap((i) => [...letters].map((letter) => [letter + i, "f32"])));

function squaresProgram(count: number): Program {
  return program(`adamW squares ${count}`, (features) => ({
    reads: names("g", count),
    writes: { sums: "f32" },
    uniforms: { first: "u32", ...slotUniforms(count) },
    size: ELEMENTS,
    declarations: rowFunction(features, "total", ROW_THREADS, "sum"),
    main: `
  var sum = 0.0;
  ${eachElement(count, (slot) => `      sum += g${slot}[i] * g${slot}[i];`)}
  let whole = total(lane, lane, sum);
  if (lane == 0u) { sums[uniforms.first + group] = whole; }`,
  }));
}

const NORM = program("adamW norm", (features) => ({
  reads: { sums: "f32" },
  writes: { norm: "f32", scale: "f32" },
  uniforms: { count: "u32", clips: "u32", clipNorm: "f32" },
  size: ROW_THREADS,
  declarations: rowFunction(features, "total", ROW_THREADS, "sum"),
  main: `
  var sum = 0.0;
  for (var i = lane; i < uniforms.count; i += ${ROW_THREADS}u) { sum += sums[i]; }
  let whole = sqrt(total(lane, lane, sum));
  if (lane == 0u) {
    norm[0] = whole;
    // not min(), so that a NaN norm makes the parameters NaN, as in the reference
    let factor = uniforms.clipNorm / (whole + 1e-6);
    if (uniforms.clips == 0u || factor >= 1.0) { scale[0] = 1.0; } else { scale[0] = factor; }
  }`,
}));

const MOMENTS = { beta1: "f32", beta2: "f32", rest1: "f32", rest2: "f32" };
const RATIO = { correction1: "f32", correction2: "f32", epsilon: "f32" };

/** Statements that compute and write the new moments, `mean` and `square`. */
const newMoments = (slot: number) => `
      let gradient = g${slot}[i] * factor;
      let mean = m${slot}[i] * uniforms.beta1 + gradient * uniforms.rest1;
      let square = v${slot}[i] * uniforms.beta2 + gradient * gradient * uniforms.rest2;
      m${slot}[i] = mean;
      v${slot}[i] = square;`;

/** Statements that compute `ratio` from the moments. */
const RATIO_OF_MOMENTS = `
      let ratio = mean * uniforms.correction1 / (sqrt(square * uniforms.correction2) + uniforms.epsilon);`;

function updateProgram(count: number): Program {
  return program(`adamW update ${count}`, () => ({
    reads: { scale: "f32", ...names("g", count) },
    writes: names("pmv", count),
    uniforms: { ...MOMENTS, ...RATIO, rate: "f32", ...slotUniforms(count, { keep: "f32" }) },
    size: ELEMENTS,
    main: `
  let factor = scale[0];
  ${
      eachElement(count, (slot) =>
        `${newMoments(slot)}${RATIO_OF_MOMENTS}
      p${slot}[i] = p${slot}[i] * uniforms.keep${slot} - uniforms.rate * ratio;`)
    }`,
  }));
}

/** Updates the moments and sums each workgroup's squared ratios. */
function momentsProgram(count: number): Program {
  return program(`adamW moments ${count}`, (features) => ({
    reads: { scale: "f32", ...names("g", count) },
    writes: { ...names("mv", count), sums: "f32" },
    uniforms: { ...MOMENTS, ...RATIO, ...slotUniforms(count) },
    size: ELEMENTS,
    declarations: rowFunction(features, "total", ROW_THREADS, "sum"),
    main: `
  let factor = scale[0];
  var sum = 0.0;
  ${eachElement(count, (slot) => `${newMoments(slot)}${RATIO_OF_MOMENTS}\n      sum += ratio * ratio;`)}
  let whole = total(lane, lane, sum);
  if (lane == 0u) { sums[group] = whole; }`,
  }));
}

/** Updates the parameters with ratios scaled down to an RMS of `limit`; each workgroup adds up its parameter's sums. */
function clippedProgram(count: number): Program {
  return program(`adamW clipped ${count}`, (features) => ({
    reads: { sums: "f32", ...names("mv", count) },
    writes: names("p", count),
    uniforms: { ...RATIO, rate: "f32", limit: "f32", ...slotUniforms(count, { keep: "f32" }) },
    size: ELEMENTS,
    declarations: rowFunction(features, "total", ROW_THREADS, "sum"),
    main: `
  var first = 0u;
  var last = 0u;
  var size = 1u;
  ${bySlot(count, (slot) => `    first = ${startOf(slot)}; last = uniforms.end${slot}; size = uniforms.size${slot};`)}
  var sum = 0.0;
  for (var c = first + lane; c < last; c += ${ROW_THREADS}u) { sum += sums[c]; }
  let rms = sqrt(total(lane, lane, sum) / f32(size));
  // not min(), so that a NaN RMS makes the parameters NaN
  var factor = uniforms.limit / rms;
  if (rms <= uniforms.limit) { factor = 1.0; }
  ${
      eachElement(count, (slot) => `
      let mean = m${slot}[i];
      let square = v${slot}[i];${RATIO_OF_MOMENTS}
      p${slot}[i] = p${slot}[i] * uniforms.keep${slot} - uniforms.rate * factor * ratio;`)
    }`,
  }));
}

register(ADAM_W, ({ inputs, attrs, backend }) => adamW(inputs, attrs as unknown as Attributes, backend));
