// All studies in the order of the page of results, each with what it would do.
import type { z } from "zod";
import { buildConfig, type ExperimentDefinition } from "../../lib/run/mod.ts";
import { baselinesStudy } from "../baselines.ts";
import { type BaselinesConfig, baselinesDefinition } from "../bts/baselines-config.ts";
import { baselineDirections } from "../bts/baselines-paper.ts";
import { planBaselines } from "../bts/baselines-plan.ts";
import { type BtsConfig, btsDefinition } from "../bts/config.ts";
import { planCells } from "../bts/plan.ts";
import { crosslingualStudy } from "../crosslingual.ts";
import { expertsStudy } from "../experts.ts";
import { gatesStudy } from "../gates.ts";
import { hubStudy } from "../hub.ts";
import { initialisationStudy } from "../initialisation.ts";
import { modularityStudy, planModularity } from "../modularity.ts";
import type { PlannedCell } from "../plan.ts";
import { stitchCountStudy } from "../stitch-count.ts";
import { stitchKindsStudy } from "../stitch-kinds.ts";
import { planStudy } from "./plan.ts";
import { type Study, studyDefinition } from "./study.ts";

/** What the page of results needs to know of a study. */
export interface Section extends Pick<Study, "name" | "title" | "question" | "directions"> {
  /** What one seed of it does at a preset, and with which settings. */
  readonly plan: (preset: string) => { readonly config: BtsConfig; readonly cells: readonly PlannedCell[] };
}

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
  plan: planner(studyDefinition(study), (config) => planStudy(config, study.variants(config))),
});

/** The main job, at a preset of its own. */
export const MAIN: Section = {
  name: "bts",
  title: "The main job",
  question: btsDefinition.description,
  directions: ({ experts }) => baselineDirections(["seed", ...experts.map((name) => `expert:${name}`), "soup", "btm"]),
  plan: planner(btsDefinition, planCells),
};

/** In the order of the page. */
export const SECTIONS: readonly Section[] = [
  MAIN,
  { ...baselinesStudy, plan: planner(baselinesDefinition, planBaselines) },
  stitched(stitchCountStudy),
  stitched(stitchKindsStudy),
  stitched(hubStudy),
  stitched(crosslingualStudy),
  stitched(initialisationStudy),
  stitched(gatesStudy),
  stitched(expertsStudy),
  { ...modularityStudy, plan: planner(studyDefinition(modularityStudy), planModularity) },
];
