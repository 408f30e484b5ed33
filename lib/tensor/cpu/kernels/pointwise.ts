// Element-wise fused kernels on the CPU: SwiGLU, dropout, the two stitch mixings.
import type * as tf from "@tensorflow/tfjs";
import { DROPOUT, dropoutThreshold } from "../../ops/dropout.ts";
import { EXPERTS_INTO_HUB, EXPERTS_INTO_HUB_GRAD, HUB_INTO_EXPERT, HUB_INTO_EXPERT_GRAD } from "../../ops/stitch.ts";
import { SWIGLU, SWIGLU_GRAD } from "../../ops/swiglu.ts";
import type { StitchbookCPU } from "../backend.ts";
import { float, forElements, forRows, type KernelFunction, register, sizeOf } from "../machine/jobs.ts";

const swiglu: KernelFunction = ({ inputs: { gate, up }, backend }) => {
  const from = [backend.address(gate!), backend.address(up!)];
  const { info, address } = backend.output(gate!.shape);
  forElements(backend.machine, "swiglu", sizeOf(gate!.shape), 1.5, [...from, address]);
  return info;
};

const swigluGrad: KernelFunction = ({ inputs: { gate, up, dy }, backend }) => {
  const from = [backend.address(gate!), backend.address(up!), backend.address(dy!)];
  const dgate = backend.output(gate!.shape);
  const dup = backend.output(up!.shape);
  forElements(backend.machine, "swigluGrad", sizeOf(gate!.shape), 2, [...from, dgate.address, dup.address]);
  return [dgate.info, dup.info];
};

const dropout: KernelFunction = ({ inputs: { x }, attrs, backend }) => {
  const { rate, seed } = attrs as { rate: number; seed: number };
  const threshold = dropoutThreshold(rate);
  const from = backend.address(x!);
  const { info, address } = backend.output(x!.shape);
  const constants = [seed, threshold, Number(threshold >= 2 ** 32), float(1 / (1 - rate))];
  forElements(backend.machine, "dropout", sizeOf(x!.shape), 1, [from, address, ...constants]);
  return info;
};

const hubIntoExpert: KernelFunction = ({ inputs: { expert, projected, z }, backend }) => {
  const from = [backend.address(expert!), backend.address(projected!), backend.address(z!)];
  const { info, address } = backend.output(expert!.shape);
  forElements(backend.machine, "hubIntoExpert", sizeOf(expert!.shape), 1.5, [...from, address]);
  return info;
};

const hubIntoExpertGrad: KernelFunction = ({ inputs: { expert, projected, z, dy }, backend }) => {
  const from = [expert!, projected!, z!, dy!].map((tensor) => backend.address(tensor));
  const outputs = [expert!, projected!, z!].map(({ shape }) => backend.output(shape));
  const to = outputs.map(({ address }) => address);
  forElements(backend.machine, "hubIntoExpertGrad", sizeOf(expert!.shape), 2.5, [...from, ...to]);
  return outputs.map(({ info }) => info);
};

function expertsIntoHub(list: readonly tf.TensorInfo[], backend: StitchbookCPU): tf.TensorInfo {
  const [hub, z, ...projected] = list.map((tensor) => backend.address(tensor));
  const [N, d] = list[0]!.shape as [number, number];
  const { info, address } = backend.output([N, d]);
  const n = projected.length;
  forRows(backend.machine, "expertsIntoHub", N, d * (n + 1) * 2, [d, hub!, z!, address, n, ...projected]);
  return info;
}

function expertsIntoHubGrad(list: readonly tf.TensorInfo[], backend: StitchbookCPU): tf.TensorInfo[] {
  const from = list.map((tensor) => backend.address(tensor));
  const [hub, z, ...rest] = from;
  const projected = rest.slice(0, -1);
  const [N, d] = list[0]!.shape as [number, number];
  const [dhub, dz, ...dprojected] = list.slice(0, -1).map(({ shape }) => backend.output(shape));
  const to = [dz!, dhub!, ...dprojected].map(({ address }) => address);
  const n = projected.length;
  const rest2 = [d, hub!, z!, from.at(-1)!, n, ...projected, ...to];
  forRows(backend.machine, "expertsIntoHubGrad", N, d * (n + 1) * 4, rest2);
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
