// Removes an expert from a finished run, or adds one, and trains the stitches for a few more steps.
//
//     deno task expert remove last code
//     deno task expert add last english --set restitch=50
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
  runResultsSchema,
  seedOf,
} from "../lib/run/mod.ts";
import {
  adaptStitches,
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
  isBrought,
  type Lab,
  labExperiment,
  type LabWith,
  type Measured,
  measureStitched,
  openFitting,
  readLosses,
  readTokenizer,
  restitch,
  resultsOf,
  type Text,
  type Trained,
  trainExpert,
} from "../lib/bts/mod.ts";
import { readChatTemplate } from "../lib/huggingface/mod.ts";
import { experimentCommand } from "../lib/experiment/mod.ts";

const USAGE = `Usage: expert add|remove <run> <expert> [options]

Removes an expert from a finished run of deno task bts, or adds one. The other
experts and their stitches are kept bit for bit; then the stitches are trained for
a few more steps. The result is a new run.

expert remove last code --help lists the options and settings.`;

/** Default number of steps, as a share of the stitches' original training. */
const SHARE = 0.25;

async function changeExpert(lab: LabWith<ExpertConfig>, runsFolder: string): Promise<CellResult<RunResults>> {
  const { config } = lab;
  const { cell } = await finishedRun(runsFolder, config.from);
  const text: Text = await cell("data");
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
    title: "Measure the stitched model without training",
  });
  const trained = await restitch(changed, text, seed, experts, adapted, { name: "again", steps: config.restitch });
  const again = await measureStitched(changed, text, seed, experts, trained, {
    name: "evaluate:bts",
    title: "Measure the stitched model after training",
  });
  const measured = [
    { cell: await cell<Measured>("evaluate:bts"), name: "before" },
    { cell: untouched, name: "untouched" },
    { cell: again, name: "bts" },
  ];
  return await report(lab, await cell<Measured>("evaluate"), measured);
}

function report(
  { run, corpus }: Lab,
  baselines: CellResult<Measured>,
  measured: readonly { readonly cell: CellResult<Measured>; readonly name: string }[],
): Promise<CellResult<RunResults>> {
  return run.cell({
    name: "report",
    title: "Report",
    description: "Before the change, right after it, and after training.",
    inputs: { kind: "report:expert", cells: [baselines.key, ...measured.map(({ cell }) => cell.key)] },
    code: import.meta,
    output: runResultsSchema,
  }, async (cell) => {
    const changed = Object.fromEntries(measured.map(({ cell, name }) => [name, cell.value.methods["bts"]!]));
    const methods = { seed: baselines.value.methods["seed"]!, ...changed };
    const results = resultsOf(corpus.domains, [baselines, ...measured.map(({ cell }) => cell)], methods);
    const all = await readLosses([baselines, ...measured.map((one) => ({ ...one.cell, names: { bts: one.name } }))]);
    const losses = Object.fromEntries(Object.entries(all).filter(([name]) => Object.hasOwn(methods, name)));
    cell.table(resultsTable(results));
    cell.table(comparisonsTable(comparisons(losses)));
    return results;
  });
}

/** The arguments before the options. */
interface Arguments {
  readonly kind: "add" | "remove";
  readonly run: FinishedRun;
  readonly expert: string;
}

/**
 * The model's shape and the tokenizer are those of the run that is changed; an expert that is brought along must fit. If it
 * is on the hub, it is pinned to its commit.
 */
async function completeExpert(config: ExpertConfig, runsFolder: string, plan: boolean): Promise<ExpertConfig> {
  if (!bringsExpert(config)) return config;
  const text: Text = await (await finishedRun(runsFolder, config.from)).cell("data");
  const shape = { ...config.model, vocabSize: text.value.vocabSize };
  const others = { config: shape, tokenizer: await readTokenizer(text) };
  const { source } = await openFitting(config, config.expert, others, "the run's", { plan });
  return { ...config, pretrained: { ...config.pretrained, [config.expert]: source } };
}

/** Whether the added expert comes from a checkpoint. */
const bringsExpert = (config: ExpertConfig) => config.change === "add" && isBrought(config, config.expert);

async function readWords(words: readonly string[], runsFolder: string): Promise<Arguments> {
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

/** The folder given by `--runs`: the run is looked up before the options are parsed. */
function runsFolderIn(options: readonly string[]): string {
  const at = options.findLastIndex((option) => option === "--runs" || option.startsWith("--runs="));
  if (at < 0) return defaultRunsFolder();
  const joined = options[at]!.slice("--runs=".length);
  return (joined === "" ? options[at + 1] : joined) ?? defaultRunsFolder();
}

/** `deno task expert <add or remove> <run> <expert>` */
export async function expertCommand(args: readonly string[]): Promise<void> {
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
    description: "Removes an expert from a finished run, or adds one, and trains the stitches for a few more steps.",
    schema: expertConfigSchema,
    defaultPreset: view.preset,
    presets: { [view.preset]: { description: `the settings of the run ${view.id}`, config: preset } },
  };
  const hasSeed = options.some((option) => /^--seeds?(=|$)/.test(option));
  const all = hasSeed ? options : ["--seed", String(seedOf(view)), ...options];
  const parsed = parseExperimentArguments(all, definition);
  if (parsed.kind === "run") checkRestitching({ id: view.id, seed: seedOf(view) }, preset, parsed);
  const experiment = labExperiment({
    definition,
    words: [kind, view.id, expert],
    complete: ({ config, runsFolder, dryRun }) => completeExpert(config, runsFolder, dryRun),
    reads: (config) => bringsExpert(config) ? [config.expert] : [],
    chat: async ({ from }, folder) => readChatTemplate((await (await finishedRun(folder, from)).cell("seed")).folder),
    check: (config) => checkBts(changedConfig(config, { kind: config.change, expert: config.expert })),
    body: (lab) => changeExpert(lab, runsFolder),
  });
  await experimentCommand(experiment, all);
}

if (import.meta.main) await runMain(() => expertCommand(Deno.args));
