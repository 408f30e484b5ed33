// All studies, in the order of the results page.
import type { z } from "zod";
import { type BtsConfig, btsDefinition } from "../../lib/bts/mod.ts";
import { type Experiment, planOf } from "../../lib/experiment/mod.ts";
import { predictedGainsFigure } from "../../lib/report/mod.ts";
import { buildConfig } from "../../lib/run/mod.ts";
import { type ResultsPage, type Section, type Study, studyExperiment, studyScript } from "../../lib/study/mod.ts";
import { baselinesExperiment, baselinesStudy } from "../baselines.ts";
import { baselineDirections } from "../baselines/paper.ts";
import { btsExperiment } from "../bts.ts";
import { crosslingualStudy } from "./crosslingual.ts";
import { domainsExperiment, domainsStudy } from "./domains.ts";
import { expertsStudy } from "./experts.ts";
import { gatesStudy } from "./gates.ts";
import { hubStudy } from "./hub.ts";
import { initializationStudy } from "./initialization.ts";
import { lowRankStudy } from "./low-rank.ts";
import { manyExpertsExperiment } from "./many-experts.ts";
import { manyExpertsStudy } from "./many-experts/config.ts";
import { manyExpertsFindings } from "./many-experts/findings.ts";
import { modularityExperiment, modularityStudy } from "./modularity.ts";
import { predictedGainsExperiment, predictedGainsStudy } from "./predicted-gains.ts";
import { predictedGainsFindings } from "./predicted-gains/findings.ts";
import { skippingExperiment, skippingStudy } from "./skipping.ts";
import { skippingFigures, skippingFindings } from "./skipping/findings.ts";
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

/** The studies of the paper's own questions, in the order of their page. */
const PAPER_SECTIONS: readonly Section[] = [
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
];

/** The studies of domains and of many experts, in the order of their page. */
const DOMAIN_SECTIONS: readonly Section[] = [
  { ...domainsStudy, script: studyScript(domainsStudy), plan: planner(domainsExperiment) },
  {
    ...manyExpertsStudy,
    script: studyScript(manyExpertsStudy),
    plan: planner(manyExpertsExperiment),
    findings: manyExpertsFindings,
  },
  {
    ...predictedGainsStudy,
    script: studyScript(predictedGainsStudy),
    plan: planner(predictedGainsExperiment),
    findings: predictedGainsFindings,
    figures: (views) => [predictedGainsFigure(views)].filter((figure) => figure !== undefined),
  },
  {
    ...skippingStudy,
    script: studyScript(skippingStudy),
    plan: planner(skippingExperiment),
    findings: skippingFindings,
    figures: skippingFigures,
  },
];

/** A page of results. */
export interface Page extends ResultsPage {
  /** Relative to the repository. */
  readonly file: string;
  /** The preset of its studies, unless another is named. */
  readonly preset: string;
  readonly sections: readonly Section[];
}

/** The pages by the names that `--page` has for them. */
export const PAGES = {
  paper: {
    file: "docs/results.md",
    preset: "study",
    title: "Results",
    about:
      "The results of the studies of stitching over several seeds, compared with the paper (BTS, arXiv 2502.00075).",
    findings: "Where the paper and these runs agree and differ",
    others: "[Choosing domains, and many experts](results-domains.md) has a page of its own.",
    sections: PAPER_SECTIONS,
  },
  domains: {
    file: "docs/results-domains.md",
    preset: "quick",
    title: "Results: choosing domains, and many experts",
    about: "The results of the studies of domains and of many experts over several seeds. The paper (BTS, arXiv " +
      "2502.00075) leaves these questions open.",
    findings: "What these runs show",
    others: "[All other studies](results.md) have a page, and [studies](studies.md) says how to run them.",
    sections: DOMAIN_SECTIONS,
  },
} as const satisfies Record<string, Page>;
