// Mixing the experts' states into the hub's on WebGPU, from gate logits to output in one pass, and its gradient.
import type * as tf from "@tensorflow/tfjs";
import { EXPERTS_INTO_HUB, EXPERTS_INTO_HUB_GRAD } from "../ops/stitch.ts";
import type { StitchbookWebGPU } from "./backend.ts";
import { ELEMENTS, register, sizeOf, stockKernel } from "./kernel.ts";
import { type Lanes, lanesFor, type Program, program } from "./program.ts";

type Info = tf.TensorInfo;

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}`);
const typed = (list: readonly string[], type: string) => Object.fromEntries(list.map((name) => [name, type]));

/**
 * The softmax over models for element `i`: `total` and, for each model, `e = exp(z − most)`. z is `[N, models, d]`, and
 * `zAt` is the index of the first model's logit.
 */
function gates(models: number): string {
  return `
  let i = group * ${ELEMENTS}u + lane;
  if (i >= uniforms.count) { return; }
  let zAt = (i / uniforms.steps) * uniforms.steps * ${models}u + i % uniforms.steps;
  var most = z[zAt];
  for (var m = 1u; m < ${models}u; m++) { most = max(most, z[zAt + m * uniforms.steps]); }
${names("e", models).map((name, m) => `  let ${name} = exp(z[zAt + ${m}u * uniforms.steps] - most);`).join("\n")}
  let total = ${names("e", models).join(" + ")};`;
}

const uniforms = { count: "u32", steps: "u32" };

/** A model's state; `packed` means that all states are in one buffer, because the device binds too few. */
function stateOf(packed: boolean, m: number): string {
  return packed ? `states[${m}u * uniforms.count + i]` : `state${m}[i]`;
}

function forwardProgram(models: number, { type }: Lanes, packed: boolean): Program {
  const states = packed ? ["states"] : names("state", models);
  const terms = names("e", models).map((e, m) => `${e} / total * ${stateOf(packed, m)}`);
  return program(`expertsIntoHub ${models} ${type} ${packed}`, () => ({
    reads: typed(["z", ...states], type),
    writes: { y: type },
    uniforms,
    size: ELEMENTS,
    main: `${gates(models)}
  y[i] = ${terms.join(" + ")};`,
  }));
}

function gradientProgram(models: number, { type }: Lanes, packed: boolean): Program {
  const states = packed ? ["states"] : names("state", models);
  const gradients = packed ? ["dstates"] : names("dstate", models);
  const each = names("e", models);
  return program(`expertsIntoHubGrad ${models} ${type} ${packed}`, () => ({
    reads: typed(["z", "dy", ...states], type),
    writes: typed(["dz", ...gradients], type),
    uniforms,
    size: ELEMENTS,
    main: `${gates(models)}
${each.map((_, m) => `  let s${m} = ${stateOf(packed, m)};`).join("\n")}
  let y = (${each.map((e, m) => `${e} * s${m}`).join(" + ")}) / total;
${
      each.map((e, m) => `
  let d${m} = ${e} / total * dy[i];
  ${packed ? `dstates[${m}u * uniforms.count + i]` : `dstate${m}[i]`} = d${m};
  dz[zAt + ${m}u * uniforms.steps] = d${m} * (s${m} - y);`).join("")
    }`,
  }));
}

/** All states in one tensor `[models · N, d]`. */
function pack(backend: StitchbookWebGPU, states: readonly Info[]): Info {
  return stockKernel("Concat")({ inputs: [...states] as never, attrs: { axis: 0 }, backend }) as Info;
}

function sizes(hub: Info) {
  const d = hub.shape[1]!;
  const lanes = lanesFor(d);
  const count = sizeOf(hub.shape) / lanes.width;
  return { lanes, uniforms: [count, d / lanes.width], groups: Math.ceil(count / ELEMENTS) };
}

function expertsIntoHub(list: readonly Info[], backend: StitchbookWebGPU): Info {
  for (const tensor of list) backend.check(tensor);
  const [hub, z, ...projected] = list as [Info, Info, ...Info[]];
  const { lanes, uniforms, groups } = sizes(hub);
  const states = [hub, ...projected];
  const packed = states.length + 2 > backend.limits.maxStorageBuffersPerShaderStage;
  const bound = packed ? [pack(backend, states)] : states;
  const y = backend.output(hub.shape);
  backend.launch(forwardProgram(states.length, lanes, packed), [z, ...bound, y], uniforms, groups);
  if (packed) backend.release(bound[0]!);
  return y;
}

function expertsIntoHubGrad(list: readonly Info[], backend: StitchbookWebGPU): Info[] {
  for (const tensor of list) backend.check(tensor);
  const [hub, z, ...rest] = list as [Info, Info, ...Info[]];
  const dy = rest.pop()!;
  const { lanes, uniforms, groups } = sizes(hub);
  const states = [hub, ...rest];
  const models = states.length;
  const packed = 2 * models + 3 > backend.limits.maxStorageBuffersPerShaderStage;
  const dz = backend.output(z.shape);
  const made = gradientProgram(models, lanes, packed);
  if (!packed) {
    const gradients = states.map(({ shape }) => backend.output(shape));
    backend.launch(made, [z, dy, ...states, dz, ...gradients], uniforms, groups);
    return [gradients[0]!, dz, ...gradients.slice(1)];
  }
  const [N, d] = hub.shape as [number, number];
  const from = pack(backend, states);
  const to = backend.output([models * N, d]);
  backend.launch(made, [z, dy, from, dz, to], uniforms, groups);
  const slice = stockKernel("Slice");
  const gradients = states.map((_, m) =>
    slice({ inputs: { x: to }, attrs: { begin: [m * N, 0], size: [N, d] }, backend }) as Info
  );
  for (const tensor of [from, to]) backend.release(tensor);
  return [gradients[0]!, dz, ...gradients.slice(1)];
}

export function registerStitch(): void {
  register(EXPERTS_INTO_HUB, ({ inputs, backend }) => expertsIntoHub(Object.values(inputs), backend));
  register(EXPERTS_INTO_HUB_GRAD, ({ inputs, backend }) => expertsIntoHubGrad(Object.values(inputs), backend));
}
