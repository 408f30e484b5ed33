// The settings of the instability experiment, and its presets.
import { z } from "zod";
import { dataConfigSchema, tokenizerConfigSchema } from "../../lib/data/mod.ts";
import { modelConfigSchema } from "../../lib/model/mod.ts";
import type { ExperimentDefinition } from "../../lib/run/mod.ts";
import { monitorConfigSchema, trainConfigSchema } from "../../lib/train/mod.ts";

/** The arms that can be chosen: no action (plain), or one action each. */
export const ARMS = ["plain", "skip", "rewind", "clip", "epsilon"] as const;

/** All settings. */
export const instabilityConfigSchema = z.strictObject({
  data: dataConfigSchema.prefault({ trainBytes: 60_000, validationBytes: 8_192, heldoutBytes: 8_192 })
    .describe("the text; only English is used"),
  tokenizer: tokenizerConfigSchema.prefault({ vocabSize: 512, trainBytes: 60_000 }).describe("the tokenizer"),
  model: modelConfigSchema.omit({ vocabSize: true })
    .prefault({ width: 32, layers: 4, heads: 4, kvHeads: 4, inner: 64, contextLength: 32, tiedEmbeddings: false })
    .describe("the decoder's shape"),
  train: trainConfigSchema
    .prefault({ steps: 600, batch: 16, lr: 0.02, warmup: 10, floor: 1, weightDecay: 0, clipNorm: 1e9 })
    .describe("training that diverges: a high, constant learning rate and no clipping"),
  batches: z.int().min(1).max(1_000_000).default(2)
    .describe(
      "number of batches that training repeats: with few, as with very large ones, gradients lose their noise",
    ),
  monitor: monitorConfigSchema
    .prefault({ every: 1, spike: { share: 4 }, clipRms: 0.1, rewindSteps: 20 })
    .describe("the monitor; each arm sets the actions"),
  arms: z.array(z.enum(ARMS)).min(1).default([...ARMS]).describe("arms: no action (plain), or one of the actions"),
  epsilons: z.array(z.number().positive().max(1)).default([1e-6])
    .describe("further arms without action, with these values of AdamW's epsilon"),
  diverged: z.number().positive().max(1e6).default(0.3).describe("loss above which a spike is a divergence, in nats"),
  repeats: z.int().min(1).max(1_000).default(3).describe("random seeds per arm, from that of the run upwards"),
});

export type InstabilityConfig = z.infer<typeof instabilityConfigSchema>;

/** The experiment's name, settings and presets, for the command line. */
export const instabilityDefinition: ExperimentDefinition<typeof instabilityConfigSchema> = {
  name: "instability",
  title: "Adam's instability",
  description: "Provokes a divergence, shows its early sign in the update ratio, and which action prevents it.",
  schema: instabilityConfigSchema,
  defaultPreset: "quick",
  presets: {
    smoke: {
      description: "everything in seconds, for tests; too short to diverge",
      config: {
        model: { width: 16, layers: 2, heads: 2, kvHeads: 2, inner: 32, contextLength: 16 },
        train: { steps: 40, batch: 4, lr: 0.05 },
        repeats: 1,
      },
    },
    quick: { description: "three seeds of six trainings in a few minutes on 2 cores; the default", config: {} },
    deep: {
      description: "the same with twelve layers, for longer: about an hour",
      config: { model: { layers: 12 }, train: { steps: 1_500 } },
    },
  },
};
