// The settings and presets of the main job: Branch-Train-Stitch's, and further methods to compare with, by default none.
import type { z } from "zod";
import { btsDefinition, domainDefaults } from "../../lib/bts/mod.ts";
import { type ExperimentDefinition, withDependentDefaults } from "../../lib/run/mod.ts";
import { comparisonSettings } from "../baselines/config.ts";
import { smollm } from "./smollm.ts";

const mainSettings = comparisonSettings({ methods: [], merges: [], secondEnsemble: false });

export type MainConfig = z.infer<typeof mainSettings>;

/** With defaults for the domains in use. */
export const mainConfigSchema = withDependentDefaults(mainSettings, domainDefaults);

/** The experiment's name, settings and presets, for the command line. */
export const mainDefinition: ExperimentDefinition<typeof mainConfigSchema> = {
  ...btsDefinition,
  schema: mainConfigSchema,
  presets: {
    ...btsDefinition.presets,
    smollm: {
      ...smollm,
      config: { ...smollm.config, baselines: { methods: ["routing", "dume"], merges: ["slerp"] } },
    },
  },
};
