// The settings of the Branch-Train-Stitch experiment, and its presets.
import { z } from "zod";
import { dataConfigSchema, datamixSchema, tokenizerConfigSchema } from "../data/mod.ts";
import { modelConfigSchema } from "../model/mod.ts";
import { type ExperimentDefinition, withDependentDefaults } from "../run/mod.ts";
import { stitchConfigSchema } from "../stitch/mod.ts";
import { checkpointConfigSchema, monitorConfigSchema, trainConfigSchema } from "../train/mod.ts";
import { domainDefaults } from "./domain-defaults.ts";
import type { BtsSettingsSchema } from "./inferred-types.ts";

/** All settings; what the domains decide has no default here. */
export const btsSettings: BtsSettingsSchema = z.strictObject({
  data: dataConfigSchema.prefault({}).describe("the text"),
  tokenizer: tokenizerConfigSchema.prefault({}).describe("the tokenizer"),
  model: modelConfigSchema.omit({ vocabSize: true }).prefault({}).describe("the shape of the seed and the experts"),
  experts: z.array(z.string().min(1)).min(1).describe(
    "domains with an expert; by default all of your own, or else code, math and multilingual",
  ),
  pretrained: z.record(z.string(), z.string().min(1)).prefault({}).describe(
    "models that were trained elsewhere, as Hugging Face folders, .gguf files or ids on the Hugging Face hub: " +
      "pretrained.seed=models/smollm2 takes the seed from one instead of pretraining it, pretrained.code=org/coder@main the " +
      "expert of the domain code; shape, context length and tokenizer come from them",
  ),
  mix: z.strictObject({
    seed: datamixSchema.describe("datamix that the seed is pretrained on; by default equal shares of other domains"),
    expertShare: z.number().min(0).max(1).default(1)
      .describe("share of an expert's own domain in its training text; the rest is the seed's datamix"),
    stitch: datamixSchema.describe("datamix that the stitches are trained on; by default equal shares"),
  }).describe("datamixes"),
  train: z.strictObject({
    seed: trainConfigSchema.prefault({}).describe("pretraining the seed"),
    expert: trainConfigSchema.prefault({}).describe("continued pretraining of each expert"),
    stitch: trainConfigSchema.prefault({}).describe("training the stitches"),
    validationBatches: z.int().min(0).max(10_000).default(4).describe(
      "batches per validation, divided among the domains by their shares, at least one each; 0 for no validation",
    ),
  }).prefault({}).describe("training"),
  monitor: monitorConfigSchema.prefault({}).describe("the training monitor"),
  hub: z.string().min(1).default("seed").describe(
    "the model whose output is the output of the stitched model: seed, or the domain of one of the experts",
  ),
  stitch: stitchConfigSchema.prefault({}).describe("the stitch layers"),
  checkpoint: checkpointConfigSchema.prefault({}).describe("checkpoints of training"),
  eval: z.strictObject({
    tokens: z.int().min(64).default(8_192).describe("maximum number of held-out tokens scored per domain"),
    items: z.int().min(1).default(100).describe("maximum number of questions per task"),
    batch: z.int().min(1).max(4_096).default(16).describe("sequences evaluated at once"),
    tasks: z.array(z.string()).nullable().default(null).describe("names of the tasks to score; null: all tasks"),
    questionTokens: z.int().min(16).max(1_048_576).nullable().default(null).describe(
      "maximum length of a question with an answer, in tokens; null: the context length",
    ),
    apart: z.boolean().default(false).describe(
      "score the tasks in cells of their own, after all methods have been measured on held-out text",
    ),
  }).prefault({}).describe("evaluation"),
});

export type BtsConfig = z.infer<typeof btsSettings>;

/** All settings, where those that depend on the domains have defaults for them. */
export const btsConfigSchema: z.ZodType<BtsConfig, z.input<typeof btsSettings>> = withDependentDefaults(
  btsSettings,
  domainDefaults,
);

