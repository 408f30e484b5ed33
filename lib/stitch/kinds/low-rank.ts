// Experts into hub with low-rank projections (E2H-LR): W_i = I + U_i V_i, after LoRA (Hu et al. 2021, arXiv 2106.09685,
// §4.1). Not in the BTS paper. It has n · 2rd parameters where E2H has n · d²; the gates are the same.
import * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import { UserError } from "../../errors.ts";
import { fillNormal } from "../../model/mod.ts";
import { STITCH_KIND_FACTS } from "../../stitch-kinds.ts";
import { linear } from "../../tensor/mod.ts";
import { expertsIntoHub, type IntoHubSettings, mixIntoHub } from "./experts-into-hub.ts";
import { gateParameters } from "./gate-logits.ts";
import type { ParameterSpec, StitchKind } from "./kind.ts";
import { parameter, productFlops } from "./parameters.ts";

const settings = {
  ...expertsIntoHub.settings,
  rank: z.int().min(1).default(8)
    .describe("rank of the projections of an E2H-LR, W = I + U V, at most model.width; other kinds do not use it"),
};

type LowRankSettings = IntoHubSettings & z.infer<z.ZodObject<typeof settings>>;

/**
 * `V_i` `[r, d]`, normal with variance 1/d, and `U_i` `[d, r]`. With `U = 0`, W is the identity, as E2H's initial
 * projection is; random initialization also draws U, with variance 1/r, so that `U V x` is about as long as x.
 */
function parameters(config: LowRankSettings, width: number): ParameterSpec[] {
  const { rank, initialization } = config;
  if (rank > width) {
    throw new UserError(
      "stitch.rank",
      `stitch.rank ${rank} is larger than model.width ${width}: the projections of an E2H-LR have at most that rank`,
      `set stitch.rank to at most ${width}; it saves parameters only below ${width / 2}`,
    );
  }
  return [
    {
      part: "down",
      models: "experts",
      shape: [rank, width],
      fill: (data, _model, source) => fillNormal(data, 1 / Math.sqrt(width), source),
    },
    {
      part: "up",
      models: "experts",
      shape: [width, rank],
      fill(data, _model, source) {
        if (initialization === "random") fillNormal(data, 1 / Math.sqrt(rank), source);
      },
    },
    ...gateParameters(config, width),
  ];
}

/** E2H with `W_i h_i = h_i + U_i (V_i h_i)`: two products with r columns instead of one with d. */
export const lowRankExpertsIntoHub = {
  ...expertsIntoHub,
  ...STITCH_KIND_FACTS["E2H-LR"],
  description: "is E2H with projections of low rank, W = I + U V",
  settings,
  parameters,
  apply(stitch, states, dropoutSeed, onGates) {
    const projected = states.experts.map((h, i) => {
      const low = linear(h, parameter(stitch, "down", stitch.present[i]!)); // [N, r]
      return tf.add(h, linear(low, parameter(stitch, "up", stitch.present[i]!))) as tf.Tensor2D;
    });
    return mixIntoHub(stitch, states, projected, dropoutSeed, onGates);
  },
  flops: (config, { experts, width }) => productFlops(parameters(config, width), experts),
} as const satisfies StitchKind<LowRankSettings>;
