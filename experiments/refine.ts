// Parallel-distill-refine and its baselines at equal budgets of tokens (Rethinking thinking tokens, arXiv 2510.01123).
//
//     deno task refine models/smollm2
//     deno task refine last --set model.drafters='["expert:code", "expert:math"]'
//     deno task refine --endpoint http://127.0.0.1:8000/v1 --model my-model
//
// A model solves problems with exact answers, in several ways that spend the same number of tokens: one long chain of
// thought, the best of many drafts, one draft that is revised, or drafts in parallel that are distilled and refined.
import { createHash } from "node:crypto";
import { UserError } from "../lib/errors.ts";
import { type Experiment, experimentMain } from "../lib/experiment/mod.ts";
import {
  chooseProblems,
  type MathProblem,
  refinementMeasures,
  refinementResults,
  refinementTable,
  refinementVerdict,
  type Team,
} from "../lib/refine/mod.ts";
import { keepEvaluations } from "../lib/report/mod.ts";
import { type CellResult, resultsTable, type RunResults, runResultsSchema } from "../lib/run/mod.ts";
import { type RefineConfig, type refineConfigSchema, refineDefinition } from "./refine/config.ts";
import { completeModel, type ModelFacts, openTeam } from "./refine/models.ts";
import { listProblems } from "./refine/problems-cell.ts";
import { type Prepared, type RefineLab, solveCell, type Solved } from "./refine/solve-cell.ts";

/** One cell for the problems, one for each method, and the comparison. */
async function refine(lab: RefineLab): Promise<CellResult<RunResults>> {
  const problems = await listProblems(lab);
  const solved: Solved[] = [];
  for (const method of lab.config.methods) solved.push(await solveCell(lab, method, problems, solved));
  return await report(lab, solved);
}

function report({ run, config: { methods } }: RefineLab, solved: readonly Solved[]) {
  return run.cell({
    name: "report",
    title: "Report",
    description: "The methods compared at equal budgets.",
    inputs: { kind: "refine report", cells: solved.map(({ key }) => key) },
    code: import.meta,
    output: runResultsSchema,
  }, (cell) => {
    const all = methods.map((method, i) => ({ method, attempts: solved[i]!.value.attempts }));
    const results = refinementResults(all);
    cell.table(resultsTable(results));
    cell.table(refinementTable(all));
    cell.summary(refinementVerdict(all));
    return Promise.resolve(results);
  });
}

/** Keeps the scores of a run's model among that run's results, and says which earlier ones they replace. */
async function keep(
  { config, rngSeed, prepared: { opened, problems } }: Omit<RefineLab, "run" | "device">,
  results: RunResults,
): Promise<string[]> {
  if (opened?.run === undefined) return [];
  const { team: { main, drafters, format }, run } = opened;
  const evaluation = {
    method: run.model,
    source: "deno task refine",
    settings: {
      model: main.identity,
      drafters: drafters.map(({ identity }) => identity),
      format: format.name,
      problems: createHash("sha256").update(JSON.stringify(problems)).digest("hex").slice(0, 16),
      seed: rngSeed,
      ...config.division,
    },
    ...refinementMeasures(results, config.problems, Math.max(...config.budgets)),
  };
  return await keepEvaluations(run, [evaluation], { replace: config.replace });
}

/** @throws UserError for settings that do not fit together */
function check({ budgets, methods }: RefineConfig): void {
  for (const [key, list] of Object.entries({ budgets, methods })) {
    const twice = list.find((one, i) => list.indexOf(one as never) !== i);
    if (twice !== undefined) throw new UserError("refine.twice", `${key} has ${twice} twice`, "give each once");
  }
}

/** What a plan knows of the model and the problems, which are found when the settings are completed. */
interface Planned {
  readonly facts: ModelFacts;
  readonly problems: readonly MathProblem[];
}

/** The experiment. */
export function refineExperiment(): Experiment<typeof refineConfigSchema, Prepared> {
  let planned: Planned = { facts: { parameters: 0, layers: 0 }, problems: [] };
  return {
    definition: refineDefinition,
    elsewhere: ({ endpoint, model }) => endpoint.url === "" ? undefined : `${model.name} at ${endpoint.url}`,
    async complete({ config, origins, runsFolder }) {
      if (config.endpoint.url !== "" && origins["model.source"] !== undefined) {
        throw new UserError(
          "refine.source",
          `Cannot use both ${config.model.source} and the endpoint ${config.endpoint.url}`,
          "leave one of them out; --model names a model at the endpoint",
        );
      }
      const completed = await completeModel(config, runsFolder);
      const { problems } = completed.config;
      planned = { facts: completed.facts, problems: await chooseProblems(problems, problems.seed ?? 1) };
      return completed.config;
    },
    check,
    async prepare(config, rngSeed, { runsFolder, report }) {
      const problems = await chooseProblems(config.problems, config.problems.seed ?? rngSeed);
      return { ...planned, problems, opened: await openTeam(config, runsFolder, report) };
    },
    remarks: ({ opened }) => [whoText(opened!.team)],
    release: ({ opened }) => opened![Symbol.asyncDispose](),
    outline: () => planned,
    body: refine,
    conclude: keep,
  };
}

/** Who does what, in words. */
function whoText({ main, drafters, format }: Team): string {
  const others = drafters.map(({ name }) => name);
  const drafting = others.length === 1 && others[0] === main.name ? "" : `; drafts by ${others.join(", ")} in turn`;
  return `${main.name} solves${drafting}; problems are put as ${format.name}`;
}

if (import.meta.main) await experimentMain(refineExperiment());
