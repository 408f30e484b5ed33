// All methods of combining a seed and its experts into one model, on equal data (BTS, arXiv 2502.00075, Table 3).
//
//     deno task run experiments/baselines.ts --preset quick
//
// The same seed and experts are ensembled, routed, averaged, merged weight by weight, mixed, composed and stitched.
// DUME reads a few documents. Trained methods see the same batches as the stitches; FlexOlmo sees those of the experts, and
// the dense model everything that the experts and the stitches see.
import { methodCosts } from "../lib/baselines/mod.ts";
import { type MeasuredCost, methodCostTable } from "../lib/report/mod.ts";
import { type CellResult, resultsTable, type RunResults, runResultsSchema } from "../lib/run/mod.ts";
import { checkBaselines } from "./baselines/check.ts";
import { type BaselinesConfig, baselinesDefinition } from "./baselines/config.ts";
import { CACHE_BYTES } from "./baselines/cost.ts";
import { buildCompared, methodsOf } from "./baselines/compare.ts";
import type { FittedCell } from "./baselines/fit.ts";
import { baselineDirections, paperTable } from "./baselines/paper.ts";
import { type BaselinesLab, settingsOf } from "./baselines/method.ts";
import {
  baselinesSpec,
  type BtsConfig,
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
import { experimentMain } from "../lib/experiment/mod.ts";
import type { Study } from "../lib/study/mod.ts";

async function compareBaselines(lab: BaselinesLab): Promise<CellResult<RunResults>> {
  const { config } = lab;
  const text = await tokenize(lab);

  // Branch and train: other experiments share these cells.
  const seed = await trainSeed(lab, text);
  const experts = new Map<string, CellResult<Trained>>();
  for (const domain of config.experts) experts.set(domain, await trainExpert(lab, text, seed, domain));

  // Build every other method, and the stitches.
  const others = await buildCompared(lab, text, { seed, experts });
  const stitches = await trainStitches(lab, text, seed, experts);

  // Measure all of them on the same held-out documents and questions.
  const measured = await measureCells(lab, text, [
    baselinesSpec(lab, text, seed, experts),
    ...others.specs,
    stitchedSpec(lab, text, seed, experts, stitches),
  ]);
  const branches = [...experts].map(([domain, cell]) => [`expert:${domain}`, cell] as const);
  const trained = new Map([["seed", seed], ...branches, ...others.trained, ["bts", stitches]]);
  return await report(lab, trained, others.fitted, measured);
}

/** The report with the tables of all methods. */
function report(
  { run, corpus, config }: BaselinesLab,
  trained: ReadonlyMap<string, CellResult<Trained>>,
  fitted: ReadonlyMap<string, CellResult<FittedCell>>,
  measured: readonly CellResult<Measured>[],
): Promise<CellResult<RunResults>> {
  const built = new Map<string, CellResult<Pick<Trained, "tokens" | "seconds">>>([...trained, ...fitted]);
  return run.cell({
    name: "report",
    title: "Report",
    description: "All methods compared, with the paper's scores.",
    inputs: { kind: "baselines", cells: [...built.values(), ...measured].map(({ key }) => key) },
    code: import.meta,
    output: runResultsSchema,
  }, async (cell) => {
    const found = resultsOf(corpus.domains, measured);
    const order = methodsOf(config).filter((method) => Object.hasOwn(found.methods, method));
    const results = { ...found, methods: Object.fromEntries(order.map((method) => [method, found.methods[method]!])) };
    const losses = await readLosses(measured);
    cell.table(resultsTable(results));
    cell.table(paperTable(results, losses));
    cell.table(matrixTable(results));
    cell.table(comparisonsTable(comparisons(losses)));
    cell.table(taskComparisonsTable(taskComparisons(await readAnswers(measured))));
    cell.table(costTable(results, built));
    cell.table(methodCostTable(costsOf(config, results), measuredCosts(trained, measured)));
    return results;
  });
}

/** The cost of each method in the results, computed from shapes. */
function costsOf(config: BaselinesConfig, { methods }: RunResults) {
  const model = { ...config.model, vocabSize: config.tokenizer.vocabSize };
  return methodCosts({ model, settings: settingsOf(config), cacheBytes: CACHE_BYTES })
    .filter(({ method }) => method === "expert" || Object.hasOwn(methods, method));
}

/** The measured costs of training and scoring; `expert` combines all experts. */
function measuredCosts(
  trained: ReadonlyMap<string, CellResult<Trained>>,
  measured: readonly CellResult<Measured>[],
): Record<string, MeasuredCost> {
  const scoring = Object.assign({}, ...measured.map(({ value }) => value.scoring)) as Measured["scoring"];
  const methods = new Set([...Object.keys(scoring), ...trained.keys()].map(methodNamed));
  return Object.fromEntries([...methods].map((method) => {
    const trainings = [...trained].filter(([name]) => methodNamed(name) === method).map(([, { value }]) => value)
      .filter(({ tokens }) => tokens !== null);
    const scorings = Object.entries(scoring).filter(([name]) => methodNamed(name) === method).map(([, value]) => value);
    return [method, {
      ...(trainings.length === 0 ? {} : {
        training: {
          tokensPerSecond: sum(trainings.map(({ tokens }) => tokens!)) / sum(trainings.map(({ seconds }) => seconds!)),
          bytes: most(trainings.map(({ peakBytes }) => peakBytes)),
        },
      }),
      ...(scorings.length === 0 ? {} : {
        scoring: {
          tokensPerSecond: sum(scorings.map(({ tokensPerSecond }) => tokensPerSecond)) / scorings.length,
          bytes: most(scorings.map(({ bytes }) => bytes)),
        },
      }),
    }];
  }));
}

/** The method of a cell: `expert` of `expert:code`, `flexolmo` of `flexolmo:code`. */
const methodNamed = (name: string) => name.split(":")[0]!;
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const most = (values: readonly (number | null)[]) =>
  values.some((value) => value === null) ? null : Math.max(...values as number[]);

/** The comparison as a section of the results page. */
export const baselinesStudy: Pick<Study, "name" | "title" | "question" | "directions"> = {
  name: "baselines",
  title: baselinesDefinition.title,
  question: baselinesDefinition.description,
  directions: (config: BtsConfig) =>
    baselineDirections(methodsOf(baselinesDefinition.schema.parse({ experts: config.experts }))),
};

export const baselinesExperiment = labExperiment({
  definition: baselinesDefinition,
  check: checkBaselines,
  body: compareBaselines,
});

if (import.meta.main) await experimentMain(baselinesExperiment);