/** The experiment's name, settings and presets, for the command line. */
export const btsDefinition: ExperimentDefinition<typeof btsConfigSchema> = {
  name: "bts",
  title: "Branch-Train-Stitch",
  description: "Pretrains a seed, branches experts from it, stitches them together, and measures all of them.",
  schema: btsConfigSchema,
  mayChange: {
    "train.*.steps": "upwards",
    "train.*.validateEvery": "freely",
    "checkpoint.*": "freely",
    "monitor.every": "freely",
  },
  defaultPreset: "quick",
  presets: {
    smoke: {
      description: "everything in under a minute, for tests; too small for findings",
      config: {
        data: {
          trainBytes: 60_000,
          validationBytes: 8_192,
          heldoutBytes: 16_384,
          problems: 32,
          translations: 32,
        },
        tokenizer: { vocabSize: 512, trainBytes: 100_000 },
        model: { width: 32, layers: 2, heads: 2, kvHeads: 2, inner: 64, contextLength: 64 },
        train: {
          seed: { steps: 30, warmup: 5, validateEvery: 15 },
          expert: { steps: 12, warmup: 2, validateEvery: 6 },
          stitch: { steps: 12, warmup: 2, validateEvery: 6 },
          validationBatches: 1,
        },
        eval: { tokens: 256, items: 4 },
      },
    },
    quick: {
      description: "a small model in under 4 minutes on 2 cores; the default",
      config: {
        train: {
          seed: { steps: 300, warmup: 30 },
          expert: { steps: 100, warmup: 10, lr: 1e-3, validateEvery: 25 },
          stitch: { steps: 100, warmup: 10, validateEvery: 25 },
        },
        eval: { tokens: 4_096, items: 40 },
      },
    },
    study: {
      description: "all studies over three seeds in about two hours on 2 cores with a BLAS; the README's table",
      config: {
        data: { trainBytes: 2_000_000, heldoutBytes: 131_072 },
        train: {
          seed: { steps: 600, warmup: 40 },
          expert: { steps: 150, warmup: 10, lr: 1e-3 },
          stitch: { steps: 120, warmup: 12, validateEvery: 40 },
        },
        stitch: { count: 2 },
        eval: { tokens: 6_144, items: 40 },
      },
    },
    lab: {
      description: "a larger model, more text and more steps: about 25 minutes on 2 cores",
      config: {
        data: { trainBytes: 4_000_000, validationBytes: 65_536, heldoutBytes: 262_144 },
        tokenizer: { trainBytes: 4_000_000 },
        model: { layers: 6 },
        train: {
          seed: { steps: 2_000, warmup: 100, validateEvery: 100 },
          expert: { steps: 500, warmup: 20, lr: 1e-3 },
          stitch: { steps: 400, warmup: 40 },
          validationBatches: 8,
        },
        stitch: { count: 3 },
        eval: { tokens: 16_384 },
      },
    },
    gpu: {
      description: "a model of 40 million parameters, for a GPU",
      config: {
        data: { trainBytes: 14_000_000, validationBytes: 262_144, heldoutBytes: 524_288 },
        tokenizer: { vocabSize: 8192, trainBytes: 8_000_000 },
        model: { width: 512, layers: 8, heads: 8, kvHeads: 8, inner: 1376, contextLength: 512 },
        train: {
          seed: { steps: 4_000, batch: 32, warmup: 200, lr: 1e-3 },
          expert: { steps: 1_000, batch: 32, warmup: 50, lr: 3e-4 },
          stitch: { steps: 1_000, batch: 32, warmup: 100, lr: 1e-3 },
        },
        stitch: { count: 4 },
        eval: { tokens: 65_536, items: 400 },
      },
    },
    paper: {
      description: "the shapes and steps of arXiv 2502.00075, for planning",
      needsForce: "it trains the paper's 2.7B-parameter model on 15T tokens, which takes a cluster",
      config: {
        tokenizer: { vocabSize: 128_000 },
        model: {
          width: 3072,
          layers: 20,
          heads: 24,
          kvHeads: 1,
          inner: 8192,
          contextLength: 8192,
          ropeTheta: 500_000,
          tiedEmbeddings: false,
        },
        mix: {
          stitch: { english: 0.55, code: 0.15, math: 0.15, multilingual: 0.15 },
        },
        train: {
          seed: { steps: 2_200_000, batch: 832, warmup: 2000, lr: 4e-4, floor: 0.01 },
          expert: { steps: 96_000, batch: 256, warmup: 0, lr: 5e-6, floor: 0.01 },
          stitch: { steps: 7_000, batch: 256, warmup: 2000, lr: 5e-6, floor: 0.01 },
        },
        stitch: { count: 4 },
      },
    },
  },
};
