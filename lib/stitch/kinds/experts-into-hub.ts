// Experts into hub (E2H): the hub's new state is a mixture of its own and the experts' projected states (BTS, §3).
import * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import { expertsIntoHub as mix, expertsIntoHubGates } from "../../tensor/mod.ts";
import { STITCH_KIND_FACTS } from "../../stitch-kinds.ts";
import type { StitchSettings } from "../settings.ts";
import { gateLogits, gateParameters } from "./gate-logits.ts";
import type { States, StitchKind, StitchParameters } from "./kind.ts";
import { productFlops, project, projections } from "./parameters.ts";

const settings = {
  expertAfterE2H: z.enum(["projected", "pass-through"]).default("projected")
    .describe("what an expert continues with after an E2H: its projected state, or its own"),
};

/** Settings of the kinds that project the experts into the hub. */
export type IntoHubSettings = StitchSettings & z.infer<z.ZodObject<typeof settings>>;

const parameters = (config: IntoHubSettings, width: number) => [
  projections(config, width),
  ...gateParameters(config, width),
];

/**
 * `g = softmax over models(dropout([G_0 h_0, …, G_n h_0]))`, in every dimension; `h̃_0 = g_0 ∘ h_0 + Σ_i g_i ∘ W_i h_i`.
 * The experts continue with `W_i h_i`, or with their own states.
 */
export const expertsIntoHub = {
  ...STITCH_KIND_FACTS["E2H"],
  description: "mixes the experts' projected states into the hub's",
  settings,
  receivers: ({ expertAfterE2H }) => expertAfterE2H === "projected" ? ["hub", "experts"] : ["hub"],
  parameters,
  apply(stitch, states, dropoutSeed, onGates) {
    const projected = states.experts.map((h, i) => project(stitch, stitch.present[i]!, h));
    return mixIntoHub(stitch, states, projected, dropoutSeed, onGates);
  },
  gates(stitch, hub) {
    const models = [0, ...stitch.present];
    return expertsIntoHubGates(withExclusions(stitch, gateLogits(stitch, hub, models)), models.length);
  },
  flops: (config, { experts, width }) => productFlops(parameters(config, width), experts),
} as const satisfies StitchKind<IntoHubSettings>;

/** The states after an E2H, from the experts' projected states, `[N, d]` each. */
export function mixIntoHub(
  stitch: StitchParameters<IntoHubSettings>,
  { hub, experts }: States,
  projected: readonly tf.Tensor2D[],
  dropoutSeed?: number,
  onGates?: (gates: tf.Tensor3D) => void,
): States {
  const z = withExclusions(stitch, gateLogits(stitch, hub, [0, ...stitch.present], dropoutSeed));
  onGates?.(expertsIntoHubGates(z, 1 + experts.length));
  return {
    hub: mix(hub, projected, z),
    experts: stitch.config.expertAfterE2H === "projected" ? projected : experts,
  };
}

/** @param z `[N, models · d]` */
function withExclusions({ exclusions }: StitchParameters<IntoHubSettings>, z: tf.Tensor2D): tf.Tensor2D {
  if (exclusions === undefined) return z;
  const [N, models] = exclusions.shape;
  return tf.add(z.reshape([N, models, -1]), exclusions.reshape([N, models, 1])).reshape(z.shape);
}
