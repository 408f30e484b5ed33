// Element-wise kernels on the CPU that tfjs lacks: SwiGLU, dropout, the two stitch layers, sums in place.
import type * as tf from "@tensorflow/tfjs";
import { ACCUMULATE } from "../../ops/accumulate.ts";
import { DROPOUT, dropoutThreshold } from "../../ops/dropout.ts";
import { EXPERTS_INTO_HUB, EXPERTS_INTO_HUB_GRAD, HUB_INTO_EXPERT, HUB_INTO_EXPERT_GRAD } from "../../ops/stitch.ts";
import { SWIGLU, SWIGLU_GRAD } from "../../ops/swiglu.ts";
import type { StitchbookCPU } from "../backend.ts";
import type { ElementKernel } from "../layout/jobs.ts";
import { forElements, forRows, type KernelFunction, register, sizeOf } from "../machine/jobs.ts";

/**
 * A kernel of the machine's job of this name, whose arguments are the inputs, the outputs, as large as the inputs, and
 * constants.
 *
 * @param nanoseconds rough cost of one element
 */
function pointwise(
  job: ElementKernel,
  nanoseconds: number,
  outputs: readonly string[],
  constants: (attrs: Readonly<Record<string, unknown>>) => Readonly<Record<string, number>> = () => ({}),
): KernelFunction {
  return ({ inputs, attrs, backend }) => {
    const { shape } = Object.values(inputs)[0]!;
    const from = Object.entries(inputs).map(([name, tensor]) => [name, backend.address(tensor)]);
    const made = outputs.map((name) => ({ name, ...backend.output(shape) }));
    const to = made.map(({ name, address }) => [name, address]);
    const args = { ...Object.fromEntries([...from, ...to]), ...constants(attrs) };
    forElements(backend.machine, job, sizeOf(shape), nanoseconds, args);
    return made.length === 1 ? made[0]!.info : made.map(({ info }) => info);
  };
}

const dropout = pointwise("dropout", 1, ["y"], (attrs) => {
  const { rate, seed } = attrs as { rate: number; seed: number };
  const threshold = dropoutThreshold(rate);
  return { seed, threshold, dropAll: Number(threshold >= 2 ** 32), scale: 1 / (1 - rate) };
});

const accumulate: KernelFunction = ({ inputs, backend }) => {
  const { a, b } = inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
  const from = { a: backend.address(a), b: backend.address(b) };
  const inPlace = backend.ownsAlone(a);
  const { info, address: y } = inPlace ? { info: a, address: from.a } : backend.output(a.shape);
  forElements(backend.machine, "add", sizeOf(a.shape), 0.5, { ...from, y });
  return inPlace ? backend.shared(info) : info;
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

register(ACCUMULATE, accumulate);
register(SWIGLU, pointwise("swiglu", 1.5, ["y"]));
register(SWIGLU_GRAD, pointwise("swigluGrad", 2, ["dgate", "dup"]));
register(DROPOUT, dropout);
register(HUB_INTO_EXPERT, pointwise("hubIntoExpert", 1.5, ["y"]));
register(HUB_INTO_EXPERT_GRAD, pointwise("hubIntoExpertGrad", 2.5, ["dexpert", "dprojected", "dz"]));
register(EXPERTS_INTO_HUB, ({ inputs, backend }) => expertsIntoHub(Object.values(inputs), backend));
register(EXPERTS_INTO_HUB_GRAD, ({ inputs, backend }) => expertsIntoHubGrad(Object.values(inputs), backend));
