// All studies, in the order of the results page.
import type { z } from "zod";
import { type BtsConfig, btsDefinition } from "../../lib/bts/mod.ts";
import { type Experiment, planOf } from "../../lib/experiment/mod.ts";
import { buildConfig } from "../../lib/run/mod.ts";
import { type Section, type Study, studyExperiment, studyScript } from "../../lib/study/mod.ts";
import { baselinesExperiment, baselinesStudy } from "../baselines.ts";
import { baselineDirections } from "../baselines/paper.ts";
import { btsExperiment } from "../bts.ts";
import { crosslingualStudy } from "./crosslingual.ts";
import { expertsStudy } from "./experts.ts";
import { gatesStudy } from "./gates.ts";
import { hubStudy } from "./hub.ts";
import { initializationStudy } from "./initialization.ts";
import { lowRankStudy } from "./low-rank.ts";
import { modularityExperiment, modularityStudy } from "./modularity.ts";
import { predictedGainsExperiment, predictedGainsStudy } from "./predicted-gains.ts";
import { predictedGainsFindings } from "./predicted-gains/findings.ts";
import { stitchCountStudy } from "./stitch-count.ts";
import { stitchKindsStudy } from "./stitch-kinds.ts";

/** The plan of an experiment's presets. */
function planner<Schema extends z.ZodType<BtsConfig>, Prepared>(
  experiment: Pick<Experiment<Schema, Prepared>, "definition" | "body" | "outline">,
): Section["plan"] {
  const { schema, presets } = experiment.definition;
  return async (name) => {
    const preset = { name, value: presets[name]!.config as Record<string, unknown> };
    const config = buildConfig(schema, { preset, sets: [] });
    return { config, cells: await planOf(experiment, config) };
  };
}

const stitched = (study: Study): Section => ({
  ...study,
  script: studyScript(study),
  plan: planner(studyExperiment(study)),
});

/** The main experiment, whose preset `--main` sets. */
export const MAIN: Section = {
  name: "bts",
  script: "experiments/bts.ts",
  title: "The main experiment",
  question: btsDefinition.description,
  directions: ({ experts }) => baselineDirections(["seed", ...experts.map((name) => `expert:${name}`), "soup", "btm"]),
  plan: planner(btsExperiment),
};

/** In the order of the page. */
export const SECTIONS: readonly Section[] = [
  MAIN,
  { ...baselinesStudy, script: "experiments/baselines.ts", plan: planner(baselinesExperiment) },
  stitched(stitchCountStudy),
  stitched(stitchKindsStudy),
  stitched(lowRankStudy),
  stitched(hubStudy),
  stitched(crosslingualStudy),
  stitched(initializationStudy),
  stitched(gatesStudy),
  stitched(expertsStudy),
  { ...modularityStudy, script: studyScript(modularityStudy), plan: planner(modularityExperiment) },
  {
    ...predictedGainsStudy,
    script: studyScript(predictedGainsStudy),
    plan: planner(predictedGainsExperiment),
    findings: predictedGainsFindings,
  },
];
