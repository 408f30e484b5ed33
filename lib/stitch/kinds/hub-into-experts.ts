// Hub into experts (H2E): every expert takes in some of the hub's projected state; the hub stays as it is (BTS, §3).
import * as tf from "@tensorflow/tfjs";
import { hubIntoExpert } from "../../tensor/mod.ts";
import { STITCH_KIND_FACTS } from "../../stitch-kinds.ts";
import type { StitchSettings } from "../settings.ts";
import { gateLogits, gateParameters } from "./gate-logits.ts";
import type { StitchKind } from "./kind.ts";
import { productFlops, project, projections } from "./parameters.ts";

/** The paper counts a gate for the hub, too: K (2n + 1) d² parameters for K stitches of either kind. */
const parameters = (config: StitchSettings, width: number) => [
  projections(config, width),
  ...gateParameters(config, width).map((gate) => ({ ...gate, hubUnread: true })),
];

/** `g_i = sigmoid(dropout(G_i h_0))`; `h̃_i = (1 − g_i) ∘ h_i + g_i ∘ W_i h_0`. */
export const hubIntoExperts = {
  ...STITCH_KIND_FACTS["H2E"],
  description: "mixes the hub's projected state into the experts'",
  settings: {},
  receivers: () => ["experts"],
  parameters,
  apply(stitch, { hub, experts }, dropoutSeed, onGates) {
    const { present } = stitch;
    const all = gateLogits(stitch, hub, present, dropoutSeed);
    onGates?.(tf.sigmoid(all).reshape([hub.shape[0], present.length, -1]));
    // tfjs's `split` into one part has no gradient.
    const z = (experts.length === 1 ? [all] : tf.split(all, experts.length, 1)) as tf.Tensor2D[];
    return { hub, experts: experts.map((h, i) => hubIntoExpert(h, project(stitch, present[i]!, hub), z[i]!)) };
  },
  gates(stitch, hub) {
    const [N, d] = hub.shape;
    return tf.sigmoid(gateLogits(stitch, hub, stitch.present)).reshape([N, stitch.present.length, d]);
  },
  flops: (config, { experts, width }) => productFlops(parameters(config, width), experts),
} as const satisfies StitchKind;
