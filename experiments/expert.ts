// An expert less or one more in a finished run: the others' parameters as they are, and a short re-stitching.
//
//     deno task expert remove last code
//     deno task expert add last english --set restitch=50
import { z } from "zod";
import { loadCorpus } from "../lib/data/mod.ts";
import { UserError } from "../lib/errors.ts";
import {
  type CellResult,
  defaultRunsFolder,
  type ExperimentDefinition,
  parseExperimentArguments,
  resolveRun,
  resultsTable,
  runMain,
  type RunResults,
} from "../lib/run/mod.ts";
import {
  adaptStitches,
  type Bytes,
  changedConfig,
  checkBts,
  checkChange,
  checkRestitching,
  comparisons,
  comparisonsTable,
  type ExpertConfig,
  expertConfigSchema,
  type FinishedRun,
  finishedRun,
  type Lab,
  type Measured,
  measureStitched,
  planCells,
  readLosses,
  readText,
  restitch,
  resultsOf,
  type Trained,
  trainExpert,
} from "../lib/bts/mod.ts";
import { experimentMain, type PlannedCell } from "../lib/experiment/mod.ts";

const USAGE = `Usage: expert add|remove <run> <expert> [options]

Takes an expert out of a finished run of deno task bts, or puts one in. The other
experts and their stitches are kept bit for bit; then the stitches are trained on
for a few steps. The outcome is a run of its own.

expert remove last code --help lists the options and settings.`;

/** Steps of a re-stitching, unless set: a quarter of the stitching's. */
const SHARE = 0.25;

async function changeExpert(lab: Lab, config: ExpertConfig, runsFolder: string): Promise<RunResults> {
  const { cell } = await finishedRun(runsFolder, config.from);
  const data = await cell<{ bytes: Bytes }>("data");
  const text = await readText(data.folder, data.key, data.value.bytes);
  const seed = await cell<Trained>("seed");
  const change = { kind: config.change, expert: config.expert };
  const changed = { ...lab, config: changedConfig(config, change) };
  const experts = new Map<string, CellResult<Trained>>();
  for (const domain of changed.config.experts) {
    const added = change.kind === "add" && domain === change.expert;
    experts.set(domain, added ? await trainExpert(changed, text, seed, domain) : await cell(`expert:${domain}`));
  }
  const adapted = await adaptStitches(changed, seed, experts, await cell<Trained>("stitch"), change);
  const untouched = await measureStitched(changed, text, seed, experts, adapted, {
    name: "evaluate:untouched",
    title: "Measure the stitched model, nothing trained",
  });
  const trained = await restitch(changed, text, seed, experts, adapted, { name: "again", steps: config.restitch });
  const again = await measureStitched(changed, text, seed, experts, trained, {
    name: "evaluate:bts",
    title: "Measure the re-stitched model",
  });
  const measured = [
    { cell: await cell<Measured>("evaluate:bts"), name: "before" },
    { cell: untouched, name: "untouched" },
    { cell: again, name: "bts" },
  ];
  return await report(lab, await cell<Measured>("evaluate"), measured);
}

async function report(
  { run, corpus }: Lab,
  baselines: CellResult<Measured>,
  measured: readonly { readonly cell: CellResult<Measured>; readonly name: string }[],
): Promise<RunResults> {
  const methods = Object.fromEntries(measured.map(({ cell, name }) => [name, cell.value.methods["bts"]!]));
  const results = {
    ...resultsOf(corpus.domains, [baselines]),
    methods: { seed: baselines.value.methods["seed"]!, ...methods },
  };
  await run.cell({
    name: "report",
    title: "Report",
    description: "Before the change, right after it, and after the re-stitching.",
    inputs: { kind: "report:expert", cells: [baselines.key, ...measured.map(({ cell }) => cell.key)] },
    code: ["lib/eval", "lib/bts"],
    output: z.strictObject({}),
  }, async (cell) => {
    const all = await readLosses([baselines, ...measured.map((one) => ({ ...one.cell, names: { bts: one.name } }))]);
    const losses = Object.fromEntries(Object.entries(all).filter(([name]) => Object.hasOwn(results.methods, name)));
    cell.table(resultsTable(results));
    cell.table(comparisonsTable(comparisons(losses)));
    return {};
  });
  return results;
}

