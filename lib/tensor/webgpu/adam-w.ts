// AdamW on WebGPU: the gradients' norm in two stages of fixed order, then the update in place, each launch over as many
// parameters as the device binds buffers.
import type * as tf from "@tensorflow/tfjs";
import { ADAM_W, type AdamWSettings } from "../ops/adam-w.ts";
import type { StitchbookWebGPU } from "./backend.ts";
import { ELEMENTS, register, sizeOf } from "./kernel.ts";
import { float, type Program, program, type Scalar } from "./program.ts";
import { ROW_THREADS, rowSumFunction } from "./row-sums.ts";

type Info = tf.TensorInfo;
type Attributes = AdamWSettings & { readonly decay: readonly number[] };

/** Elements of one workgroup. */
const CHUNK = 4096;
/** Most buffers that a launch binds, however many the device would take. */
const MOST_BUFFERS = 65;

interface Slot {
  readonly p: Info;
  readonly g: Info;
  readonly m: Info;
  readonly v: Info;
  readonly decay: number;
  readonly size: number;
  readonly chunks: number;
}

function adamW(inputs: Readonly<Record<string, Info>>, attrs: Attributes, backend: StitchbookWebGPU): Info {
  const slots = attrs.decay.map((decay, i): Slot => {
    const [p, g, m, v] = ["p", "g", "m", "v"].map((letter) => inputs[letter + i]!) as [Info, Info, Info, Info];
    for (const tensor of [p, g, m, v]) backend.check(tensor);
    for (const tensor of [p, m, v]) backend.own(tensor);
    const size = sizeOf(p.shape);
    return { p, g, m, v, decay, size, chunks: Math.ceil(size / CHUNK) };
  });
  const buffers = Math.min(MOST_BUFFERS, backend.limits.maxStorageBuffersPerShaderStage);
  const { norm, scale } = gradientNorm(backend, slots, attrs.clipNorm, buffers);
  const { beta1, beta2, learningRate, epsilon, step } = attrs;
  const rate = learningRate / (1 - beta1 ** step);
  const correction2 = 1 / (1 - beta2 ** step);
  const constants = [beta1, beta2, rate, correction2, epsilon, 1 - beta1, 1 - beta2].map(float);
  for (const some of partsOf(slots, Math.floor((buffers - 1) / 4))) {
    const tensors = [scale, ...some.map(({ g }) => g), ...some.flatMap(({ p, m, v }) => [p, m, v])];
    const each = some.flatMap(({ size, decay }, i): Scalar[] => [
      some.slice(0, i + 1).reduce((sum, { chunks }) => sum + chunks, 0),
      size,
      float(1 - learningRate * decay),
    ]);
    const groups = some.reduce((sum, { chunks }) => sum + chunks, 0);
    backend.launch(updateProgram(some.length), tensors, [...constants, ...each], groups);
  }
  backend.release(scale);
  return norm;
}

function partsOf<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
}

/** Uniforms of `count` parameters: up to which workgroup each goes, its size, and what else. */
function slotUniforms(count: number, more: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Array.from(
      { length: count },
      (_, i) => Object.entries({ end: "u32", size: "u32", ...more }).map(([name, type]) => [`${name}${i}`, type]),
    ).flat(),
  );
}

/** Runs one of `count` bodies, by the parameter that the workgroup belongs to; `i` goes through its elements. */
function eachSlot(count: number, body: (slot: number) => string): string {
  return Array.from({ length: count }, (_, slot) => `
  ${slot === 0 ? "" : "else "}if (group < uniforms.end${slot}) {
    let begin = (group - ${slot === 0 ? "0u" : `uniforms.end${slot - 1}`}) * ${CHUNK}u;
    for (var i = begin + lane; i < min(begin + ${CHUNK}u, uniforms.size${slot}); i += ${ELEMENTS}u) {
${body(slot)}
    }
  }`).join("");
}

