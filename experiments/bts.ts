// Branch-Train-Stitch, end to end, on real text (arXiv 2502.00075).
//
//     deno task bts --preset quick
//
// A seed is pretrained on a mix of four domains; copies of it become experts; a few stitch layers combine the frozen
// models into one generalist; and all of them, with the soup and the ensemble, are measured on held-out text.
import {
  btsDefinition,
  btsMetrics,
  checkBts,
  comparisons,
  comparisonsTable,
  costTable,
  type Lab,
  labExperiment,
  matrixTable,
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
} from "../lib/bts/mod.ts";
import { experimentMain } from "../lib/experiment/mod.ts";
import { type CellResult, resultsTable, type RunResults, runResultsSchema } from "../lib/run/mod.ts";

/** Every call makes a cell, which is cached by everything that it depends on. */
async function branchTrainStitch(lab: Lab): Promise<CellResult<RunResults>> {
  const { config } = lab;
  const text = await tokenize(lab);

  // Branch and train: copies of the seed, each on its own domain, without communication.
  const seed = await trainSeed(lab, text);
  const experts = new Map<string, CellResult<Trained>>();
  for (const domain of config.experts) experts.set(domain, await trainExpert(lab, text, seed, domain));

  // Stitch: everything is frozen but a few layers between the seed (the hub) and the experts.
  const stitches = await trainStitches(lab, text, seed, experts);

  // Measure all methods on the same held-out documents and questions.
  const baselines = await measureBaselines(lab, text, seed, experts);
  const stitched = await measureStitched(lab, text, seed, experts, stitches);

  const branches = [...experts].map(([domain, cell]) => [`expert:${domain}`, cell] as const);
  return await report(lab, new Map([["seed", seed], ...branches, ["bts", stitches]]), [baselines, stitched]);
}

/** The report with the tables of all methods. */
function report(
  { run, corpus }: Lab,
  trained: ReadonlyMap<string, CellResult<Trained>>,
  measured: readonly CellResult<Measured>[],
): Promise<CellResult<RunResults>> {
  return run.cell({
    name: "report",
    title: "Report",
    description: "All methods compared.",
    inputs: { kind: "report", cells: [...trained.values(), ...measured].map(({ key }) => key) },
    code: import.meta,
    output: runResultsSchema,
  }, async (cell) => {
    const results = resultsOf(corpus.domains, measured);
    cell.table(resultsTable(results));
    cell.table(matrixTable(results));
    cell.table(comparisonsTable(comparisons(await readLosses(measured))));
    cell.table(costTable(results, trained));
    return results;
  });
}

export const btsExperiment = labExperiment({
  definition: btsDefinition,
  check: checkBts,
  metrics: btsMetrics,
  body: branchTrainStitch,
});

if (import.meta.main) await experimentMain(btsExperiment);
