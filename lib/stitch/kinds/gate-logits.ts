// The gate parameters of a stitch, G and its bias, and the logits that they give (BTS, §3).
import * as tf from "@tensorflow/tfjs";
import { fillNormal } from "../../model/mod.ts";
import { dropout, linear } from "../../tensor/mod.ts";
import type { StitchSettings } from "../settings.ts";
import type { ParameterSpec, StitchParameters } from "./kind.ts";
import { parameter, parameterName } from "./parameters.ts";

/** The hub-preserving initialization subtracts this from the experts' gate logits, so they get e⁻¹² of the hub's weight. */
const HUB_PRESERVING_BIAS = 12;

const GATE = "gate";
const BIAS = "gate_bias";

export const gateName = (stitch: number, model: number): string => parameterName(stitch, GATE, model);

/**
 * A gate matrix `[d, d]` (`[1, d]` for scalar gates) per model, and a gate bias `[1]` with the hub-preserving
 * initialization.
 */
export function gateParameters({ gates, initialization }: StitchSettings, width: number): ParameterSpec[] {
  const matrix: ParameterSpec = {
    part: GATE,
    models: "all",
    shape: [gates === "scalar" ? 1 : width, width],
    fill(data, _model, source) {
      if (initialization === "random") fillNormal(data, 0.02, source);
    },
  };
  if (initialization !== "hub-preserving") return [matrix];
  const bias: ParameterSpec = {
    part: BIAS,
    models: "all",
    shape: [1],
    fill: (data, model) => void data.fill(model === 0 ? 0 : -HUB_PRESERVING_BIAS),
  };
  return [matrix, bias];
}

/** `dropout([G_i h_0])` for the named models, `[N, models · d]`, model after model. */
export function gateLogits(
  stitch: StitchParameters,
  hub: tf.Tensor2D,
  models: readonly number[],
  dropoutSeed?: number,
): tf.Tensor2D {
  const [N, d] = hub.shape;
  const matrices = models.map((i) => parameter(stitch, GATE, i)); // [d, d] each, or [1, d]
  const rows = matrices[0]!.shape[0]!;
  let z = linear(hub, concatRows(matrices)); // [N, models · rows]
  if (dropoutSeed !== undefined) z = dropout(z, stitch.config.dropout, dropoutSeed);
  if (stitch.config.initialization === "hub-preserving") {
    const biases = models.map((i) => parameter(stitch, BIAS, i));
    const byModel = concatRows(biases).reshape([1, models.length, 1]);
    z = tf.add(z.reshape([N, models.length, rows]), byModel).reshape([N, models.length * rows]);
  }
  if (rows === d) return z as tf.Tensor2D;
  return tf.tile(z.reshape([N, models.length, 1]), [1, 1, d]).reshape([N, models.length * d]);
}

function concatRows(tensors: readonly tf.Tensor[]): tf.Tensor {
  return tensors.length === 1 ? tensors[0]! : tf.concat([...tensors], 0);
}
