// `deno task eval <run|model> --tasks <file|folder>`: tasks of lm-evaluation-harness, put to a run's models or to a checkpoint.
import { basename, join, resolve } from "node:path";
import { Command, Option } from "commander";
import { UserError } from "../errors.ts";
import {
  evaluateTasks,
  fileName,
  harnessJson,
  harnessMeasures,
  type HarnessProgress,
  type HarnessScores,
  harnessTable,
  type Opening,
  readTasks,
  type TaskSet,
} from "../harness/mod.ts";
import {
  defaultRunsFolder,
  formatSeconds,
  formatTable,
  jsonLine,
  parseWithCommander,
  readInteger,
  stopSignal,
  writeTextAtomically,
} from "../run/mod.ts";
import { collect, type Print, terminalWidth } from "./command.ts";
import { type Evaluated, openEvaluated } from "./eval-model.ts";
import { keepEvaluation } from "./keep-evaluation.ts";

interface Options {
  readonly tasks: readonly string[];
  readonly model: readonly string[];
  readonly fewshot?: string;
  readonly limit?: string;
  readonly bos?: Opening;
  readonly batch: string;
  readonly out?: string;
  readonly runs: string;
  readonly json?: true;
}

/** Evaluates the models that the arguments name. */
export async function evalCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const command = new Command("eval")
    .description(
      "Puts tasks of EleutherAI's lm-evaluation-harness to models, with its numbers: multiple choice, log-likelihood, " +
        "rolling perplexity and greedy generation over local data. Prompts and answers are kept, and a stopped evaluation " +
        "resumes. What is measured of a run's models appears beside the run's own results.",
    )
    .argument("<run|model>", "id or name of a run, or last; or a checkpoint: a folder, a .gguf file, an id on the hub")
    .requiredOption("--tasks <path>", "YAML file of a task, or folder of such files; may be repeated", collect, [])
    .option(
      "--model <name>",
      "model of the run, as in its results; may be repeated (default: its own method)",
      collect,
      [],
    )
    .option("--fewshot <count>", "examples before each question, in place of the tasks' own number unless it is 0")
    .option("--limit <count>", "the first documents of each task; below 1 a share of them")
    .addOption(
      new Option(
        "--bos <when>",
        "whether texts begin with the BOS token: as tokenizer.json says, which is the harness's default, always, or never " +
          "(default: tokenizer; for a run's models always, as they are trained)",
      ).choices(["tokenizer", "always", "never"]),
    )
    .option("--batch <rows>", "rows scored together", "8")
    .option(
      "--out <folder>",
      "folder of prompts and answers (default: evaluations/<model> in the run's folder or here)",
    )
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--json", "write one JSON object with the results of each model, under the harness's names");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const options = parsed.options as unknown as Options;
  const set = await readTasks(options.tasks, {
    fewshot: options.fewshot === undefined ? undefined : readInteger("--fewshot", options.fewshot, 0, 1000),
  });
  const limit = options.limit === undefined ? undefined : readLimit(options.limit);
  const batch = readInteger("--batch", options.batch, 1, 4096);
  const signal = stopSignal();
  await using opened = await openEvaluated(parsed.positional[0]!, {
    runs: options.runs,
    models: options.model,
    opening: options.bos,
  });
  const results: Record<string, unknown> = {};
  for (const name of opened.models) {
    const folder = outFolder(options.out, opened, name);
    await using model = await opened.open(name);
    using progress = showProgress(options.json === true ? undefined : name);
    const found = await evaluateTasks(set, model.subject, {
      folder,
      identity: model.identity,
      limit,
      batch,
      signal,
      onProgress: progress.show,
    });
    progress[Symbol.dispose]();
    await keep(opened, name, folder, found, set);
    results[name] = harnessJson(found);
    if (!options.json) {
      print(`${formatTable(harnessTable(found, title(opened, name)), terminalWidth())}\nAnswers: ${folder}`);
    }
  }
  if (options.json) print(jsonLine({ source: opened.name, results }));
}

function readLimit(text: string): number {
  const limit = Number(text);
  if (limit > 0 && (limit < 1 || Number.isSafeInteger(limit))) return limit;
  throw new UserError(
    "command.number",
    `--limit is "${text}": expected a whole number from 1, or a share below 1 such as 0.1`,
  );
}

const title = ({ name, run }: Evaluated, model: string): string => run === undefined ? name : `${model} of ${name}`;

function outFolder(out: string | undefined, { run, models, name }: Evaluated, model: string): string {
  if (run !== undefined) {
    return out === undefined ? join(run.folder, "evaluations", fileName(model)) : join(out, fileName(model));
  }
  return out ?? join("evaluations", fileName(basename(resolve(models.length === 1 ? name : model))));
}

/** Writes the results beside the answers and, of a run's model, into the run. */
async function keep(
  { run }: Evaluated,
  name: string,
  folder: string,
  found: HarnessScores,
  { tasks }: TaskSet,
): Promise<void> {
  await writeTextAtomically(join(folder, "results.json"), `${JSON.stringify(harnessJson(found), null, 2)}\n`);
  if (run === undefined) return;
  const { measures, measurements } = harnessMeasures(found);
  const source = `deno task eval: ${tasks.map(({ name }) => name).join(", ")}`;
  await keepEvaluation(run, { method: name, source, measures: [...measures], measurements: [...measurements] });
}

/** Shows progress on the terminal in one line; on anything else a line for each task. */
function showProgress(model: string | undefined): Disposable & { show(progress: HarnessProgress): void } {
  const began = performance.now();
  const line = Deno.stderr.isTerminal();
  const write = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(text));
  let task = "";
  let shown = false;
  return {
    show(progress) {
      if (model === undefined) return;
      if (line) write(`\r\x1b[2K${progressText(model, progress, (performance.now() - began) / 1000)}`);
      else if (progress.task !== task) write(`${progressText(model, progress, 0)}\n`);
      shown = line;
      task = progress.task;
    },
    [Symbol.dispose]() {
      if (shown) write("\r\x1b[2K");
      shown = false;
    },
  };
}

/** `bts: capitals, 40 of 120 documents (12 kept), 35 s left`. */
function progressText(model: string, { task, done, kept, total }: HarnessProgress, seconds: number): string {
  const asked = done - kept;
  const left = asked > 0 && seconds > 0 ? `, ${formatSeconds((total - done) * seconds / asked)} left` : "";
  return `${model}: ${task}, ${done} of ${total} documents${kept > 0 ? ` (${kept} kept)` : ""}${left}`;
}
