// `deno task eval:code <run|model>`: models write TypeScript for problems, and what they wrote is run.
import { basename, join, resolve } from "node:path";
import { Command, Option } from "commander";
import {
  ANSWERS_FILE,
  builtinProblems,
  chatMessage,
  codeJson,
  codeMeasures,
  type CodeProgress,
  type CodeSubject,
  codeTable,
  evaluateCode,
  outcomesOf,
  type Problem,
  PROMPT_FORMATS,
  type PromptFormat,
  readProblems,
} from "../code/mod.ts";
import { UserError } from "../errors.ts";
import { renderChat } from "../huggingface/mod.ts";
import { findRun, type InferenceModel, inferenceModels, openForInference } from "../library/mod.ts";
import {
  defaultRunsFolder,
  formatSeconds,
  formatTable,
  jsonLine,
  parseWithCommander,
  readInteger,
  stopSignal,
} from "../run/mod.ts";
import { DEFAULT_LIMITS } from "../sandbox/mod.ts";
import { collect, namedRun, type Print, terminalWidth } from "./command.ts";
import { cellKeys, identityOf } from "./eval-model.ts";
import { keepEvaluation } from "./keep-evaluation.ts";

interface Options {
  readonly model: readonly string[];
  readonly problems?: string;
  readonly level: readonly string[];
  readonly samples: string;
  readonly k: readonly string[];
  readonly temperature?: string;
  readonly topP: string;
  readonly seed: string;
  readonly maxTokens: string;
  readonly format?: PromptFormat;
  readonly batch: string;
  readonly seconds: string;
  readonly memory: string;
  readonly out?: string;
  readonly runs: string;
  readonly json?: true;
}

const LEVELS = ["easy", "medium", "hard"];

function commandOf(): Command {
  return new Command("eval:code")
    .description(
      "Scores the TypeScript that models write, by running it in a sandbox: pass@k on 53 built-in problems, or on your " +
        "own. Prompts, answers and verdicts are kept, and a stopped evaluation resumes. What is measured of a " +
        "run's models appears beside the run's own results.",
    )
    .argument("<run|model>", "id or name of a run, or last; or a checkpoint: a folder, a .gguf file, an id on the hub")
    .option("--model <name>", "model of the run, as in its results; may be repeated (default: bts)", collect, [])
    .option("--problems <file>", "JSON lines with problems of your own (docs/evaluation.md)")
    .addOption(
      new Option("--level <level>", "easy, medium or hard; may be repeated (default: all)").default([]).argParser(
        collect,
      ),
    )
    .option("--samples <count>", "answers to each problem", "1")
    .option("--k <count>", "the k of pass@k; may be repeated (default: 1, 10 and 100, up to --samples)", collect, [])
    .option("--temperature <number>", "0 takes the most likely tokens (default: 0 for one answer, otherwise 0.8)")
    .option("--top-p <share>", "only the most likely tokens of this probability in all", "0.95")
    .option("--seed <number>", "seed of all answers", "0")
    .option("--max-tokens <count>", "most tokens of an answer", "512")
    .addOption(
      new Option("--format <format>", "how the model is asked (default: chat if it has a chat template)").choices(
        PROMPT_FORMATS,
      ),
    )
    .option("--batch <count>", "answers written together", "16")
    .option("--seconds <count>", "seconds of processor time of each program", String(DEFAULT_LIMITS.cpuSeconds))
    .option("--memory <MiB>", "memory of each program", String(DEFAULT_LIMITS.memory))
    .option("--out <folder>", "folder of the answers (default: evaluations/<model> in the run's folder or here)")
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--json", "write one JSON object with the results of each model");
}

