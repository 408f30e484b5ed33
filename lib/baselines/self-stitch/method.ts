// Self-Stitch, a control (arXiv 2603.12433): the same stitches between copies of one model, trained as BTS is. What it
// gains over the seed, the stitches gain by their capacity; what BTS gains over it, it gains by the experts.
import { z } from "zod";
import {
  type HostWeights,
  type ModelConfig,
  type PackedWeights,
  parameterCount,
  toDevice,
  toVariables,
} from "../../model/mod.ts";
import {
  freezeModels,
  hashFrozen,
  initialStitches,
  placeStitches,
  type StitchConfig,
  stitchConfigSchema,
  stitchedLanguageModel,
  stitchModels,
  stitchParameterCount,
} from "../../stitch/mod.ts";
import {
  activationFloats,
  type MethodCost,
  stitchedForwardFlops,
  stitching,
  stitchTrainFlops,
} from "../../train/mod.ts";
import { decoderCacheBytes } from "../cost-parts.ts";
import type { CommonSettings, Costed, Given, Saved, TrainedMethod } from "../method.ts";

const schema = z.strictObject({ copies: z.int().min(1), stitch: stitchConfigSchema });

/** The stitches, and how many copies are stitched to the one that is the hub. */
export interface SelfStitchConfig {
  readonly copies: number;
  readonly stitch: StitchConfig;
}

export const selfStitch = {
  name: "self-stitch",
  label: "Self-Stitch",
  color: "wine",
  source: "arXiv 2603.12433",
  trains: "K (2n+1) d²",
  summary: "a control: the stitches of BTS between copies of the seed, one for each expert; the rest is frozen",
  code: import.meta,
  settings: {},
  weighs: true,
  making: "training",
  combines: "seed",
  file: { kind: "self-stitch", schema },
  configOf: ({ stitch, experts }: CommonSettings) => ({ copies: experts.length, stitch }),
  cost: selfStitchCost,
  furtherActivations: ({ copies }, { model }, tokens) => copies * activationFloats(model, tokens, "keep"),
  start({ model, config, models: [seed], rngSeed }: Given<SelfStitchConfig>) {
    const { stitch } = config;
    const frozen = freezeCopies(model, config, seed!);
    const variables = toVariables(initialStitches(stitch, stitchSize(model, config), rngSeed));
    const whole = stitchModels({ config: model, stitch, ...frozen, stitches: variables });
    return {
      variables,
      task: (options) => stitching(whole, variables, rngSeed, options),
      hashFrozen: () => hashFrozen(frozen),
      [Symbol.dispose]() {
        variables[Symbol.dispose]();
        frozen[Symbol.dispose]();
      },
    };
  },
  open({ model, config, weights, models: [seed], packed, scope }: Saved<SelfStitchConfig>) {
    const frozen = scope.use(freezeCopies(model, config, seed!, packed));
    const stitches = scope.use(toDevice(weights));
    return {
      model: stitchedLanguageModel(stitchModels({ config: model, stitch: config.stitch, ...frozen, stitches })),
    };
  },
} as const satisfies TrainedMethod<SelfStitchConfig>;

/** A hub and its copies, which share their weights on the device. */
function freezeCopies(
  model: ModelConfig,
  { copies, stitch }: SelfStitchConfig,
  seed: HostWeights,
  packed?: PackedWeights,
) {
  return freezeModels(model, stitch, Array.from({ length: copies + 1 }, () => seed), packed);
}

function stitchSize(model: ModelConfig, { copies, stitch }: SelfStitchConfig) {
  return { stitches: placeStitches(stitch, model.layers).length, experts: copies, width: model.width };
}

/** What BTS costs, but for the parameters: there is one model. */
function selfStitchCost(config: SelfStitchConfig, { model, cacheBytes }: Costed): MethodCost {
  const { copies, stitch } = config;
  const trained = stitchParameterCount(stitch, stitchSize(model, config));
  const total = parameterCount(model) + trained;
  const forward = stitchedForwardFlops(model, stitch, copies);
  return {
    method: "self-stitch",
    parameters: { trained, total, active: total },
    flops: { forward, backward: stitchTrainFlops(model, stitch, copies) - forward },
    kvBytes: (copies + 1) * decoderCacheBytes(model, cacheBytes),
  };
}
