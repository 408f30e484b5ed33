// The parameters of all stitches of a model: names, shapes and initial values, as their kinds define them.
import { random } from "../random.ts";
import type { HostTensor, HostWeights, ModelConfig } from "../model/mod.ts";
import { kindsOf, placeStitches, type StitchConfig } from "./config.ts";
import type { ParameterSpec } from "./kinds/kind.ts";
import { modelsWith, parameterName } from "./kinds/parameters.ts";
import { stitchKind } from "./kinds/registry.ts";

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
 * The size of the stitches between models of this shape.
 *
 * @throws UserError `stitch.placement` when they cannot be placed
 */
export function stitchSize(
  config: StitchConfig,
  { layers, width }: Pick<ModelConfig, "layers" | "width">,
  experts: number,
): StitchSize {
  return { stitches: placeStitches(config, layers).length, experts, width };
}

interface NamedParameter extends ParameterSpec {
  readonly name: string;
  readonly model: number;
}

/**
 * Names and shapes of the parameters. There is one tensor per model, so that an expert can be added or removed without
 * touching the others' tensors.
 *
 * @throws UserError if the settings of a kind do not fit the width, or `stitch.kinds` does not fit the number of stitches
 */
export function stitchShapes(config: StitchConfig, size: StitchSize): ReadonlyMap<string, readonly number[]> {
  return new Map(parametersOf(config, size).map(({ name, shape }) => [name, shape]));
}

/** Initial stitches, named as in {@linkcode stitchShapes}; a pure function of its arguments. */
export function initialStitches(config: StitchConfig, size: StitchSize, rngSeed: number): HostWeights {
  const weights: Record<string, HostTensor> = {};
  for (const { name, shape, model, fill } of parametersOf(config, size)) {
    const data = new Float32Array(sizeOf(shape));
    // One random stream per name, so that another expert or stitch changes no other's initial values.
    fill(data, model, random(rngSeed, name));
    weights[name] = { shape, data };
  }
  return weights;
}

/** The model that a parameter belongs to: 0 for the hub, and for a name that is not a parameter's. */
export function modelOfParameter(name: string): number {
  return Number(/\.(\d+)$/.exec(name)?.[1] ?? 0);
}

/** n, the number of experts that the stitches were made for. */
export function expertCount(stitches: Readonly<Record<string, unknown>>): number {
  return Math.max(0, ...Object.keys(stitches).map(modelOfParameter));
}

/**
 * The number of parameters. For full projections and vector gates, K (2n + 1) d² (BTS, §3).
 *
 * @example
 * ```ts
 * import { stitchConfigSchema, stitchParameterCount } from "@stitchbook/stitchbook/stitch";
 * import assert from "node:assert/strict";
 *
 * const [K, n, d] = [2, 3, 128];
 * const config = stitchConfigSchema.parse({ count: K });
 * assert.equal(stitchParameterCount(config, { stitches: K, experts: n, width: d }), K * (2 * n + 1) * d ** 2);
 * ```
 */
export function stitchParameterCount(config: StitchConfig, size: StitchSize): number {
  return parametersOf(config, size).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** Parameters exempt from weight decay: those that are allocated but never read. */
export function undecayed(config: StitchConfig, size: StitchSize): ReadonlySet<string> {
  const unread = parametersOf(config, size).filter(({ model, hubUnread }) => model === 0 && hubUnread);
  return new Set(unread.map(({ name }) => name));
}

function parametersOf(config: StitchConfig, { stitches, experts, width }: StitchSize): NamedParameter[] {
  return kindsOf(config, stitches).flatMap((kind, k) =>
    stitchKind(kind).parameters(config, width).flatMap((spec) =>
      modelsWith(spec, experts).map((model) => ({ ...spec, name: parameterName(k, spec.part, model), model }))
    )
  );
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
