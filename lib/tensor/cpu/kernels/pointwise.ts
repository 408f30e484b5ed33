// Fused element-wise kernels on the CPU: SwiGLU, dropout, the two stitch layers.
import type * as tf from "@tensorflow/tfjs";
import { DROPOUT, dropoutThreshold } from "../../ops/dropout.ts";
import { EXPERTS_INTO_HUB, EXPERTS_INTO_HUB_GRAD, HUB_INTO_EXPERT, HUB_INTO_EXPERT_GRAD } from "../../ops/stitch.ts";
import { SWIGLU, SWIGLU_GRAD } from "../../ops/swiglu.ts";
import type { StitchbookCPU } from "../backend.ts";
import { forElements, forRows, type KernelFunction, register, sizeOf } from "../machine/jobs.ts";

const swiglu: KernelFunction = ({ inputs: { gate, up }, backend }) => {
  const from = { gate: backend.address(gate!), up: backend.address(up!) };
  const { info, address: y } = backend.output(gate!.shape);
  forElements(backend.machine, "swiglu", sizeOf(gate!.shape), 1.5, { ...from, y });
  return info;
};

const swigluGrad: KernelFunction = ({ inputs: { gate, up, dy }, backend }) => {
  const from = { gate: backend.address(gate!), up: backend.address(up!), dy: backend.address(dy!) };
  const dgate = backend.output(gate!.shape);
  const dup = backend.output(up!.shape);
  const to = { dgate: dgate.address, dup: dup.address };
  forElements(backend.machine, "swigluGrad", sizeOf(gate!.shape), 2, { ...from, ...to });
  return [dgate.info, dup.info];
};

const dropout: KernelFunction = ({ inputs: { x }, attrs, backend }) => {
  const { rate, seed } = attrs as { rate: number; seed: number };
  const threshold = dropoutThreshold(rate);
  const from = backend.address(x!);
  const { info, address: y } = backend.output(x!.shape);
  const constants = { seed, threshold, dropAll: Number(threshold >= 2 ** 32), scale: 1 / (1 - rate) };
  forElements(backend.machine, "dropout", sizeOf(x!.shape), 1, { x: from, y, ...constants });
  return info;
};

const hubIntoExpert: KernelFunction = ({ inputs: { expert, projected, z }, backend }) => {
  const from = { expert: backend.address(expert!), projected: backend.address(projected!), z: backend.address(z!) };
  const { info, address: y } = backend.output(expert!.shape);
  forElements(backend.machine, "hubIntoExpert", sizeOf(expert!.shape), 1.5, { ...from, y });
  return info;
};

const hubIntoExpertGrad: KernelFunction = ({ inputs: { expert, projected, z, dy }, backend }) => {
  const from = {
    expert: backend.address(expert!),
    projected: backend.address(projected!),
    z: backend.address(z!),
    dy: backend.address(dy!),
  };
  const [dexpert, dprojected, dz] = [expert!, projected!, z!].map(({ shape }) => backend.output(shape));
  const to = { dexpert: dexpert!.address, dprojected: dprojected!.address, dz: dz!.address };
  forElements(backend.machine, "hubIntoExpertGrad", sizeOf(expert!.shape), 2.5, { ...from, ...to });
  return [dexpert!.info, dprojected!.info, dz!.info];
};

/** Inputs: hub, z, then each expert's projected state. */
function expertsIntoHub(inputs: readonly tf.TensorInfo[], backend: StitchbookCPU): tf.TensorInfo {
  const [hub, z, ...projected] = inputs.map((tensor) => backend.address(tensor));
  const [N, d] = inputs[0]!.shape as [number, number];
  const { info, address: y } = backend.output([N, d]);
  const states = [hub!, ...projected];
  const count = states.length;
  forRows(backend.machine, "expertsIntoHub", N, d * count * 2, { d, z: z!, y, count, states });
  return info;
}

/** Inputs: as above, then dy. */
function expertsIntoHubGrad(inputs: readonly tf.TensorInfo[], backend: StitchbookCPU): tf.TensorInfo[] {
  const [hub, z, ...rest] = inputs.map((tensor) => backend.address(tensor));
  const [projected, dy] = [rest.slice(0, -1), rest.at(-1)!];
  const [N, d] = inputs[0]!.shape as [number, number];
  const [dhub, dz, ...dprojected] = inputs.slice(0, -1).map(({ shape }) => backend.output(shape));
  const gradients = [dhub!, ...dprojected];
  const count = gradients.length;
  const tensors = [hub!, ...projected, ...gradients.map(({ address }) => address)];
  forRows(backend.machine, "expertsIntoHubGrad", N, d * count * 4, { d, z: z!, dy, dz: dz!.address, count, tensors });
  return [dhub!, dz!, ...dprojected].map(({ info }) => info);
}

export function registerPointwise(): void {
  register(SWIGLU, swiglu);
  register(SWIGLU_GRAD, swigluGrad);
  register(DROPOUT, dropout);
  register(HUB_INTO_EXPERT, hubIntoExpert);
  register(HUB_INTO_EXPERT_GRAD, hubIntoExpertGrad);
  register(EXPERTS_INTO_HUB, ({ inputs, backend }) => expertsIntoHub(Object.values(inputs), backend));
  register(EXPERTS_INTO_HUB_GRAD, ({ inputs, backend }) => expertsIntoHubGrad(Object.values(inputs), backend));
}
