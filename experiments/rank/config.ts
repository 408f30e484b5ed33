// The settings of ranking domains, and its presets: Branch-Train-Stitch's, and those of the probes.
import { z } from "zod";
import { btsDefinition, btsSettings, domainDefaults } from "../../lib/bts/mod.ts";
import { type ExperimentDefinition, withDependentDefaults } from "../../lib/run/mod.ts";

/** Settings of the probes. */
export const probeSettings = z.strictObject({
  steps: z.int().min(1).max(100_000_000).nullable().default(null)
    .describe("training steps of a probe; null: a fifth of those of an expert, and at least 16"),
  repeats: z.int().min(2).max(32).default(2)
    .describe("probes of each candidate, each on other batches: their differences are part of the uncertainty"),
});

export type ProbeSettings = z.infer<typeof probeSettings>;

const probedSettings = btsSettings.extend({
  probe: probeSettings.prefault({}).describe("the short probe of each candidate"),
});

/** Branch-Train-Stitch's settings and those of the probes. */
export type ProbedConfig = z.infer<typeof probedSettings>;

/** With defaults for the domains in use. */
export const probedConfigSchema: z.ZodType<ProbedConfig, z.input<typeof probedSettings>> = withDependentDefaults(
  probedSettings,
  domainDefaults,
);

const rankSettings = probedSettings.extend({
  choice: z.strictObject({
    budget: z.int().min(1).nullable().default(null).describe(
      "training tokens for all experts together; null: for all candidates",
    ),
    gainShare: z.number().min(0).max(1).default(0.5).describe(
      "share of the stitches' datamix that is divided by gains; the rest is in equal shares of all domains",
    ),
    out: z.string().default("").describe(
      "file for the configuration with the chosen experts, .yaml or .json; empty: none",
    ),
  }).prefault({}).describe("the choice among the candidates"),
});

export type RankConfig = z.infer<typeof rankSettings>;

/** With defaults for the domains in use. */
export const rankConfigSchema: z.ZodType<RankConfig, z.input<typeof rankSettings>> = withDependentDefaults(
  rankSettings,
  domainDefaults,
);

const { smoke } = btsDefinition.presets as Record<"smoke", (typeof btsDefinition.presets)[string]>;

/** The experiment's name, settings and presets, for the command line. */
export const rankDefinition: ExperimentDefinition<typeof rankConfigSchema> = {
  name: "rank",
  title: "Domains ranked",
  description:
    "Says which domains would gain from an expert before experts are trained: a short probe of each candidate " +
    "(the setting experts) is trained from the seed and measured on held-out text of all domains. Some are chosen under " +
    "a budget of training tokens. As deno task domains rank, it also takes --with <folder>, which deno task domains " +
    "discover wrote, in place of --config, and --model <run|folder>, the seed.",
  schema: rankConfigSchema,
  shorthands: [
    {
      flags: "--steps <number>",
      setting: "probe.steps",
      description: "training steps of a probe (default: a fifth of an expert's, and at least 16)",
    },
    { flags: "--repeats <number>", setting: "probe.repeats", description: "probes of each candidate (default: 2)" },
    {
      flags: "--budget <tokens>",
      setting: "choice.budget",
      description: "training tokens for all experts together (default: for all candidates)",
    },
    {
      flags: "--out <file>",
      setting: "choice.out",
      description: "write a configuration with the chosen experts and their datamix, for deno task bts --config",
    },
  ],
  mayChange: { ...btsDefinition.mayChange, "choice.*": "freely" },
  defaultPreset: btsDefinition.defaultPreset,
  presets: {
    ...btsDefinition.presets,
    // Intervals take more held-out text than the other tests of this preset.
    smoke: {
      ...smoke,
      config: {
        ...smoke.config,
        data: { ...smoke.config.data, heldoutBytes: 65_536 },
        eval: { ...smoke.config.eval, tokens: 1_024 },
      },
    },
  },
};
