// Element-wise fused kernels on WebGPU: SwiGLU, dropout, rotary embedding, and mixing the hub's state into an expert's.
import { DROPOUT, dropoutThreshold } from "../ops/dropout.ts";
import { ROPE } from "../ops/rope.ts";
import { HUB_INTO_EXPERT, HUB_INTO_EXPERT_GRAD } from "../ops/stitch.ts";
import { SWIGLU, SWIGLU_GRAD } from "../ops/swiglu.ts";
import { ELEMENTS, elementwise, type KernelFunction, register, sizeOf } from "./kernel.ts";
import { float, lanesFor, program } from "./program.ts";

/** `1 / (1 + e^-x)` without overflow: e^-|x| is at most 1, and NaN stays NaN. */
export const sigmoidFunction = (type: string) => `
fn sigmoid(x: ${type}) -> ${type} {
  let small = exp(-abs(x));
  return select(${type}(1.0), small, x < ${type}(0.0)) / (1.0 + small);
}`;

const swiglu: KernelFunction = ({ inputs: { gate, up }, backend }) => {
  for (const tensor of [gate!, up!]) backend.check(tensor);
  const y = backend.output(gate!.shape);
  elementwise(backend, {
    name: "swiglu",
    reads: { gate: gate!, up: up! },
    writes: { y },
    declarations: sigmoidFunction,
    body: () => "  y[i] = gate[i] * sigmoid(gate[i]) * up[i];",
  });
  return y;
};

const swigluGrad: KernelFunction = ({ inputs: { gate, up, dy }, backend }) => {
  for (const tensor of [gate!, up!, dy!]) backend.check(tensor);
  const [dgate, dup] = [backend.output(gate!.shape), backend.output(gate!.shape)];
  elementwise(backend, {
    name: "swigluGrad",
    reads: { gate: gate!, up: up!, dy: dy! },
    writes: { dgate, dup },
    declarations: sigmoidFunction,
    body: () => `
  let g = gate[i];
  let s = sigmoid(g);
  dgate[i] = dy[i] * up[i] * s * (1.0 + g * (1.0 - s));
  dup[i] = dy[i] * g * s;`,
  });
  return [dgate, dup];
};

const dropout: KernelFunction = ({ inputs: { x }, attrs, backend }) => {
  backend.check(x!);
  const { rate, seed } = attrs as { rate: number; seed: number };
  const threshold = dropoutThreshold(rate);
  const y = backend.output(x!.shape);
  elementwise(backend, {
    name: "dropout",
    reads: { x: x! },
    writes: { y },
    uniforms: {
      seed: ["u32", seed],
      threshold: ["u32", threshold],
      everything: ["u32", Number(threshold >= 2 ** 32)],
      scale: ["f32", float(1 / (1 - rate))],
    },
    declarations: (type) => `
fn scramble(start: u32) -> u32 {
  var h = start;
  h = (h ^ (h >> 16u)) * 0x85ebca6bu;
  h = (h ^ (h >> 13u)) * 0xc2b2ae35u;
  return h ^ (h >> 16u);
}
fn factor(index: u32) -> f32 {
  let dropped = uniforms.everything == 1u || scramble(scramble(index + 1u) ^ uniforms.seed) < uniforms.threshold;
  return select(uniforms.scale, 0.0, dropped);
}
fn factors(i: u32) -> ${type} {
  return ${
      type === "f32"
        ? "factor(i)"
        : "vec4<f32>(factor(4u * i), factor(4u * i + 1u), factor(4u * i + 2u), factor(4u * i + 3u))"
    };
}`,
    body: () => "  y[i] = x[i] * factors(i);",
  });
  return y;
};

const hubIntoExpert: KernelFunction = ({ inputs: { expert, projected, z }, backend }) => {
  for (const tensor of [expert!, projected!, z!]) backend.check(tensor);
  const y = backend.output(expert!.shape);
  elementwise(backend, {
    name: "hubIntoExpert",
    reads: { expert: expert!, projected: projected!, z: z! },
    writes: { y },
    declarations: sigmoidFunction,
    body: () => "  y[i] = expert[i] + sigmoid(z[i]) * (projected[i] - expert[i]);",
  });
  return y;
};

const hubIntoExpertGrad: KernelFunction = ({ inputs: { expert, projected, z, dy }, backend }) => {
  for (const tensor of [expert!, projected!, z!, dy!]) backend.check(tensor);
  const [dexpert, dprojected, dz] = [expert!, projected!, z!].map(({ shape }) => backend.output(shape));
  elementwise(backend, {
    name: "hubIntoExpertGrad",
    reads: { expert: expert!, projected: projected!, z: z!, dy: dy! },
    writes: { dexpert: dexpert!, dprojected: dprojected!, dz: dz! },
    declarations: sigmoidFunction,
    body: () => `
  let g = sigmoid(z[i]);
  dexpert[i] = dy[i] * (1.0 - g);
  dprojected[i] = dy[i] * g;
  dz[i] = dy[i] * (projected[i] - expert[i]) * g * (1.0 - g);`,
  });
  return [dexpert!, dprojected!, dz!];
};

const rope: KernelFunction = ({ inputs: { x, cos, sin }, attrs, backend }) => {
  for (const tensor of [x!, cos!, sin!]) backend.check(tensor);
  const [, time, heads, size] = x!.shape as [number, number, number, number];
  const half = size / 2;
  const { width, type } = lanesFor(half);
  const steps = half / width;
  const pairs = sizeOf(x!.shape) / 2 / width;
  const y = backend.output(x!.shape);
  const made = program(`rope ${type}`, () => ({
    reads: { x: type, cosines: type, sines: type },
    writes: { y: type },
    uniforms: { pairs: "u32", steps: "u32", heads: "u32", time: "u32", sign: "f32" },
    size: ELEMENTS,
    main: `
  let i = group * ${ELEMENTS}u + lane;
  if (i >= uniforms.pairs) { return; }
  let step = i % uniforms.steps;
  let head = i / uniforms.steps;
  let angle = (head / uniforms.heads) % uniforms.time * uniforms.steps + step;
  let at = 2u * head * uniforms.steps + step;
  let a = x[at];
  let b = x[at + uniforms.steps];
  let c = cosines[angle];
  let s = sines[angle] * uniforms.sign;
  y[at] = a * c - b * s;
  y[at + uniforms.steps] = b * c + a * s;`,
  }));
  const uniforms = [pairs, steps, heads, time, float(attrs["inverse"] ? -1 : 1)];
  backend.launch(made, [x!, cos!, sin!, y], uniforms, Math.ceil(pairs / ELEMENTS));
  return y;
};

export function registerPointwise(): void {
  register(SWIGLU, swiglu);
  register(SWIGLU_GRAD, swigluGrad);
  register(DROPOUT, dropout);
  register(HUB_INTO_EXPERT, hubIntoExpert);
  register(HUB_INTO_EXPERT_GRAD, hubIntoExpertGrad);
  register(ROPE, rope);
}
