// The engine of the studies: the same models, stitched in several ways and measured.
import { UserError } from "../errors.ts";
import type { CellResult, RunResults } from "../run/mod.ts";
import {
  type btsConfigSchema,
  checkBts,
  type Lab,
  type LabData,
  labExperiment,
  measureBaselines,
  measureStitched,
  tokenize,
  type Trained,
  trainExpert,
  trainSeed,
  trainStitches,
} from "../bts/mod.ts";
import { type Experiment, experimentMain } from "../experiment/mod.ts";
import { type Study, studyDefinition } from "./definition.ts";
import { reportVariants } from "./report.ts";
import { type StitchedVariant, variantFlops } from "./variant.ts";

/** A study as an experiment. */
export function studyExperiment(study: Study): Experiment<typeof btsConfigSchema, LabData> {
  return labExperiment({
    definition: studyDefinition(study),
    check(config) {
      checkBts(config);
      const variants = study.variants(config);
      for (const { change } of variants) checkBts(change(config));
      if (variants.length >= 2) return;
      const names = variants.map(({ name }) => name).join();
      throw new UserError(
        "study.variants",
        `With these settings the study has only one variant, ${names}, and nothing to compare it with`,
      );
    },
    body: (lab) => runStudy(study, lab),
  });
}

/** Runs a study from the command line. */
export async function studyMain(study: Study): Promise<void> {
  await experimentMain(studyExperiment(study));
}

async function runStudy(study: Study, lab: Lab): Promise<CellResult<RunResults>> {
  const { config } = lab;
  const text = await tokenize(lab);
  const seed = await trainSeed(lab, text);
  const experts = new Map<string, CellResult<Trained>>();
  for (const domain of config.experts) experts.set(domain, await trainExpert(lab, text, seed, domain));
  const baselines = await measureBaselines(lab, text, seed, experts);
  const stitched: StitchedVariant[] = [];
  for (const { name, change } of study.variants(config)) {
    const varied = { ...lab, config: change(config) };
    const wanted: readonly string[] = varied.config.experts;
    const own = new Map([...experts].filter(([domain]) => wanted.includes(domain)));
    const trained = await trainStitches(varied, text, seed, own, {
      name: `stitch:${name}`,
      title: `Train the stitches: ${name}`,
    });
    const measured = await measureStitched(varied, text, seed, own, trained, {
      name: `evaluate:${name}`,
      title: `Measure ${name}`,
    });
    stitched.push({ name, trained, measured, flops: variantFlops(varied, text) });
  }
  return await reportVariants(study, lab, baselines, stitched);
}
