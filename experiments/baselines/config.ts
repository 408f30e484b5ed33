// The settings of the comparison with all other methods, in addition to Branch-Train-Stitch's.
import { z } from "zod";
import { BASELINE_NAMES, type BaselineName, BASELINES, baselineSettings } from "../../lib/baselines/mod.ts";
import { btmSettingsSchema, SEED_MERGES, type SeedMerge, seedMergeSchema } from "../../lib/merge/mod.ts";
import { type ExperimentDefinition, withDependentDefaults } from "../../lib/run/mod.ts";
import { studyPresets } from "../../lib/study/mod.ts";
import { btsDefinition, btsSettings, domainDefaults } from "../../lib/bts/mod.ts";
import { smollm } from "../bts/smollm.ts";

/** One line per method, below the description of `baselines.methods` in `--help`. */
const described = BASELINES.map(({ name, summary }) => `\n      ${name}: ${summary}`).join("");

/** The methods that an experiment compares unless told otherwise. */
interface Compared {
  readonly methods: readonly BaselineName[];
  readonly merges: readonly SeedMerge[];
  readonly secondEnsemble: boolean;
}

/** Branch-Train-Stitch's settings, and those of the methods that stitching is compared with. */
export function comparisonSettings({ methods, merges, secondEnsemble }: Compared) {
  return btsSettings.extend({
    baselines: z.strictObject({
      methods: z.array(z.enum(BASELINE_NAMES)).default([...methods])
        .describe(`the methods to build and compare:${described}\n     `),
      merges: z.array(z.enum(SEED_MERGES)).default([...merges])
        .describe(`the merges weight by weight to compare: ${SEED_MERGES.join(", ")}`),
      secondEnsemble: z.boolean().default(secondEnsemble).describe("whether to compare the second ensemble, btm-dev"),
      ...baselineSettings,
      btm: btmSettingsSchema.prefault({}).describe("the second ensemble, btm-dev; the first, btm, has no settings"),
      merge: seedMergeSchema.prefault({}).describe("merging weight by weight"),
    }).prefault({}).describe("the methods that stitching is compared with"),
  });
}

/** All settings. */
const baselinesSettings = comparisonSettings({ methods: BASELINE_NAMES, merges: SEED_MERGES, secondEnsemble: true });

export type BaselinesConfig = z.infer<typeof baselinesSettings>;

/** With defaults for the domains in use. */
export const baselinesConfigSchema = withDependentDefaults(baselinesSettings, domainDefaults);

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  smoke: "all methods in under a minute, for tests; too small for findings",
  quick: "all methods with the models of bts --preset quick; --dry-run estimates the time; the default",
  study: "all methods with the models of the studies, which are those of the README's table",
  lab: "all methods with the models of bts --preset lab",
  smollm: "all methods with the models of bts --preset smollm; --dry-run estimates the time",
};

/** The experiment's name, settings and presets, for the command line. */
export const baselinesDefinition: ExperimentDefinition<typeof baselinesConfigSchema> = {
  name: "baselines",
  title: "All methods of combining models",
  description: "Is stitching the best way to combine a seed and its experts into one model? (the paper's Table 3)",
  schema: baselinesConfigSchema,
  ...(btsDefinition.mayChange === undefined ? {} : { mayChange: btsDefinition.mayChange }),
  defaultPreset: "quick",
  presets: Object.fromEntries(
    Object.entries({ ...studyPresets({}), smollm }).map(([name, preset]) =>
      [name, { ...preset, description: DESCRIPTIONS[name] ?? preset.description }] as const
    ),
  ),
};
