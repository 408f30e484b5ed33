// `deno task eval <run|model> --tasks <file|folder>`: tasks of lm-evaluation-harness, put to a run's models or to a checkpoint.
import { join } from "node:path";
import { Command, Option } from "commander";
import { UserError } from "../errors.ts";
import {
  answerFiles,
  evaluateTasks,
  harnessJson,
  harnessMeasures,
  harnessSubject,
  harnessTable,
  type Opening,
  readTasks,
  type Subject,
} from "../harness/mod.ts";
import type { InferenceModel } from "../library/mod.ts";
import {
  defaultRunsFolder,
  formatTable,
  jsonLine,
  parseWithCommander,
  readInteger,
  stopSignal,
  writeTextAtomically,
} from "../run/mod.ts";
import { collect, type Print, terminalWidth } from "./command.ts";
import { evaluatedModels } from "./evaluated-models.ts";
import { showProgress } from "./evaluation-progress.ts";
import { readLimit } from "./limit.ts";
import { keepEvaluations } from "../report/mod.ts";

interface Options {
  readonly tasks: readonly string[];
  readonly model: readonly string[];
  readonly fewshot?: string;
  readonly limit?: string;
  readonly bos?: Opening;
  readonly batch: string;
  readonly out?: string;
  readonly replace?: true;
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
      "model of the run, as in its results; may be repeated (default: bts)",
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
      "folder of prompts and answers; of several models, each has its own in it (default: evaluations/<model> in the " +
        "run's folder or here, or <model>-2 and so on where that has answers made differently)",
    )
    .option("--replace", "keep these scores in the run also where it has scores of more documents")
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
  const results: Record<string, unknown> = {};
  const remarks: string[] = [];
  const source = parsed.positional[0]!;
  const { model: models, runs, out, json } = options;
  for await (
    const { model, name, title, identity, answersFolder, run } of evaluatedModels(source, { models, runs, out, batch })
  ) {
    const subject = subjectOf(model, options.bos);
    const { folder, remark } = await answersFolder(answerFiles(set.tasks, subject, identity));
    using progress = json ? undefined : showProgress(title);
    const found = await evaluateTasks(set, subject, {
      folder,
      identity,
      limit,
      batch,
      signal,
      onProgress: ({ task, ...counts }) => progress?.show({ part: task, unit: "documents", ...counts }),
    });
    progress?.[Symbol.dispose]();
    await writeTextAtomically(join(folder, "results.json"), `${JSON.stringify(harnessJson(found), null, 2)}\n`);
    const chosen = { model: identity, bos: subject.opening, usualBos: usualOpening(model) };
    const kept = run === undefined ? [] : await keepEvaluations(
      run,
      harnessMeasures(found, chosen).map((one) => ({ method: name, source: "deno task eval", ...one })),
      { replace: options.replace === true },
    );
    results[name] = harnessJson(found);
    const said = [...remark, ...kept];
    remarks.push(...said);
    if (json) continue;
    print([formatTable(harnessTable(found, title), terminalWidth()), ...said, `Answers: ${folder}`].join("\n"));
  }
  if (json) print(jsonLine({ source, results, remarks }));
}

/** @throws UserError `eval.bos` for a tokenizer's way with a model of a run */
function subjectOf({ name, generation, ...parts }: InferenceModel, bos: Opening | undefined): Subject {
  if (name !== undefined && bos === "tokenizer") {
    throw new UserError("eval.bos", "--bos tokenizer is for checkpoints: models of a run read BOS before every text");
  }
  const penalty = generation?.["repetition_penalty"];
  return harnessSubject({
    ...parts,
    opening: bos ?? usualOpening({ name }),
    repetitionPenalty: typeof penalty === "number" ? penalty : undefined,
  });
}

/** Models of a run are trained on documents that begin with BOS. */
function usualOpening({ name }: Pick<InferenceModel, "name">): Opening {
  return name === undefined ? "tokenizer" : "always";
}
