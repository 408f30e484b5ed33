// Can experts be removed and added later? The paper (BTS, arXiv 2502.00075) claims so without measuring it.
//
//     deno task run experiments/studies/modularity.ts --preset quick
//
// Starting from one stitched model, each expert is removed in turn, and another is added. Measured are the model right
// after the change, without training; after training the stitches for a quarter of their steps; and with stitches trained
// from scratch.
import { UserError } from "../../lib/errors.ts";
import type { CellResult, RunResults } from "../../lib/run/mod.ts";
import {
  adaptStitches,
  type BtsConfig,
  changedConfig,
  changeText,
  checkBts,
  type ExpertChange,
  type Lab,
  labExperiment,
  measureBaselines,
  measureStitched,
  restitch,
  tokenize,
  type Trained,
  trainExpert,
  trainSeed,
  trainStitches,
} from "../../lib/bts/mod.ts";
import { experimentMain } from "../../lib/experiment/mod.ts";
import {
  type Direction,
  direction,
  reportVariants,
  type StitchedVariant,
  studyDefinition,
  variantFlops,
} from "../../lib/study/mod.ts";

/** Steps of training the stitches after a change, as a share of their original training. */
const SHARE = 0.25;
const restitchSteps = ({ train: { stitch } }: BtsConfig) => Math.max(1, Math.round(SHARE * stitch.steps));

/** Removing each expert, and adding one for the first domain without an expert. */
function changesOf({ experts, data }: BtsConfig): ExpertChange[] {
  const present: readonly string[] = experts;
  const missing = Object.keys(data.domains).filter((domain) => !present.includes(domain)).slice(0, 1);
  const removed = experts.length > 1 ? experts : [];
  return [
    ...removed.map((expert) => ({ kind: "remove", expert }) as const),
    ...missing.map((expert) => ({ kind: "add", expert }) as const),
  ];
}

const names = (config: BtsConfig, change: ExpertChange) => ({
  untouched: `${changeText(change)}, untouched`,
  short: `${changeText(change)}, ${restitchSteps(config)} steps`,
  scratch: `${changeText(change)}, from scratch`,
});

export const modularityStudy = {
  name: "modularity",
  title: "Modularity",
  question: "Can experts be removed and added without training the stitches from scratch?",
  directions: (config: BtsConfig): Direction[] =>
    changesOf(config).flatMap((change) => {
      const { untouched, short, scratch } = names(config, change);
      const which = changeText(change);
      return [
        direction(`${which}: a short training of the stitches is better than none`, short, untouched, {
          finding: "claimed, not shown",
        }),
        direction(
          `${which}: a short training of the stitches is better than training them from scratch`,
          short,
          scratch,
          { finding: "claimed, not shown" },
        ),
      ];
    }),
};

async function studyModularity(lab: Lab): Promise<CellResult<RunResults>> {
  const { config } = lab;
  const text = await tokenize(lab);
  const seed = await trainSeed(lab, text);
  const all = new Map<string, CellResult<Trained>>();
  const train = async (domain: string) => {
    const trained = all.get(domain) ?? await trainExpert(lab, text, seed, domain);
    all.set(domain, trained);
    return [domain, trained] as const;
  };
  const experts = new Map<string, CellResult<Trained>>();
  for (const domain of config.experts) experts.set(...await train(domain));
  const baselines = await measureBaselines(lab, text, seed, experts);
  const first = await trainStitches(lab, text, seed, experts, {
    name: "stitch:all",
    title: "Train the stitches: all",
  });
  const found: StitchedVariant[] = [{
    name: "all",
    trained: first,
    measured: await measureStitched(lab, text, seed, experts, first, { name: "evaluate:all", title: "Measure all" }),
    flops: variantFlops(lab, text),
  }];
  for (const change of changesOf(config)) {
    const changed = { ...lab, config: changedConfig(config, change) };
    const here = new Map<string, CellResult<Trained>>();
    for (const domain of changed.config.experts) here.set(...await train(domain));
    const { untouched, short, scratch } = names(config, change);
    const flops = variantFlops(changed, text);
    const measure = (name: string, cell: Pick<CellResult<unknown>, "key" | "folder">) =>
      measureStitched(changed, text, seed, here, cell, { name: `evaluate:${name}`, title: `Measure ${name}` });
    const adapted = await adaptStitches(changed, seed, here, first, change);
    found.push({ name: untouched, trained: undefined, measured: await measure(untouched, adapted), flops });
    const again = await restitch(changed, text, seed, here, adapted, { name: short, steps: restitchSteps(config) });
    found.push({ name: short, trained: again, measured: await measure(short, again), flops });
    const anew = await trainStitches(changed, text, seed, here, {
      name: `stitch:${scratch}`,
      title: `Train the stitches: ${scratch}`,
    });
    found.push({ name: scratch, trained: anew, measured: await measure(scratch, anew), flops });
  }
  return await reportVariants(modularityStudy, lab, baselines, found);
}

export const modularityExperiment = labExperiment({
  definition: studyDefinition(modularityStudy),
  check(config) {
    checkBts(config);
    if (changesOf(config).length > 0) return;
    throw new UserError("bts.experts", "There is no expert to remove or add", "set experts to two or more domains");
  },
  body: studyModularity,
});

if (import.meta.main) await experimentMain(modularityExperiment);
