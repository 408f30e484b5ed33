// Removes an expert from a finished run, adds one, or merges two, and trains the stitches for a few more steps.
//
//     deno task expert remove last code
//     deno task expert add last english --set restitch=50
//     deno task expert merge last --propose
//     deno task expert merge last code math
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
  changeOf,
  changeText,
  checkBts,
  checkChange,
  checkRestitching,
  comparisons,
  comparisonsTable,
  type ExpertChange,
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
  mergeExperts,
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
import { proposeMerges } from "./expert/propose.ts";

const USAGE = `Usage: expert add|remove <run> <expert> [options]
       expert merge <run> <expert> <expert> [options]
       expert merge <run> --propose [--json]

Removes an expert from a finished run of deno task bts, adds one, or merges two
into one, which keeps the first's name. The other experts and their stitches are
kept bit for bit; then the stitches are trained for a few more steps. The result
is a new run. --propose shows which experts the gates cannot tell apart.

expert remove last code --help lists the options and settings.`;

const DESCRIPTION =
  "Removes an expert from a finished run, adds one, or merges two, and trains the stitches for a few more steps.";

/** Default number of steps, as a share of the stitches' original training. */
const SHARE = 0.25;

async function changeExpert(lab: LabWith<ExpertConfig>, runsFolder: string): Promise<CellResult<RunResults>> {
  const { config } = lab;
  const { cell } = await finishedRun(runsFolder, config.from);
  const text: Text = await cell("data");
  const seed = await cell<Trained>("seed");
  const change = changeOf(config);
  const changed = { ...lab, config: changedConfig(config, change) };
  const own = async (domain: string) =>
    change.kind === "merge"
      ? await mergeExperts(changed, text, [await cell(`expert:${domain}`), await cell(`expert:${change.other}`)], [
        domain,
        change.other,
      ])
      : await trainExpert(changed, text, seed, domain);
  const experts = new Map<string, CellResult<Trained>>();
  for (const domain of changed.config.experts) {
    experts.set(domain, domain === change.expert ? await own(domain) : await cell(`expert:${domain}`));
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
  readonly run: FinishedRun;
  readonly change: ExpertChange;
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
  const [kind, run, expert, other, ...more] = words;
  const opened = async () => await finishedRun(runsFolder, await resolveRun(runsFolder, run!));
  if (more.length === 0 && run !== undefined && expert !== undefined) {
    if (kind === "merge" && other !== undefined) return { run: await opened(), change: { kind, expert, other } };
    if ((kind === "add" || kind === "remove") && other === undefined) {
      return { run: await opened(), change: { kind, expert } };
    }
  }
  throw new UserError(
    "command.malformed",
    `Cannot read "expert ${
      words.join(" ")
    }": expected add or remove, a run and an expert, or merge, a run and two experts`,
    kind === "merge"
      ? "for example: deno task expert merge last code math; deno task expert merge last --propose compares all pairs"
      : "for example: deno task expert remove last code",
  );
}

/** The folder given by `--runs`: the run is looked up before the options are parsed. */
function runsFolderIn(options: readonly string[]): string {
  const at = options.findLastIndex((option) => option === "--runs" || option.startsWith("--runs="));
  if (at < 0) return defaultRunsFolder();
  const joined = options[at]!.slice("--runs=".length);
  return (joined === "" ? options[at + 1] : joined) ?? defaultRunsFolder();
}

/** `deno task expert merge <run> --propose` */
async function propose(words: readonly string[], options: readonly string[], runsFolder: string): Promise<void> {
  const [kind, run, ...more] = words;
  const json = options.includes("--json");
  const known = options.filter((option, i) =>
    !/^--(propose|json|runs(=.*)?)$/.test(option) && options[i - 1] !== "--runs"
  );
  if (kind !== "merge" || run === undefined || more.length > 0 || known.length > 0) {
    throw new UserError(
      "command.malformed",
      `Cannot read "expert ${[...words, ...options].join(" ")}": --propose takes a run, --runs and --json alone`,
      "for example: deno task expert merge last --propose",
    );
  }
  await proposeMerges(runsFolder, await resolveRun(runsFolder, run), { json });
}

/** `deno task expert <add, remove or merge> <run> <expert> [expert]` */
export async function expertCommand(args: readonly string[]): Promise<void> {
  const at = args.findIndex((arg) => arg.startsWith("-"));
  const words = at < 0 ? args : args.slice(0, at);
  const options = at < 0 ? [] : args.slice(at);
  if (words.length === 0) return console.log(USAGE);
  const runsFolder = runsFolderIn(options);
  if (options.includes("--propose")) return await propose(words, options, runsFolder);
  const { change, run: { view, config } } = await readWords(words, runsFolder);
  checkChange(config, change);
  const restitchSteps = Math.max(1, Math.round(SHARE * config.train.stitch.steps));
  const { kind, expert } = change;
  const other = kind === "merge" ? change.other : "";
  const preset: ExpertConfig = { ...config, from: view.id, change: kind, expert, other, restitch: restitchSteps };
  const definition: ExperimentDefinition<typeof expertConfigSchema> = {
    name: "expert",
    title: changeText(change).replace(/^w/, "W"),
    description: DESCRIPTION,
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
    words: [kind, view.id, expert, ...kind === "merge" ? [other] : []],
    complete: ({ config, runsFolder, dryRun }) => completeExpert(config, runsFolder, dryRun),
    reads: (config) => bringsExpert(config) ? [config.expert] : [],
    chat: async ({ from }, folder) => readChatTemplate((await (await finishedRun(folder, from)).cell("seed")).folder),
    check: (config) => checkBts(changedConfig(config, changeOf(config))),
    body: (lab) => changeExpert(lab, runsFolder),
  });
  await experimentCommand(experiment, all);
}

if (import.meta.main) await runMain(() => expertCommand(Deno.args));
