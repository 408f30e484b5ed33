// Branch-Train-Stitch, end to end, on real text (arXiv 2502.00075).
//
//     deno task bts --preset quick
//
// A seed is pretrained on a mix of four domains; copies of it become experts; a few stitch layers join the frozen
// models into one generalist; and all of them, with the soup and the ensemble, are measured on held-out text.
import { z } from "zod";
import { loadCorpus } from "../lib/data/mod.ts";
import { type CellResult, resultsTable, type RunResults } from "../lib/run/mod.ts";
import {
  btsDefinition,
  btsMetrics,
  checkBts,
  comparisons,
  comparisonsTable,
  costRows,
  costTable,
  type Lab,
  matrixTable,
  measureBaselines,
  type Measured,
  measureStitched,
  planCells,
  readLosses,
  resultsOf,
  tokenize,
  type Trained,
  trainExpert,
  trainSeed,
  trainStitches,
} from "../lib/bts/mod.ts";
import { experimentMain } from "../lib/experiment/mod.ts";

// Every line of it is a cell, cached by what it depends on. -------------------------------------------------------
async function branchTrainStitch(lab: Lab): Promise<RunResults> {
  const { config } = lab;
  const text = await tokenize(lab);

  // Branch and train: copies of the seed, each on its own domain, without a word between them.
  const seed = await trainSeed(lab, text);
  const experts = new Map<string, CellResult<Trained>>();
  for (const domain of config.experts) experts.set(domain, await trainExpert(lab, text, seed, domain));

  // Stitch: everything frozen; a few layers between the seed (the hub) and the experts learn on a small datamix.
  const stitches = await trainStitches(lab, text, seed, experts);

  // Measure all of them on the same held-out documents and questions.
  const baselines = await measureBaselines(lab, text, seed, experts);
  const stitched = await measureStitched(lab, text, seed, experts, stitches);

  return await report(lab, [["seed", seed], ...experts, ["bts", stitches]], [baselines, stitched]);
}

/** Puts the tables of all cells together. */
async function report(
  { run, corpus }: Lab,
  trained: readonly (readonly [string, CellResult<Trained>])[],
  measured: readonly CellResult<Measured>[],
): Promise<RunResults> {
  const results = resultsOf(corpus.domains, measured);
  await run.cell({
    name: "report",
    title: "Report",
    description: "All methods side by side.",
    inputs: { kind: "report", cells: [...trained.map(([, cell]) => cell.key), ...measured.map(({ key }) => key)] },
    code: ["lib/eval", "lib/bts/comparisons.ts", "lib/bts/measure.ts", "lib/bts/tables.ts"],
    output: z.strictObject({}),
  }, async (cell) => {
    cell.table(resultsTable(results));
    cell.table(matrixTable(results));
    cell.table(comparisonsTable(comparisons(await readLosses(measured))));
    cell.table(costTable(costRows(results, new Map(trained.map(([name, { value }]) => [methodOf(name), value])))));
    return {};
  });
  return results;
}

const methodOf = (name: string) => name === "seed" || name === "bts" ? name : `expert:${name}`;

if (import.meta.main) {
  await experimentMain({
    definition: btsDefinition,
    check: checkBts,
    metrics: btsMetrics,
    plan: planCells,
    prepare: (config, seed) => loadCorpus(config.data, { seed }),
    body: ({ prepared: corpus, ...context }) => branchTrainStitch({ ...context, corpus }),
  });
}
