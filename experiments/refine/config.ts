// The settings of the refinement experiment, and its presets.
import { z } from "zod";
import { WEIGHT_FORMATS } from "../../lib/model/mod.ts";
import { FORMAT_NAMES, REFINE_METHODS, refineSettingsSchema } from "../../lib/refine/mod.ts";
import type { ExperimentDefinition } from "../../lib/run/mod.ts";

const modelSchema = z.strictObject({
  source: z.string().min(1).default("last").describe(
    "a run, or a checkpoint: a folder, a .gguf file, an id on the hub",
  ),
  name: z.string().default("")
    .describe("model of the run or at the endpoint; empty: the run's own method, or the endpoint's only one"),
  drafters: z.array(z.string().min(1)).default([])
    .describe("models of the run or at the endpoint that draft in turn; empty: the same one that does the rest"),
  weights: z.enum(WEIGHT_FORMATS).default("stored").describe("how a checkpoint's weights are held"),
  format: z.enum(["auto", ...FORMAT_NAMES]).default("auto")
    .describe("how problems are put: chat if there is a template, otherwise line for runs and completion for others"),
});

const isAddress = (url: string) => url === "" || /^https?:$/.test(URL.parse(url)?.protocol ?? "");

const endpointSchema = z.strictObject({
  url: z.string()
    .refine(isAddress, "expected an address such as http://127.0.0.1:8000/v1")
    .refine((url) => !/completions\/?$/.test(url), "expected the address before /chat/completions, such as …/v1")
    .refine((url) => !URL.parse(url)?.password, "it has a password, which all who see the run would see")
    .default("")
    .describe("an OpenAI-compatible endpoint, with /v1; empty: none. Its key is the variable OPENAI_API_KEY"),
  seconds: z.number().positive().max(86_400).default(600).describe("most seconds for a reply"),
  retries: z.int().min(0).max(100).default(5).describe("how often a request that failed is repeated"),
  contextLength: z.int().min(16).max(10_000_000).nullable().default(null)
    .describe("most tokens of a prompt and its reply; null: what the endpoint says of its model, or else 8192"),
});

const problemsSchema = z.strictObject({
  file: z.string().default("").describe("JSON lines with problems of your own; empty: generated ones"),
  levels: z.array(z.string().min(1)).default([]).describe(
    "levels; empty: all. Generated ones are easy, medium and hard",
  ),
  perLevel: z.int().min(1).max(100_000).default(20).describe("problems of each level"),
  seed: z.int().min(0).max(2 ** 32 - 1).nullable().default(null)
    .describe("random seed of generated problems; null: that of the model's run, or else that of this one"),
});

export const refineConfigSchema = z.strictObject({
  model: modelSchema.prefault({}).describe("the model that solves"),
  endpoint: endpointSchema.prefault({}).describe("where it is, if not here"),
  problems: problemsSchema.prefault({}).describe("what it solves"),
  methods: z.array(z.enum(REFINE_METHODS)).min(1).default([...REFINE_METHODS]).describe("the methods to compare"),
  budgets: z.array(z.int().min(16).max(10_000_000)).min(1).default([1024, 2048, 4096])
    .describe("tokens allowed for a problem, in and out over all calls; each method solves every problem at each"),
  division: refineSettingsSchema.prefault({}).describe("how the methods divide their tokens"),
  replace: z.boolean().default(false)
    .describe("whether the scores count in the model's run even if it has scores of more problems"),
  parallel: z.int().min(1).max(1024).default(16).describe("problems in progress at the same time"),
});

export type RefineConfig = z.infer<typeof refineConfigSchema>;

/** The experiment's name, settings and presets, for the command line. */
export const refineDefinition: ExperimentDefinition<typeof refineConfigSchema> = {
  name: "refine",
  title: "Refinement at equal budgets",
  description: "Solves problems with exact answers by parallel-distill-refine and its baselines, at equal budgets of " +
    "tokens.",
  schema: refineConfigSchema,
  shorthands: [
    {
      flags: "[run|model]",
      setting: "model.source",
      description: "id or name of a run, or last; or a checkpoint: a folder, a .gguf file, an id on the hub " +
        "(default: last; nothing with --endpoint)",
    },
    {
      flags: "--endpoint <url>",
      setting: "endpoint.url",
      description:
        "ask a model behind an OpenAI-compatible endpoint, with its /v1; the key is the variable OPENAI_API_KEY",
    },
    {
      flags: "--model <name>",
      setting: "model.name",
      description: "model of the run or at the endpoint (default: the run's own, or the endpoint's only one)",
    },
    {
      flags: "--replace",
      setting: "replace",
      description: "keep these scores in the model's run also where it has scores of more problems",
    },
  ],
  // Replies are the same however patiently they are waited for.
  mayChange: { "endpoint.seconds": "freely", "endpoint.retries": "freely", "parallel": "freely", "replace": "freely" },
  defaultPreset: "quick",
  presets: {
    smoke: {
      description: "everything in seconds, for tests; too little to show anything",
      config: {
        problems: { perLevel: 1 },
        budgets: [64, 128],
        division: { draftTokens: 8, workspaceTokens: 32, quoteTokens: 8, chooseTokens: 8, mostDrafts: 4 },
      },
    },
    quick: {
      description: "60 problems at three budgets up to 4096 tokens; the default",
      config: { division: { draftTokens: 128, workspaceTokens: 128, quoteTokens: 64 } },
    },
    run: {
      description: "models of a run, which write a problem and its answer on one line: 100 easy problems",
      config: {
        problems: { perLevel: 100, levels: ["easy"] },
        budgets: [64, 128, 256],
        division: { draftTokens: 16, workspaceTokens: 48, quoteTokens: 16, chooseTokens: 16 },
      },
    },
    thorough: {
      description: "300 problems up to 8192 tokens, for models that reason at length",
      config: {
        problems: { perLevel: 100 },
        budgets: [2048, 4096, 8192],
        division: { draftTokens: 1024, workspaceTokens: 1024, quoteTokens: 512, chooseTokens: 256, rounds: 3 },
      },
    },
  },
};
