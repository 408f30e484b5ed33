// A stitch layer's parameters: n projections W_i and n+1 gate matrices G_i, no biases (BTS, §3).
import { type Random, random } from "../random.ts";
import { fillNormal, type HostTensor, type HostWeights } from "../model/mod.ts";
import type { StitchConfig } from "./config.ts";

/** Bias of the hub's gate logit under the hub-preserving initialisation: experts get e⁻¹² of the weight. */
export const HUB_PRESERVING_BIAS = 12;

/** The names of one stitch's parameters; `stitch` counts from 0. */
export function stitchNames(stitch: number): { w: string; g: string; bias: string } {
  const prefix = `stitch.${stitch}.`;
  return { w: prefix + "projections", g: prefix + "gates", bias: prefix + "gate_bias" };
}

/**
 * Fresh stitches.
 *
 * Per stitch: `projections` `[n, d, d]`, `gates` `[n+1, d, d]` (`[n+1, 1, d]` for scalar gates), and under the
 * hub-preserving initialisation `gate_bias` `[n+1]`, constant over dimensions.
 *
 * @param stitches K
 * @param experts n
 * @param width d
 */
export function initialStitches(
  config: StitchConfig,
  { stitches, experts, width, seed }: { stitches: number; experts: number; width: number; seed: number },
): HostWeights {
  const weights: Record<string, HostTensor> = {};
  const gateRows = config.gates === "scalar" ? 1 : width;
  for (let k = 0; k < stitches; k++) {
    const names = stitchNames(k);
    const source = random(seed, "stitch", k);
    weights[names.w] = config.initialisation === "random"
      ? normalTensor([experts, width, width], 1 / Math.sqrt(width), source)
      : identityTensor(experts, width);
    weights[names.g] = config.initialisation === "random"
      ? normalTensor([experts + 1, gateRows, width], 0.02, source)
      : { shape: [experts + 1, gateRows, width], data: new Float32Array((experts + 1) * gateRows * width) };
    if (config.initialisation === "hub-preserving") {
      const data = new Float32Array(experts + 1).fill(-HUB_PRESERVING_BIAS);
      data[0] = 0;
      weights[names.bias] = { shape: [experts + 1], data };
    }
  }
  return weights;
}

function identityTensor(count: number, width: number): HostTensor {
  const data = new Float32Array(count * width * width);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < width; j++) data[i * width * width + j * width + j] = 1;
  }
  return { shape: [count, width, width], data };
}

function normalTensor(shape: readonly number[], deviation: number, source: Random): HostTensor {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  fillNormal(data, deviation, source);
  return { shape, data };
}
