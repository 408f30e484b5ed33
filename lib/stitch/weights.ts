// A stitch layer's parameters: n projections W_i and n+1 gate matrices G_i, no biases (BTS, §3).
import { random } from "../random.ts";
import { fillNormal, type HostTensor, type HostWeights } from "../model/mod.ts";
import type { StitchConfig, StitchKind } from "./config.ts";

/** The hub-preserving initialization subtracts this from the experts' gate logits, so they get e⁻¹² of the hub's weight. */
export const HUB_PRESERVING_BIAS = 12;

/** Names of one stitch's parameters; `stitch` counts from 0, `model` is 0 for the hub and from 1 for the experts. */
export const projectionName = (stitch: number, model: number): string => `stitch.${stitch}.projection.${model}`;
export const gateName = (stitch: number, model: number): string => `stitch.${stitch}.gate.${model}`;
export const gateBiasName = (stitch: number, model: number): string => `stitch.${stitch}.gate_bias.${model}`;

/** The size of a set of stitches. */
export interface StitchSize {
  /** K */
  readonly stitches: number;
  /** n */
  readonly experts: number;
  /** d */
  readonly width: number;
}

/**
 * Names and shapes of the parameters: per stitch and expert a projection `[d, d]`, per stitch and model a gate matrix
 * `[d, d]` (`[1, d]` for scalar gates), and with the hub-preserving initialization a gate bias `[1]`. One tensor per
 * model, so that an expert can be added or removed without touching the others' tensors.
 */
export function stitchShapes(
  config: StitchConfig,
  { stitches, experts, width }: StitchSize,
): ReadonlyMap<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  for (let k = 0; k < stitches; k++) {
    for (let i = 1; i <= experts; i++) shapes.set(projectionName(k, i), [width, width]);
    for (let i = 0; i <= experts; i++) shapes.set(gateName(k, i), [config.gates === "scalar" ? 1 : width, width]);
    if (config.initialization === "hub-preserving") {
      for (let i = 0; i <= experts; i++) shapes.set(gateBiasName(k, i), [1]);
    }
  }
  return shapes;
}

/** Initial stitches, named as in {@linkcode stitchShapes}; a pure function of its arguments. */
export function initialStitches(config: StitchConfig, size: StitchSize, rngSeed: number): HostWeights {
  const weights: Record<string, HostTensor> = {};
  for (const [name, shape] of stitchShapes(config, size)) {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    fill(name, data, config, size.width, rngSeed);
    weights[name] = { shape, data };
  }
  return weights;
}

/** The model that a parameter belongs to: 0 for the hub, and for a name that is not a parameter's. */
export function modelOfParameter(name: string): number {
  return Number(/\.(\d+)$/.exec(name)?.[1] ?? 0);
}

/** K (2n + 1) d², the parameters of K stitches with vector gates (BTS, §3). */
export function stitchParameterCount({ stitches, experts, width }: StitchSize): number {
  return stitches * (2 * experts + 1) * width * width;
}

/**
 * Parameters exempt from weight decay: the hub's gate of an H2E stitch, which is allocated but never read.
 *
 * @param kinds of the stitches, in order
 */
export function undecayed(kinds: readonly StitchKind[]): ReadonlySet<string> {
  return new Set(kinds.flatMap((kind, k) => kind === "H2E" ? [gateName(k, 0)] : []));
}

function fill(name: string, data: Float32Array, config: StitchConfig, width: number, rngSeed: number): void {
  const [, , kind, model] = name.split(".");
  if (kind === "gate_bias") data.fill(model === "0" ? 0 : -HUB_PRESERVING_BIAS);
  else if (config.initialization === "random") {
    // One random stream per name, so that another expert or stitch changes no other's initial values.
    fillNormal(data, kind === "gate" ? 0.02 : 1 / Math.sqrt(width), random(rngSeed, name));
  } else if (kind === "projection") {
    for (let j = 0; j < width; j++) data[j * width + j] = 1;
  }
}
