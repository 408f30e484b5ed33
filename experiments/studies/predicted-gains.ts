// Does a short probe predict what an expert will gain? deno task domains rank relies on it.
//
//     deno task run experiments/studies/predicted-gains.ts --preset quick
//     deno task run experiments/studies/predicted-gains.ts --preset quick --set probe.steps=16
//
// The candidates are the eight parts of the built-in text. With quick, models are small, and text and seed are those of the
// study of many experts; otherwise text, seed and experts are those of the study of the number of experts.
import {
  type BtsConfig,
  checkBts,
  compareMethods,
  comparisonsTable,
  labExperiment,
  type LabWith,
  readLosses,
  tokenize,
  type Trained,
  trainExpert,
  trainSeed,
} from "../../lib/bts/mod.ts";
import { allGains, FEWEST_CANDIDATES, probeGains } from "../../lib/domains/mod.ts";
import { UserError } from "../../lib/errors.ts";
import { experimentMain } from "../../lib/experiment/mod.ts";
import { type CellResult, type ExperimentDefinition, type RunResults, runResultsSchema } from "../../lib/run/mod.ts";
import { type Direction, studyDefinition } from "../../lib/study/mod.ts";
import { type ProbedConfig, probedConfigSchema } from "../rank/config.ts";
import { lossesCell } from "../rank/losses-cell.ts";
import { probeAll } from "../rank/probes.ts";
import { bitsPerByteResults, meanProbes, probeLosses } from "../rank/results.ts";
import { expertsStudy } from "./experts.ts";
import { partPresets } from "./groups/presets.ts";
import {
  agreements,
  agreementTable,
  choiceValuesTable,
  gainRows,
  predictedGainsTable,
} from "./predicted-gains/tables.ts";

export const predictedGainsStudy = {
  name: "predicted-gains",
  title: "Predicted and realized gains",
  question: "Does a short probe predict what an expert will gain?",
  settings: expertsStudy.settings!,
  // What it measures is no difference between two methods.
  directions: (_config: BtsConfig): Direction[] => [],
};

async function studyPredictions(lab: LabWith<ProbedConfig>): Promise<CellResult<RunResults>> {
  const text = await tokenize(lab);
  const seed = await trainSeed(lab, text);
  const probed = await probeAll(lab, text, seed, lab.config.probe);
  const experts = new Map<string, CellResult<Trained>>();
  for (const domain of lab.config.experts) experts.set(domain, await trainExpert(lab, text, seed, domain));
  // Losses are all that gains are made of: tasks, soup and ensemble would take longer than the training.
  const scored = await lossesCell(lab, text, {
    name: "losses:experts",
    title: "Score the experts",
    models: new Map([...experts].map(([domain, expert]) => [`expert:${domain}`, expert])),
  });
  const cells = [probed.seed, ...probed.probes.values(), scored];
  return await lab.run.cell({
    name: "report",
    title: "Report",
    description: predictedGainsStudy.question,
    inputs: { kind: "predicted gains", cells: cells.map(({ key }) => key) },
    code: import.meta,
    output: runResultsSchema,
  }, async (cell) => {
    const losses = await readLosses(cells);
    const { seed, probes } = probeLosses(losses, lab.config.experts);
    const trained = lab.config.experts.map((domain) => [domain, losses[`expert:${domain}`]!] as const);
    const domains = Object.keys(seed);
    const predicted = probeGains({ seed, probes });
    const realized = probeGains({ seed, probes: new Map(trained.map(([domain, own]) => [domain, [own]])) });
    const table = predictedGainsTable(allGains(predicted, domains), allGains(realized, domains));
    const rows = gainRows(table);
    const found = agreements(rows);
    cell.table(agreementTable(found));
    cell.table(choiceValuesTable(rows));
    cell.table(table);
    cell.table(
      comparisonsTable(lab.config.experts.flatMap((domain) =>
        [
          "seed",
          ...lab.config.experts.filter((other) => other !== domain).map((other) => `expert:${other}`),
        ]
          .map((rival) => compareMethods(losses, `expert:${domain}`, rival, domain))
      )),
    );
    cell.summary(found.map(({ on, spearman }) => `Spearman on ${on}: ${spearman.value.toFixed(2)}`).join("; "));
    return bitsPerByteResults({
      seed,
      ...Object.fromEntries(trained.map(([domain, own]) => [`expert:${domain}`, own])),
      ...meanProbes({ seed, probes }),
    });
  });
}

/** The study's settings and presets: those of all studies, and how long probes are. */
const definition: ExperimentDefinition<typeof probedConfigSchema> = {
  ...studyDefinition(predictedGainsStudy),
  schema: probedConfigSchema,
  presets: partPresets,
};

export const predictedGainsExperiment = labExperiment({
  definition,
  tables: ["agreement", "choice-values"],
  longTables: ["predicted-gains"],
  check(config) {
    checkBts(config);
    if (config.experts.length >= FEWEST_CANDIDATES) return;
    throw new UserError(
      "study.candidates",
      `A correlation needs gains of at least ${FEWEST_CANDIDATES} candidates, not ${config.experts.length}`,
      "set experts to more domains",
    );
  },
  body: studyPredictions,
});

if (import.meta.main) await experimentMain(predictedGainsExperiment);
