// Parameters of stitches: their names, how to read them, what they cost, and the full projection W (BTS, §3).
import type * as tf from "@tensorflow/tfjs";
import { UserError } from "../../errors.ts";
import { fillNormal } from "../../model/mod.ts";
import { linear } from "../../tensor/mod.ts";
import type { StitchSettings } from "../settings.ts";
import type { ParameterSpec, StitchFlops, StitchParameters } from "./kind.ts";

const PROJECTION = "projection";

/** The name of one parameter; `stitch` counts from 0, `model` is 0 for the hub and from 1 for the experts. */
export const parameterName = (stitch: number, part: string, model: number): string =>
  `stitch.${stitch}.${part}.${model}`;
export const projectionName = (stitch: number, model: number): string => parameterName(stitch, PROJECTION, model);

/** The models that have a parameter, in order: 0 is the hub. */
export function modelsWith({ models }: ParameterSpec, experts: number): number[] {
  const first = models === "all" ? 0 : 1;
  return Array.from({ length: experts + 1 - first }, (_, i) => first + i);
}

/** @throws UserError `stitch.weights` if the stitch lacks the parameter */
export function parameter({ index, weights }: StitchParameters<unknown>, part: string, model: number): tf.Tensor {
  const name = parameterName(index, part, model);
  const tensor = weights[name];
  if (tensor === undefined) throw new UserError("stitch.weights", `The stitches lack the parameter "${name}"`);
  return tensor;
}

/** FLOPs of a stitch in which every token meets every matrix once. A multiply-add counts as two. */
export function productFlops(parameters: readonly ParameterSpec[], experts: number): StitchFlops {
  const forward = parameters.filter(({ shape }) => shape.length === 2).reduce((sum, spec) => {
    const read = modelsWith(spec, experts).filter((model) => model > 0 || spec.hubUnread !== true).length;
    return sum + 2 * read * spec.shape[0]! * spec.shape[1]!;
  }, 0);
  return { forward, backward: 2 * forward };
}

/** The projections `W_i` `[d, d]` of the experts. */
export function projections({ initialization }: StitchSettings, width: number): ParameterSpec {
  return {
    part: PROJECTION,
    models: "experts",
    shape: [width, width],
    fill(data, _model, source) {
      if (initialization === "random") fillNormal(data, 1 / Math.sqrt(width), source);
      else for (let j = 0; j < width; j++) data[j * width + j] = 1;
    },
  };
}

/** `W_i x`, `[N, d]`. */
export function project(stitch: StitchParameters<unknown>, model: number, x: tf.Tensor2D): tf.Tensor2D {
  return linear(x, parameter(stitch, PROJECTION, model)) as tf.Tensor2D;
}
