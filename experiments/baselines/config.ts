// The settings of the comparison with every other method, on top of the main job's.
import { z } from "zod";
import { calmConfigSchema, mixtureConfigSchema } from "../../lib/merge/mod.ts";
import type { ExperimentDefinition } from "../../lib/run/mod.ts";
import { studyPresets } from "../../lib/study/mod.ts";
import { btsConfigSchema, btsDefinition } from "../../lib/bts/mod.ts";

/** Methods that are trained, in the order of the table. */
export const TRAINED_METHODS = [
  "dense",
  "routing",
  "btx-soft",
  "btx-sample",
  "btx-top2",
  "bam",
  "bam-adapters",
  "calm",
] as const;

export type TrainedMethod = typeof TRAINED_METHODS[number];

/** Methods whose trained parameters are a merge's file. */
export type MergedMethod = Exclude<TrainedMethod, "dense">;

/** All settings. */
export const baselinesConfigSchema = btsConfigSchema.extend({
  baselines: z.strictObject({
    methods: z.array(z.enum(TRAINED_METHODS)).default([...TRAINED_METHODS])
      .describe("which of the other trained methods take part"),
    balance: mixtureConfigSchema.shape.balance,
    calm: calmConfigSchema.prefault({}).describe("CALM"),
    btm: z.strictObject({
      topK: z.int().min(1).nullable().default(null).describe("models that speak at a token; null: all"),
      temperature: z.number().positive().max(1e6).default(1).describe("what the log-posterior is divided by"),
      history: z.int().min(1).nullable().default(null).describe("latest tokens that are evidence; null: all"),
      prior: z.enum(["dev", "uniform"]).default("dev").describe("the prior: from validation text, or uniform"),
      decay: z.number().min(0).max(0.999).default(0.3).describe("of the moving average that makes the prior"),
    }).prefault({}).describe("the second ensemble; the first is the plain one"),
    merge: z.strictObject({
      lambda: z.number().min(-100).max(100).default(1).describe("factor of the merged task vector"),
      density: z.number().gt(0).max(1).default(0.5).describe(
        "share of each task vector that TIES, DARE and others keep",
      ),
    }).prefault({}).describe("merging weight by weight"),
  }).prefault({}).describe("the methods that stitching is compared with"),
});

export type BaselinesConfig = z.infer<typeof baselinesConfigSchema>;

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  smoke: "all methods in under a minute, for tests; too small to show anything",
  quick: "the main job's quick models, and every other method made of them; --dry-run says how long; the default",
  study: "the models of all studies, and every other method made of them",
  lab: "the models of the README's table, and every other method made of them",
};

/** The experiment's name, settings and presets, for the command line. */
export const baselinesDefinition: ExperimentDefinition<typeof baselinesConfigSchema> = {
  name: "baselines",
  title: "Every way of making one model of several",
  description: "Is stitching the best way to make one model of a seed and its experts? (the paper's Table 3)",
  schema: baselinesConfigSchema,
  ...(btsDefinition.mayChange === undefined ? {} : { mayChange: btsDefinition.mayChange }),
  defaultPreset: "quick",
  presets: Object.fromEntries(
    Object.entries(studyPresets({})).map(([name, preset]) =>
      [name, { ...preset, description: DESCRIPTIONS[name] ?? preset.description }] as const
    ),
  ),
};