/** Evaluates the models that the arguments name. */
export async function evalCodeCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const parsed = parseWithCommander(commandOf(), args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const options = parsed.options as unknown as Options;
  const samples = readInteger("--samples", options.samples, 1, 10_000);
  const evaluation = {
    samples,
    sampling: {
      temperature: readNumber("--temperature", options.temperature ?? (samples === 1 ? "0" : "0.8"), 0, 100),
      topP: readNumber("--top-p", options.topP, 0, 1),
      seed: readInteger("--seed", options.seed, 0, 2 ** 32 - 1),
    },
    maxTokens: readInteger("--max-tokens", options.maxTokens, 1, 1_000_000),
    ...(options.k.length === 0 ? {} : { ks: options.k.map((k) => readInteger("--k", k, 1, samples)) }),
    parallel: readInteger("--batch", options.batch, 1, 256),
    limits: {
      cpuSeconds: readInteger("--seconds", options.seconds, 1, 3600),
      memory: readInteger("--memory", options.memory, 16, 1 << 20),
    },
  };
  const problems = await chosenProblems(options);
  const source = parsed.positional[0]!;
  const signal = stopSignal();
  const results: Record<string, unknown> = {};
  // A checkpoint is one model without a name.
  const isRun = await inferenceModels(source, options) !== undefined;
  for (const name of isRun && options.model.length > 0 ? options.model : [options.model[0]]) {
    await using model = await openForInference(source, name, { runs: options.runs, batch: evaluation.parallel });
    const title = model.name === undefined ? model.source : `${model.name} of ${model.source}`;
    const place = isRun ? await findRun(source, options.runs) : undefined;
    const run = place === undefined ? undefined : { ...place, folder: join(place.runsFolder, place.id) };
    const own = fileName(model.name ?? basename(resolve(model.source)));
    const folder = options.out === undefined
      ? join(run?.folder ?? ".", "evaluations", own)
      : options.model.length > 1
      ? join(options.out, own)
      : options.out;
    const identity = run === undefined
      ? await identityOf(model.source)
      : `${run.id}/${model.name} ${cellKeys(await namedRun(run.runsFolder, run.id))}`;
    using progress = showProgress(options.json === true ? undefined : title);
    const found = await evaluateCode(problems, subjectOf(model, identity, options.format), {
      ...evaluation,
      folder,
      signal,
      onProgress: progress.show,
    });
    progress[Symbol.dispose]();
    if (run !== undefined) {
      const { measures, measurements } = codeMeasures(found);
      await keepEvaluation(run, {
        method: model.name!,
        source: "deno task eval:code",
        measures: [...measures],
        measurements: [...measurements],
      });
    }
    results[model.name ?? model.source] = codeJson(found);
    if (options.json) continue;
    print(formatTable(codeTable(found, title), terminalWidth()));
    print(`Outcomes: ${outcomesOf(found).map(([outcome, count]) => `${outcome} ${count}`).join(", ")}`);
    print(`Answers: ${join(folder, ANSWERS_FILE)}`);
  }
  if (options.json) print(jsonLine({ source, results }));
}

async function chosenProblems({ problems: path, level: levels }: Options): Promise<Problem[]> {
  const unknown = levels.find((level) => !LEVELS.includes(level));
  if (unknown !== undefined) {
    throw new UserError("command.malformed", `Cannot read --level ${unknown}: expected ${LEVELS.join(", ")}`);
  }
  const problems = path === undefined ? await builtinProblems() : await readProblems(path);
  const chosen = problems.filter(({ level }) => levels.length === 0 || levels.includes(level));
  if (chosen.length === 0) throw new UserError("code.level", `${path} has no problems of level ${levels.join(", ")}`);
  return chosen;
}

function readNumber(flag: string, text: string, low: number, high: number): number {
  const number = text.trim() === "" ? NaN : Number(text);
  if (number >= low && number <= high) return number;
  throw new UserError("command.malformed", `Cannot read ${flag} ${text}: expected a number from ${low} to ${high}`);
}

/** @throws UserError `code.format` for a conversation with a model that has no chat template */
function subjectOf(model: InferenceModel, identity: string, wanted: PromptFormat | undefined): CodeSubject {
  const { engine, tokenizer, opening, chat, source, name } = model;
  const format = wanted ?? (chat === undefined ? "completion" : "chat");
  if (format === "chat" && chat === undefined) {
    throw new UserError("code.format", `${name ?? source} has no chat template`, "ask with --format completion");
  }
  return {
    engine,
    identity: { model: identity, format },
    prompt(problem) {
      if (format === "completion") {
        return { text: problem.prompt, ids: [...opening, ...tokenizer.encode(problem.prompt)] };
      }
      const messages = [{ role: "user", content: chatMessage(problem) }];
      const text = renderChat(chat!, messages, { addGenerationPrompt: true });
      return { text, ids: tokenizer.encode(text) };
    },
  };
}

/** `expert:code` is not a name that every file system takes. */
const fileName = (name: string) => name.replace(/[^\w.-]+/g, "-");

/** Shows progress on the terminal in one line; on anything else, at the start only. */
function showProgress(title: string | undefined): Disposable & { show(progress: CodeProgress): void } {
  const began = performance.now();
  const line = Deno.stderr.isTerminal();
  const write = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(text));
  let shown = false;
  return {
    show(progress) {
      if (title === undefined || (shown && !line)) return;
      const text = progressText(title, progress, (performance.now() - began) / 1000);
      write(line ? `\r\x1b[2K${text}` : `${text}\n`);
      shown = true;
    },
    [Symbol.dispose]() {
      if (shown && line) write("\r\x1b[2K");
      shown = false;
    },
  };
}

/** `bts of x: 40 of 120 answers (12 kept), 31 passed, 35 s left`. */
function progressText(title: string, { done, kept, total, passed }: CodeProgress, seconds: number): string {
  const made = done - kept;
  const left = made > 0 ? `, ${formatSeconds((total - done) * seconds / made)} left` : "";
  return `${title}: ${done} of ${total} answers${kept > 0 ? ` (${kept} kept)` : ""}, ${passed} passed${left}`;
}
