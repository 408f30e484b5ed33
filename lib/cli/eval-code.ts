// `deno task eval:code <run|model>`: models write TypeScript for problems, and what they wrote is run.
import { createHash } from "node:crypto";
import { basename, extname, join } from "node:path";
import { Command, Option } from "commander";
import {
  ANSWERS_FILE,
  builtinProblems,
  chatMessage,
  codeAnswersFile,
  codeJson,
  codeMeasures,
  type CodeSubject,
  codeTable,
  evaluateCode,
  outcomesOf,
  type Problem,
  type ProblemSet,
  PROMPT_FORMATS,
  type PromptFormat,
  readProblems,
  versionOf,
} from "../code/mod.ts";
import { UserError } from "../errors.ts";
import { renderChat } from "../huggingface/mod.ts";
import type { InferenceModel } from "../library/mod.ts";
import {
  defaultRunsFolder,
  formatTable,
  jsonLine,
  parseWithCommander,
  readInteger,
  readNumber,
  stopSignal,
} from "../run/mod.ts";
import { DEFAULT_LIMITS } from "../sandbox/mod.ts";
import { collect, type Print, terminalWidth } from "./command.ts";
import { evaluatedModels } from "./evaluated-models.ts";
import { showProgress } from "./evaluation-progress.ts";
import { readLimit } from "./limit.ts";
import { keepEvaluations } from "../report/mod.ts";

interface Options {
  readonly model: readonly string[];
  readonly problems?: string;
  readonly level: readonly string[];
  readonly limit?: string;
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
  readonly replace?: true;
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
    .option("--limit <count>", "the first problems, of which the built-in ones begin with easy ones; below 1 a share")
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
    .option(
      "--out <folder>",
      "folder of the answers; of several models, each has its own in it (default: evaluations/<model> in the run's " +
        "folder or here, or <model>-2 and so on where that has answers made differently)",
    )
    .option("--replace", "keep these scores in the run also where it has scores of more problems")
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
  const { problems, set, version } = await chosenProblems(options);
  const source = parsed.positional[0]!;
  const signal = stopSignal();
  const results: Record<string, unknown> = {};
  const remarks: string[] = [];
  const { model: models, runs, out, json, format } = options;
  const opening = { models, runs, out, batch: evaluation.parallel };
  for await (const { model, name, title, identity, answersFolder, run } of evaluatedModels(source, opening)) {
    const subject = subjectOf(model, identity, format);
    const file = codeAnswersFile(subject, evaluation);
    const { folder, remark } = await answersFolder([file]);
    using progress = json ? undefined : showProgress(title);
    const found = await evaluateCode(problems, subject, {
      ...evaluation,
      folder,
      signal,
      onProgress: ({ passed, ...counts }) => progress?.show({ unit: "answers", note: `${passed} passed`, ...counts }),
    });
    progress?.[Symbol.dispose]();
    const kept = run === undefined ? [] : await keepEvaluations(run, [{
      method: name,
      source: "deno task eval:code",
      settings: { ...file.conditions, samples, ...evaluation.limits, problems: version },
      ...codeMeasures(found, set),
    }], { replace: options.replace === true });
    results[name] = codeJson(found);
    const said = [...remark, ...kept];
    remarks.push(...said);
    if (json) continue;
    print(formatTable(codeTable(found, title), terminalWidth()));
    print(`Outcomes: ${outcomesOf(found).map(([outcome, count]) => `${outcome} ${count}`).join(", ")}`);
    for (const one of said) print(one);
    print(`Answers: ${join(folder, ANSWERS_FILE)}`);
  }
  if (json) print(jsonLine({ source, results, remarks }));
}

/** The problems that are asked, what they are called, and a hash of all that there are. */
async function chosenProblems(
  { problems: path, level: levels, limit }: Options,
): Promise<{ readonly problems: readonly Problem[]; readonly set: ProblemSet; readonly version: string }> {
  const unknown = levels.find((level) => !LEVELS.includes(level));
  if (unknown !== undefined) {
    throw new UserError("command.malformed", `Cannot read --level ${unknown}: expected ${LEVELS.join(", ")}`);
  }
  const problems = path === undefined ? await builtinProblems() : await readProblems(path);
  const chosen = problems.filter(({ level }) => levels.length === 0 || levels.includes(level));
  if (chosen.length === 0) throw new UserError("code.level", `${path} has no problems of level ${levels.join(", ")}`);
  const asked = limit === undefined ? chosen.length : readLimit(limit);
  return {
    problems: chosen.slice(0, asked < 1 ? Math.ceil(asked * chosen.length) : asked),
    set: {
      name: path === undefined ? undefined : basename(path, extname(path)),
      levels: LEVELS.filter((level) => levels.includes(level)),
    },
    version: createHash("sha256").update(problems.map(versionOf).join()).digest("hex").slice(0, 16),
  };
}

/** @throws UserError `code.format` for a conversation with a model that has no chat template */
function subjectOf(model: InferenceModel, identity: string, wanted: PromptFormat | undefined): CodeSubject {
  const { engine, tokenizer, opening, chat, source, name } = model;
  const { contextLength } = model.model;
  const format = wanted ?? (chat === undefined ? "completion" : "chat");
  if (format === "chat" && chat === undefined) {
    throw new UserError("code.format", `${name ?? source} has no chat template`, "ask with --format completion");
  }
  return {
    engine,
    identity: { model: identity, format },
    contextLength,
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
