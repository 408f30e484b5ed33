// All studies in the order of the page of results, each with what it would do.
import type { z } from "zod";
import { buildConfig, type ExperimentDefinition } from "../../lib/run/mod.ts";
import { baselinesStudy } from "../baselines.ts";
import { type BaselinesConfig, baselinesDefinition } from "../baselines/config.ts";
import { baselineDirections } from "../baselines/paper.ts";
import { planBaselines } from "../baselines/plan.ts";
import { type BtsConfig, btsDefinition, planCells } from "../../lib/bts/mod.ts";
import { crosslingualStudy } from "./crosslingual.ts";
import { expertsStudy } from "./experts.ts";
import { gatesStudy } from "./gates.ts";
import { hubStudy } from "./hub.ts";
import { initializationStudy } from "./initialization.ts";
import { modularityStudy, planModularity } from "./modularity.ts";
import type { PlannedCell } from "../../lib/experiment/mod.ts";
import { stitchCountStudy } from "./stitch-count.ts";
import { stitchKindsStudy } from "./stitch-kinds.ts";
import { planStudy, type Section, type Study, studyDefinition, studyScript } from "../../lib/study/mod.ts";

type Plan<Config> = (config: Config) => readonly PlannedCell[];

function planner<Schema extends z.ZodType<BtsConfig | BaselinesConfig>>(
  { schema, presets }: ExperimentDefinition<Schema>,
  plan: Plan<z.output<Schema>>,
): Section["plan"] {
  return (name) => {
    const preset = { name, value: presets[name]!.config as Record<string, unknown> };
    const config = buildConfig(schema, { preset, sets: [] });
    return { config, cells: plan(config) };
  };
}

const stitched = (study: Study): Section => ({
  ...study,
  script: studyScript(study),
  plan: planner(studyDefinition(study), (config) => planStudy(config, study.variants(config))),
});

/** The main job, at a preset of its own. */
export const MAIN: Section = {
  name: "bts",
  script: "experiments/bts.ts",
  title: "The main job",
  question: btsDefinition.description,
  directions: ({ experts }) => baselineDirections(["seed", ...experts.map((name) => `expert:${name}`), "soup", "btm"]),
  plan: planner(btsDefinition, planCells),
};

/** In the order of the page. */
export const SECTIONS: readonly Section[] = [
  MAIN,
  { ...baselinesStudy, script: "experiments/baselines.ts", plan: planner(baselinesDefinition, planBaselines) },
  stitched(stitchCountStudy),
  stitched(stitchKindsStudy),
  stitched(hubStudy),
  stitched(crosslingualStudy),
  stitched(initializationStudy),
  stitched(gatesStudy),
  stitched(expertsStudy),
  {
    ...modularityStudy,
    script: studyScript(modularityStudy),
    plan: planner(studyDefinition(modularityStudy), planModularity),
  },
];
