// Branch-Train-Stitch, end to end, on real text (arXiv 2502.00075).
//
//     deno task bts --preset quick
//
// A seed is pretrained on a mix of four domains; copies of it become experts; a few stitch layers combine the frozen
// models into one generalist; and all of them, with the soup and the ensemble, are measured on held-out text.
import {
  baselinesSpec,
  btsMetrics,
  comparisons,
  comparisonsTable,
  costTable,
  labExperiment,
  matrixTable,
  measureCells,
  type Measured,
  readAnswers,
  readLosses,
  resultsOf,
  stitchedSpec,
  taskComparisons,
  taskComparisonsTable,
  tokenize,
  type Trained,
  trainExpert,
  trainSeed,
  trainStitches,
} from "../lib/bts/mod.ts";
import { MEASURES } from "../lib/eval/mod.ts";
import { experimentMain } from "../lib/experiment/mod.ts";
import { type CellResult, resultsTable, type RunResults, runResultsSchema } from "../lib/run/mod.ts";
import { checkBaselines } from "./baselines/check.ts";
import { buildCompared, methodsOf } from "./baselines/compare.ts";
import type { BaselinesLab } from "./baselines/method.ts";
import { mainDefinition } from "./bts/config.ts";

/** Every call makes a cell, which is cached by everything that it depends on. */
async function branchTrainStitch(lab: BaselinesLab): Promise<CellResult<RunResults>> {
  const { config } = lab;
  const text = await tokenize(lab);

  // Branch and train: copies of the seed, each on its own domain, without communication.
  const seed = await trainSeed(lab, text);
  const experts = new Map<string, CellResult<Trained>>();
  for (const domain of config.experts) experts.set(domain, await trainExpert(lab, text, seed, domain));

  // Stitch: everything is frozen but a few layers between the seed (the hub) and the experts.
  const stitches = await trainStitches(lab, text, seed, experts);

  // Other methods to combine the same models, if the setting `baselines` names any.
  const others = await buildCompared(lab, text, { seed, experts });

  // Measure all methods on the same held-out documents and questions.
  const measured = await measureCells(lab, text, [
    baselinesSpec(lab, text, seed, experts),
    ...others.specs,
    stitchedSpec(lab, text, seed, experts, stitches),
  ]);

  const branches = [...experts].map(([domain, cell]) => [`expert:${domain}`, cell] as const);
  const built = new Map<string, CellResult<Built>>([
    ["seed", seed],
    ...branches,
    ["bts", stitches],
    ...others.trained,
    ...others.fitted,
  ]);
  return await report(lab, built, measured);
}

type Built = Pick<Trained, "tokens" | "seconds">;

/** The report with the tables of all methods. */
function report(
  { run, corpus, config }: BaselinesLab,
  built: ReadonlyMap<string, CellResult<Built>>,
  measured: readonly CellResult<Measured>[],
): Promise<CellResult<RunResults>> {
  return run.cell({
    name: "report",
    title: "Report",
    description: "All methods compared.",
    inputs: { kind: "report", cells: [...built.values(), ...measured].map(({ key }) => key) },
    code: import.meta,
    output: runResultsSchema,
  }, async (cell) => {
    const found = resultsOf(corpus.domains, measured);
    const results = {
      ...found,
      methods: Object.fromEntries(methodsOf(config).map((method) => [method, found.methods[method]!])),
    };
    cell.table(resultsTable(results));
    cell.table(matrixTable(results));
    cell.table(comparisonsTable(comparisons(await readLosses(measured))));
    cell.table(taskComparisonsTable(taskComparisons(await readAnswers(measured))));
    cell.table(costTable(results, built));
    return results;
  });
}

export const btsExperiment = labExperiment({
  definition: mainDefinition,
  check: checkBaselines,
  metrics: (config) => btsMetrics(config, MEASURES, [...config.baselines.merges, ...config.baselines.methods]),
  body: branchTrainStitch,
});

if (import.meta.main) await experimentMain(btsExperiment);
