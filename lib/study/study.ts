// What the studies of the stitches have in common: one set of models, stitched in several ways, measured side by side.
import { z } from "zod";
import { loadCorpus } from "../data/mod.ts";
import { UserError } from "../errors.ts";
import { type CellResult, type ExperimentDefinition, resultsTable, type RunResults } from "../run/mod.ts";
import {
  type BtsConfig,
  btsConfigSchema,
  btsDefinition,
  checkBts,
  compareMethods,
  comparisons,
  comparisonsTable,
  type Lab,
  measureBaselines,
  type Measured,
  measureStitched,
  readLosses,
  resultsOf,
  tokenize,
  type Trained,
  trainExpert,
  trainSeed,
  trainStitches,
} from "../bts/mod.ts";
import { experimentMain } from "../experiment/mod.ts";
import { type Direction, directionsTable } from "./directions.ts";
import { planStudy } from "./plan.ts";
import { studyPresets } from "./presets.ts";
import { variantsTable } from "./tables.ts";

/** One way of stitching. */
export interface Variant {
  /** Its name among the methods of the run, such as `K=4`. */
  readonly name: string;
  /** The settings of the main job that make it. */
  readonly change: (config: BtsConfig) => BtsConfig;
}

/** A question that is answered by stitching the same models in several ways. */
export interface Study {
  /** The name of its file in `experiments/`. */
  readonly name: string;
  readonly title: string;
  /** What it asks, in a sentence. */
  readonly question: string;
  /** What it changes in every preset, before any variant. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** The first one is what the others are compared with. */
  readonly variants: (config: BtsConfig) => readonly Variant[];
  /** What the paper found, or what one would expect, to be compared with. */
  readonly directions: (config: BtsConfig) => readonly Direction[];
}

/** The study as an experiment for the command line. */
export function studyDefinition(
  study: Pick<Study, "name" | "title" | "question" | "settings">,
): ExperimentDefinition<typeof btsConfigSchema> {
  return {
    name: study.name,
    title: study.title,
    description: study.question,
    schema: btsConfigSchema,
    mayChange: btsDefinition.mayChange!,
    defaultPreset: "quick",
    presets: studyPresets(study.settings ?? {}),
  };
}

/** Runs a study from the command line. */
export async function studyMain(study: Study, args?: readonly string[]): Promise<void> {
  await experimentMain({
    definition: studyDefinition(study),
    check: (config) => {
      checkBts(config);
      const variants = study.variants(config);
      for (const { change } of variants) checkBts(change(config));
      if (variants.length < 2) throw new UserError("study.variants", oneVariant(variants));
    },
    plan: (config) => planStudy(config, study.variants(config)),
    prepare: (config, seed) => loadCorpus(config.data, { seed }),
    body: ({ prepared: corpus, ...context }) => runStudy(study, { ...context, corpus }),
  }, args);
}

const oneVariant = (variants: readonly Variant[]) =>
  `These settings leave the study one variant, ${variants.map(({ name }) => name).join()}, and nothing to compare`;

async function runStudy(study: Study, lab: Lab): Promise<RunResults> {
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
    stitched.push({ name, trained, measured });
  }
  return await reportVariants(study, lab, baselines, stitched);
}

/** A variant that was trained and measured; its method is called `bts` in its own cells. */
export interface StitchedVariant {
  readonly name: string;
  /** Undefined where nothing was trained. */
  readonly trained: CellResult<Trained> | undefined;
  readonly measured: CellResult<Measured>;
}

/** Tables of all variants beside the seed, and what they say of the study's directions. */
export async function reportVariants(
  study: Pick<Study, "name" | "question" | "directions">,
  lab: Lab,
  baselines: CellResult<Measured>,
  stitched: readonly StitchedVariant[],
): Promise<RunResults> {
  const { seed } = baselines.value.methods;
  const variants = Object.fromEntries(
    stitched.map(({ name, measured }) => [name, measured.value.methods["bts"]!]),
  );
  const results: RunResults = {
    ...resultsOf(lab.corpus.domains, [baselines]),
    methods: { seed: seed!, ...variants },
  };
  await lab.run.cell({
    name: "report",
    title: "Report",
    description: study.question,
    inputs: {
      kind: "study",
      study: study.name,
      cells: [baselines.key, ...stitched.flatMap(({ name, measured }) => [name, measured.key])],
    },
    code: ["lib/eval", "lib/bts", "lib/study", studyScript(study)],
    output: z.strictObject({}),
  }, async (cell) => {
    const all = await readLosses([
      baselines,
      ...stitched.map(({ name, measured: { folder } }) => ({ folder, names: { bts: name } })),
    ]);
    const losses = Object.fromEntries(Object.entries(all).filter(([name]) => Object.hasOwn(results.methods, name)));
    const [first] = stitched;
    cell.table(resultsTable(results));
    cell.table(variantsTable(results, stitched));
    cell.table(comparisonsTable(comparisons(losses, first!.name)));
    const compare = ({ better, worse, on }: Direction) => compareMethods(losses, better, worse, on);
    cell.table(directionsTable(study.directions(lab.config).map((one) => ({ ...one, found: compare(one) }))));
    return {};
  });
  return results;
}

/** The script of a study, relative to the repository. */
export function studyScript({ name }: Pick<Study, "name">): string {
  return `experiments/studies/${name}.ts`;
}
