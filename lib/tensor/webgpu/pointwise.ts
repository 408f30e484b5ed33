// Element-wise fused kernels on WebGPU: SwiGLU, dropout, rotary embedding, and mixing the hub's state into an expert's.
import { DROPOUT, dropoutThreshold } from "../ops/dropout.ts";
import { ROPE } from "../ops/rope.ts";
import { HUB_INTO_EXPERT, HUB_INTO_EXPERT_GRAD } from "../ops/stitch.ts";
import { SWIGLU, SWIGLU_GRAD } from "../ops/swiglu.ts";
import { elementwise, type KernelFunction, perElement, register, sizeOf } from "./kernel.ts";
import { float, lanesFor } from "./program.ts";

/** `1 / (1 + e^-x)` without overflow: e^-|x| is at most 1, and NaN stays NaN. */
const sigmoidFunction = (type: string) => `
fn sigmoid(x: ${type}) -> ${type} {
  let small = exp(-abs(x));
  return select(${type}(1.0), small, x < ${type}(0.0)) / (1.0 + small);
}`;

/** A kernel that may call `sigmoid()`: the names of its outputs, all as large as its inputs, and the statements. */
const gated = (name: string, writes: readonly string[], body: string): KernelFunction => ({ inputs, backend }) =>
  elementwise(backend, { name, reads: inputs, writes, declarations: sigmoidFunction, body });

const swiglu = gated("swiglu", ["y"], "  y[i] = gate[i] * sigmoid(gate[i]) * up[i];");

const swigluGrad = gated(
  "swigluGrad",
  ["dgate", "dup"],
  `
  let g = gate[i];
  let s = sigmoid(g);
  dgate[i] = dy[i] * up[i] * s * (1.0 + g * (1.0 - s));
  dup[i] = dy[i] * g * s;`,
);

const hubIntoExpert = gated(
  "hubIntoExpert",
  ["y"],
  "  y[i] = expert[i] + sigmoid(z[i]) * (projected[i] - expert[i]);",
);

const hubIntoExpertGrad = gated(
  "hubIntoExpertGrad",
  ["dexpert", "dprojected", "dz"],
  `
  let g = sigmoid(z[i]);
  dexpert[i] = dy[i] * (1.0 - g);
  dprojected[i] = dy[i] * g;
  dz[i] = dy[i] * (projected[i] - expert[i]) * g * (1.0 - g);`,
);

const dropout: KernelFunction = ({ inputs, attrs, backend }) => {
  const { rate, seed } = attrs as { rate: number; seed: number };
  const threshold = dropoutThreshold(rate);
  return elementwise(backend, {
    name: "dropout",
    reads: inputs,
    writes: ["y"],
    uniforms: { seed, threshold, everything: Number(threshold >= 2 ** 32), scale: float(1 / (1 - rate)) },
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
    body: "  y[i] = x[i] * factors(i);",
  });
};

const rope: KernelFunction = ({ inputs: { x, cos, sin }, attrs, backend }) => {
  for (const tensor of [x!, cos!, sin!]) backend.check(tensor);
  const [, time, heads, size] = x!.shape as [number, number, number, number];
  const { width, type } = lanesFor(size / 2);
  const y = backend.output(x!.shape);
  perElement(backend, {
    key: `rope ${type}`,
    count: sizeOf(x!.shape) / 2 / width, // pairs
    reads: { x: [type, x!], cosines: [type, cos!], sines: [type, sin!] },
    writes: { y: [type, y] },
    uniforms: { steps: size / 2 / width, heads, time, sign: float(attrs["inverse"] ? -1 : 1) },
    body: () => `
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
  });
  return y;
};

register(SWIGLU, swiglu);
register(SWIGLU_GRAD, swigluGrad);
register(DROPOUT, dropout);
register(HUB_INTO_EXPERT, hubIntoExpert);
register(HUB_INTO_EXPERT_GRAD, hubIntoExpertGrad);
register(ROPE, rope);
