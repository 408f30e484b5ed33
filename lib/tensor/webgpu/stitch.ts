// Mixing the experts' states into the hub's on WebGPU, from gate logits to output in one pass, and its gradient.
import type * as tf from "@tensorflow/tfjs";
import { EXPERTS_INTO_HUB, EXPERTS_INTO_HUB_GRAD } from "../ops/stitch.ts";
import type { StitchbookWebGPU } from "./backend.ts";
import { type PerElement, perElement, register, sizeOf, stockKernel } from "./kernel.ts";
import { lanesFor } from "./program.ts";

type Info = tf.TensorInfo;

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

/**
 * The softmax over models for element `i`: `total` and, for each model, `e = exp(z − most)`. z is `[N, models, d]`, and
 * `zAt` is the index of the first model's logit.
 */
function gates(models: number): string {
  return `
  let zAt = (i / uniforms.steps) * uniforms.steps * ${models}u + i % uniforms.steps;
  var most = z[zAt];
  for (var m = 1u; m < ${models}u; m++) { most = max(most, z[zAt + m * uniforms.steps]); }
${names("e", models).map((name, m) => `  let ${name} = exp(z[zAt + ${m}u * uniforms.steps] - most);`).join("\n")}
  let total = ${names("e", models).join(" + ")};`;
}

/** A model's state; `packed` means that all states are in one buffer, because the device binds too few. */
function stateOf(packed: boolean, m: number): string {
  return packed ? `states[${m}u * uniforms.count + i]` : `state${m}[i]`;
}

/** All states in one tensor `[models · N, d]`. */
function pack(backend: StitchbookWebGPU, states: readonly Info[]): Info {
  return stockKernel("Concat")({ inputs: [...states] as never, attrs: { axis: 0 }, backend }) as Info;
}

/** Tensors of the models' states, or the one tensor of all. */
function named(name: string, tensors: readonly Info[], type: string): PerElement["reads"] {
  const all = tensors.length === 1 ? [`${name}s`] : names(name, tensors.length);
  return Object.fromEntries(all.map((name, i) => [name, [type, tensors[i]!]]));
}

function sizes(hub: Info) {
  const { width, type } = lanesFor(hub.shape[1]!);
  return { type, count: sizeOf(hub.shape) / width, uniforms: { steps: hub.shape[1]! / width } };
}

function expertsIntoHub(list: readonly Info[], backend: StitchbookWebGPU): Info {
  for (const tensor of list) backend.check(tensor);
  const [hub, z, ...projected] = list as [Info, Info, ...Info[]];
  const { type, ...over } = sizes(hub);
  const states = [hub, ...projected];
  const packed = states.length + 2 > backend.limits.maxStorageBuffersPerShaderStage;
  const bound = packed ? [pack(backend, states)] : states;
  const y = backend.output(hub.shape);
  const terms = names("e", states.length).map((e, m) => `${e} / total * ${stateOf(packed, m)}`);
  perElement(backend, {
    key: `expertsIntoHub ${states.length} ${type} ${packed}`,
    ...over,
    reads: { z: [type, z], ...named("state", bound, type) },
    writes: { y: [type, y] },
    body: () =>
      `${gates(states.length)}
  y[i] = ${terms.join(" + ")};`,
  });
  if (packed) backend.release(bound[0]!);
  return y;
}

function expertsIntoHubGrad(list: readonly Info[], backend: StitchbookWebGPU): Info[] {
  for (const tensor of list) backend.check(tensor);
  const [hub, z, ...rest] = list as [Info, Info, ...Info[]];
  const dy = rest.pop()!;
  const { type, ...over } = sizes(hub);
  const [N, d] = hub.shape as [number, number];
  const states = [hub, ...rest];
  const models = states.length;
  const packed = 2 * models + 3 > backend.limits.maxStorageBuffersPerShaderStage;
  const dz = backend.output(z.shape);
  const from = packed ? [pack(backend, states)] : states;
  const to = packed ? [backend.output([models * N, d])] : states.map(({ shape }) => backend.output(shape));
  const each = names("e", models);
  perElement(backend, {
    key: `expertsIntoHubGrad ${models} ${type} ${packed}`,
    ...over,
    reads: { z: [type, z], dy: [type, dy], ...named("state", from, type) },
    writes: { dz: [type, dz], ...named("dstate", to, type) },
    body: () =>
      `${gates(models)}
${each.map((_, m) => `  let s${m} = ${stateOf(packed, m)};`).join("\n")}
  let y = (${each.map((e, m) => `${e} * s${m}`).join(" + ")}) / total;
${
        each.map((e, m) => `
  let d${m} = ${e} / total * dy[i];
  d${stateOf(packed, m)} = d${m};
  dz[zAt + ${m}u * uniforms.steps] = d${m} * (s${m} - y);`).join("")
      }`,
  });
  const slice = stockKernel("Slice");
  const gradients = !packed
    ? to
    : states.map((_, m) =>
      slice({ inputs: { x: to[0]! }, attrs: { begin: [m * N, 0], size: [N, d] }, backend }) as Info
    );
  if (packed) { for (const tensor of [...from, ...to]) backend.release(tensor); }
  return [gradients[0]!, dz, ...gradients.slice(1)];
}

register(EXPERTS_INTO_HUB, ({ inputs, backend }) => expertsIntoHub(Object.values(inputs), backend));
register(EXPERTS_INTO_HUB_GRAD, ({ inputs, backend }) => expertsIntoHubGrad(Object.values(inputs), backend));
