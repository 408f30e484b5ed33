// Experts come and go: what the paper claims (BTS, arXiv 2502.00075) and does not measure.
//
//     deno task run experiments/studies/modularity.ts --preset quick
//
// From one stitched model every expert is taken out in turn, and a fourth is put in: quality right after the change,
// with nothing trained; after a quarter of the stitching steps; and of stitches trained from their start.
import { loadCorpus } from "../../lib/data/mod.ts";
import { UserError } from "../../lib/errors.ts";
import type { CellResult, RunResults } from "../../lib/run/mod.ts";
import {
  adaptStitches,
  type BtsConfig,
  changedConfig,
  checkBts,
  type ExpertChange,
  type Lab,
  measureBaselines,
  measureStitched,
  planCells,
  restitch,
  tokenize,
  type Trained,
  trainExpert,
  trainSeed,
  trainStitches,
} from "../../lib/bts/mod.ts";
import { experimentMain, type PlannedCell } from "../../lib/experiment/mod.ts";
import { type Direction, reportVariants, type StitchedVariant, studyDefinition } from "../../lib/study/mod.ts";

/** The steps of a re-stitching, as a share of those of a stitching. */
const SHARE = 0.25;
const restitchSteps = ({ train: { stitch } }: BtsConfig) => Math.max(1, Math.round(SHARE * stitch.steps));

/** Each expert out, and one in: the first domain that has none. */
function changesOf({ experts, data }: BtsConfig): ExpertChange[] {
  const present: readonly string[] = experts;
  const missing = data.domains.filter((domain) => !present.includes(domain)).slice(0, 1);
  const gone = experts.length > 1 ? experts : [];
  return [
    ...gone.map((expert) => ({ kind: "remove", expert }) as const),
    ...missing.map((expert) => ({ kind: "add", expert }) as const),
  ];
}

const nameOf = ({ kind, expert }: ExpertChange) => `${kind === "add" ? "with" : "without"} ${expert}`;
const names = (config: BtsConfig, change: ExpertChange) => ({
  untouched: `${nameOf(change)}, untouched`,
  short: `${nameOf(change)}, ${restitchSteps(config)} steps`,
  scratch: `${nameOf(change)}, from scratch`,
});

export const modularityStudy = {
  name: "modularity",
  title: "Modularity",
  question: "Can experts be taken out and put in without stitching from scratch?",
  directions: (config: BtsConfig): Direction[] =>
    changesOf(config).flatMap((change) => {
      const { untouched, short, scratch } = names(config, change);
      const which = nameOf(change);
      return [
        {
          claim: `${which}: a short re-stitching is better than none`,
          better: short,
          worse: untouched,
          on: "mean",
          paper: "claimed, not shown",
        },
        {
          claim: `${which}: a short re-stitching is better than stitching from scratch`,
          better: short,
          worse: scratch,
          on: "mean",
          paper: "claimed, not shown",
        },
      ];
    }),
};

async function studyModularity(lab: Lab): Promise<RunResults> {
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
  const first = await trainStitches(lab, text, seed, experts, { name: "stitch:all", title: "Train the stitches" });
  const found: StitchedVariant[] = [{
    name: "all",
    trained: first,
    measured: await measureStitched(lab, text, seed, experts, first, { name: "evaluate:all", title: "Measure all" }),
  }];
  for (const change of changesOf(config)) {
    const changed = { ...lab, config: changedConfig(config, change) };
    const here = new Map<string, CellResult<Trained>>();
    for (const domain of changed.config.experts) here.set(...await train(domain));
    const { untouched, short, scratch } = names(config, change);
    const measure = (name: string, cell: Pick<CellResult<unknown>, "key" | "folder">) =>
      measureStitched(changed, text, seed, here, cell, { name: `evaluate:${name}`, title: `Measure ${name}` });
    const adapted = await adaptStitches(changed, seed, here, first, change);
    found.push({ name: untouched, trained: undefined, measured: await measure(untouched, adapted) });
    const again = await restitch(changed, text, seed, here, adapted, { name: short, steps: restitchSteps(config) });
    found.push({ name: short, trained: again, measured: await measure(short, again) });
    const anew = await trainStitches(changed, text, seed, here, {
      name: `stitch:${scratch}`,
      title: `Train the stitches: ${scratch}`,
    });
    found.push({ name: scratch, trained: anew, measured: await measure(scratch, anew) });
  }
  return await reportVariants(modularityStudy, lab, baselines, found);
}

/** The cells of a run in order, with what each costs. */
export function planModularity(config: BtsConfig): PlannedCell[] {
  const base = planCells(config);
  const of = (cells: readonly PlannedCell[], cell: string) => cells.find((one) => one.cell === cell)!;
  const stitching = (cells: readonly PlannedCell[], name: string, share = 1): PlannedCell => {
    const { tokens, flops, bytes } = of(cells, "stitch");
    const title = `Train the stitches: ${name}`;
    return { cell: `stitch:${name}`, title, tokens: tokens * share, flops: flops * share, bytes };
  };
  const measuring = (cells: readonly PlannedCell[], name: string): PlannedCell => ({
    ...of(cells, "evaluate:bts"),
    cell: `evaluate:${name}`,
    title: `Measure ${name}`,
  });
  const changes = changesOf(config).flatMap((change) => {
    const cells = planCells(changedConfig(config, change));
    const { untouched, short, scratch } = names(config, change);
    const title = `The stitches ${nameOf(change)}, nothing trained`;
    return [
      ...(change.kind === "add" ? [of(cells, `expert:${change.expert}`)] : []),
      { cell: `adapt:${nameOf(change)}`, title, tokens: 0, flops: 0, bytes: 0 },
      measuring(cells, untouched),
      stitching(cells, short, restitchSteps(config) / config.train.stitch.steps),
      measuring(cells, short),
      stitching(cells, scratch),
      measuring(cells, scratch),
    ];
  });
  const own = new Set(["stitch", "evaluate:bts", "report"]);
  return [
    ...base.filter(({ cell }) => !own.has(cell)),
    stitching(base, "all"),
    measuring(base, "all"),
    ...changes,
    of(base, "report"),
  ];
}

if (import.meta.main) {
  await experimentMain({
    definition: studyDefinition(modularityStudy),
    check: (config) => {
      checkBts(config);
      if (changesOf(config).length > 0) return;
      throw new UserError("bts.experts", "There is no expert to take out or put in", "name two experts or more");
    },
    plan: planModularity,
    prepare: (config, seed) => loadCorpus(config.data, { seed }),
    body: ({ prepared: corpus, ...context }) => studyModularity({ ...context, corpus }),
  });
}