function planChange(config: ExpertConfig): PlannedCell[] {
  const changed = changedConfig(config, { kind: config.change, expert: config.expert });
  const cells = planCells(changed);
  const share = config.restitch / config.train.stitch.steps;
  const measuring = cells.find(({ cell }) => cell === "evaluate:bts")!;
  return cells.flatMap((cell): PlannedCell[] => {
    switch (cell.cell) {
      case `expert:${config.expert}`:
        return [cell];
      case "stitch": {
        const which = config.change === "add" ? "with" : "without";
        const title = `The stitches ${which} ${config.expert}, nothing trained`;
        return [
          { cell: `adapt:${which} ${config.expert}`, title, tokens: 0, flops: 0, bytes: 0 },
          { ...measuring, cell: "evaluate:untouched", title: "Measure the stitched model, nothing trained" },
          { ...cell, cell: "stitch:again", tokens: cell.tokens * share, flops: cell.flops * share },
        ];
      }
      case "evaluate:bts":
        return [{ ...cell, title: "Measure the re-stitched model" }];
      case "report":
        return [cell];
      default:
        return [];
    }
  });
}

/** What the words before the options say. */
interface Asked {
  readonly kind: "add" | "remove";
  readonly run: FinishedRun;
  readonly expert: string;
}

async function readWords(words: readonly string[], runsFolder: string): Promise<Asked> {
  const [kind, run, expert, ...more] = words;
  if ((kind !== "add" && kind !== "remove") || run === undefined || expert === undefined || more.length > 0) {
    throw new UserError(
      "command.malformed",
      `Cannot read "expert ${words.join(" ")}": expected add or remove, a run and an expert`,
      "for example: deno task expert remove last code",
    );
  }
  return { kind, run: await finishedRun(runsFolder, await resolveRun(runsFolder, run)), expert };
}

/** The folder that `--runs folder` or `--runs=folder` names: the run is looked up before the options are read as a whole. */
function runsFolderIn(options: readonly string[]): string {
  const at = options.findLastIndex((option) => option === "--runs" || option.startsWith("--runs="));
  if (at < 0) return defaultRunsFolder();
  const joined = options[at]!.slice("--runs=".length);
  return (joined === "" ? options[at + 1] : joined) ?? defaultRunsFolder();
}

async function main(args: readonly string[]): Promise<void> {
  const at = args.findIndex((arg) => arg.startsWith("-"));
  const words = at < 0 ? args : args.slice(0, at);
  const options = at < 0 ? [] : args.slice(at);
  if (words.length === 0) return console.log(USAGE);
  const runsFolder = runsFolderIn(options);
  const { kind, run: { view, config }, expert } = await readWords(words, runsFolder);
  checkChange(config, { kind, expert });
  const restitchSteps = Math.max(1, Math.round(SHARE * config.train.stitch.steps));
  const preset: ExpertConfig = { ...config, from: view.id, change: kind, expert, restitch: restitchSteps };
  const definition: ExperimentDefinition<typeof expertConfigSchema> = {
    name: "expert",
    title: `${kind === "add" ? "With" : "Without"} ${expert}`,
    description: "Takes an expert out of a finished run, or puts one in, and trains the stitches on for a few steps.",
    schema: expertConfigSchema,
    defaultPreset: view.preset,
    presets: { [view.preset]: { description: `the settings of the run ${view.id}`, config: preset } },
  };
  const hasSeed = options.some((option) => /^--seeds?(=|$)/.test(option));
  const all = hasSeed ? options : ["--seed", String(view.seed), ...options];
  const parsed = parseExperimentArguments(all, definition);
  if (parsed.kind === "run") checkRestitching(view, preset, parsed);
  await experimentMain({
    definition,
    words: [kind, view.id, expert],
    check: (config) => checkBts(changedConfig(config, { kind: config.change, expert: config.expert })),
    plan: planChange,
    prepare: (config, seed) => loadCorpus(config.data, { seed }),
    body: ({ prepared: corpus, config, ...context }) =>
      changeExpert({ ...context, config, corpus }, config, runsFolder),
  }, all);
}

if (import.meta.main) await runMain(() => main(Deno.args));