/** The global norm, and by how much gradients are scaled; both `[]`. */
function gradientNorm(
  backend: StitchbookWebGPU,
  slots: readonly Slot[],
  clipNorm: number,
  buffers: number,
): { readonly norm: Info; readonly scale: Info } {
  const chunks = slots.reduce((sum, slot) => sum + slot.chunks, 0);
  const sums = backend.output([chunks]);
  let from = 0;
  for (const some of partsOf(slots, buffers - 1)) {
    const ends = some.map((_, i) => some.slice(0, i + 1).reduce((sum, slot) => sum + slot.chunks, 0));
    const uniforms = some.flatMap(({ size }, i) => [ends[i]!, size]);
    const tensors = [...some.map(({ g }) => g), sums];
    backend.launch(squaresProgram(some.length), tensors, [from, ...uniforms], ends.at(-1)!);
    from += ends.at(-1)!;
  }
  const [norm, scale] = [backend.output([]), backend.output([])];
  const clips = Number(Number.isFinite(clipNorm));
  backend.launch(NORM, [sums, norm, scale], [chunks, clips, float(clips === 1 ? clipNorm : 0)], 1);
  backend.release(sums);
  return { norm, scale };
}

function squaresProgram(count: number): Program {
  const names = Array.from({ length: count }, (_, i) => `g${i}`);
  return program({
    key: `adamW squares ${count}`,
    reads: Object.fromEntries(names.map((name) => [name, "f32"])),
    writes: { sums: "f32" },
    uniforms: { first: "u32", ...slotUniforms(count, {}) },
    size: ELEMENTS,
    declarations: rowSumFunction("total", ROW_THREADS),
    main: `
  var sum = 0.0;
${eachSlot(count, (slot) => `      sum += g${slot}[i] * g${slot}[i];`)}
  let all = total(lane, lane, sum);
  if (lane == 0u) { sums[uniforms.first + group] = all; }`,
  });
}

const NORM = program({
  key: "adamW norm",
  reads: { sums: "f32" },
  writes: { norm: "f32", scale: "f32" },
  uniforms: { count: "u32", clips: "u32", clipNorm: "f32" },
  size: ROW_THREADS,
  declarations: rowSumFunction("total", ROW_THREADS),
  main: `
  var sum = 0.0;
  for (var i = lane; i < uniforms.count; i += ${ROW_THREADS}u) { sum += sums[i]; }
  let all = sqrt(total(lane, lane, sum));
  if (lane == 0u) {
    norm[0] = all;
    // not min, so that a norm that is NaN makes the parameters NaN, as in the reference
    let factor = uniforms.clipNorm / (all + 1e-6);
    if (uniforms.clips == 0u || factor >= 1.0) { scale[0] = 1.0; } else { scale[0] = factor; }
  }`,
});

function updateProgram(count: number): Program {
  const each = Array.from({ length: count }, (_, i) => i);
  return program({
    key: `adamW update ${count}`,
    reads: { scale: "f32", ...Object.fromEntries(each.map((i) => [`g${i}`, "f32"])) },
    writes: Object.fromEntries(each.flatMap((i) => ["p", "m", "v"].map((letter) => [letter + i, "f32"]))),
    uniforms: {
      ...{ beta1: "f32", beta2: "f32", rate: "f32", correction2: "f32", epsilon: "f32", rest1: "f32", rest2: "f32" },
      ...slotUniforms(count, { keep: "f32" }),
    },
    size: ELEMENTS,
    main: `
  let factor = scale[0];
${
      eachSlot(count, (slot) => `
      let gradient = g${slot}[i] * factor;
      let mean = m${slot}[i] * uniforms.beta1 + gradient * uniforms.rest1;
      let square = v${slot}[i] * uniforms.beta2 + gradient * gradient * uniforms.rest2;
      m${slot}[i] = mean;
      v${slot}[i] = square;
      let size = sqrt(square * uniforms.correction2) + uniforms.epsilon;
      p${slot}[i] = p${slot}[i] * uniforms.keep${slot} - uniforms.rate * mean / size;`)
    }`,
  });
}

export function registerAdamW(): void {
  register(ADAM_W, ({ inputs, attrs, backend }) => adamW(inputs, attrs as unknown as Attributes, backend));
}
