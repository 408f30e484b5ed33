// Puts coding problems to a model: n answers to each, judged as they come.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { inParallel } from "../in-parallel.ts";
import type { InferenceEngine, SamplingSettings } from "../infer/mod.ts";
import { hash32 } from "../random.ts";
import type { Estimate, KeptFile } from "../run/mod.ts";
import type { SandboxLimits } from "../sandbox/mod.ts";
import { type AnswerKey, type CodeAnswer, openAnswers } from "./answers-file.ts";
import { type JudgeThread, startJudge } from "./judge-thread.ts";
import { meanPassAtK } from "./pass-at-k.ts";
import type { Problem } from "./problem.ts";
import { isDecided, programOf } from "./program.ts";

/** Name of the file of answers in the folder of an evaluation. */
export const ANSWERS_FILE = "code.jsonl";

/** A model, and how it is asked. */
export interface CodeSubject {
  readonly engine: Pick<InferenceEngine, "generate">;
  /** What distinguishes it from other models, and how it reads problems. */
  readonly identity: Readonly<Record<string, unknown>>;
  /** Tokens that it reads and writes at most. */
  readonly contextLength: number;
  /** What it reads for a problem. */
  prompt(problem: Problem): { readonly text: string; readonly ids: readonly number[] };
}

/** How a model is evaluated. */
export interface CodeEvaluationOptions {
  /** Folder of the file of answers. */
  readonly folder: string;
  /** Answers to each problem. @default 1 */
  readonly samples?: number;
  /** How answers are sampled; `seed` is that of all. @default greedy */
  readonly sampling?: SamplingSettings;
  /** Most tokens of an answer. @default 512 */
  readonly maxTokens?: number;
  /** The ks of pass@k. @default 1, 10 and 100, as far as there are that many answers */
  readonly ks?: readonly number[];
  readonly limits?: Partial<SandboxLimits>;
  /** Answers in progress at the same time. @default 16 */
  readonly parallel?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: CodeProgress) => void;
}

/** How far an evaluation is. */
export interface CodeProgress {
  /** Answers, with those that were kept from before. */
  readonly done: number;
  readonly kept: number;
  readonly total: number;
  readonly passed: number;
}

/** pass@k of a level of problems, or of `all`. */
export interface CodeScore {
  readonly level: string;
  readonly k: number;
  readonly estimate: Estimate;
}

/** What an evaluation found. */
export interface CodeScores {
  readonly answers: readonly CodeAnswer[];
  readonly scores: readonly CodeScore[];
}

/** The file of the answers of a model, with what they depend on besides the problems. */
export function codeAnswersFile(
  { identity }: Pick<CodeSubject, "identity">,
  { sampling = GREEDY, maxTokens = MAX_TOKENS }: Pick<CodeEvaluationOptions, "sampling" | "maxTokens">,
): KeptFile {
  const { seed = 0, ...drawn } = sampling;
  return { name: ANSWERS_FILE, conditions: { ...identity, ...drawn, seed, maxTokens } };
}

const GREEDY: SamplingSettings = { temperature: 0 };
const MAX_TOKENS = 512;

/**
 * Samples answers to problems and judges them. Every prompt, answer and verdict is kept in {@linkcode ANSWERS_FILE} as
 * soon as it is there; what the file has is not asked again.
 *
 * @throws UserError `code.samples` for numbers that do not fit each other, `code.length`, `evaluation.*`,
 * `sandbox.start`, and as the engine does; the signal's reason when it is aborted
 */
export async function evaluateCode(
  problems: readonly Problem[],
  subject: CodeSubject,
  { folder, samples = 1, sampling = GREEDY, maxTokens = MAX_TOKENS, ...options }: CodeEvaluationOptions,
): Promise<CodeScores> {
  const ks = options.ks ?? [1, 10, 100].filter((k) => k <= samples);
  checkNumbers(samples, ks, sampling);
  const { seed = 0, ...drawn } = sampling;
  for (const problem of problems) checkLength(problem, subject);
  const { name, conditions } = codeAnswersFile(subject, { sampling, maxTokens });
  using file = await openAnswers(join(folder, name), conditions);
  const wanted = problems.flatMap((problem) => {
    const version = versionOf(problem);
    return Array.from({ length: samples }, (_, sample) => ({ problem, version, sample }));
  });
  const known = wanted.flatMap(({ problem, ...key }) => file.kept({ ...key, problem: problem.id }) ?? []);
  let [done, passed] = [known.length, known.filter(({ outcome }) => outcome === "passed").length];
  const show = () => options.onProgress?.({ done, kept: known.length, total: wanted.length, passed });
  show();
  await using thread = startJudge();
  const answers = await inParallel(wanted, options.parallel ?? 16, async ({ problem, version, sample }) => {
    const key: AnswerKey = { problem: problem.id, version, sample };
    const before = file.kept(key);
    if (before !== undefined) return before;
    const request = { maxTokens, sampling: { ...drawn, seed: hash32(seed, problem.id, sample) } };
    const answer = await ask(problem, subject, request, options.signal);
    const found = await judged(thread, problem, key, answer, options.limits);
    file.add(found);
    done++;
    if (found.outcome === "passed") passed++;
    show();
    return found;
  });
  return { answers, scores: scoresOf(answers, samples, ks) };
}

function checkNumbers(samples: number, ks: readonly number[], { temperature = 1 }: SamplingSettings): void {
  if (!Number.isSafeInteger(samples) || samples < 1) {
    throw new UserError("code.samples", `The number of answers must be a whole number from 1, not ${samples}`);
  }
  if (samples > 1 && temperature === 0) {
    throw new UserError(
      "code.samples",
      `${samples} greedy answers to a problem are all the same`,
      "give a temperature above 0, or ask for one answer",
    );
  }
  const wrong = ks.find((k) => !Number.isSafeInteger(k) || k < 1 || k > samples);
  if (wrong !== undefined) {
    throw new UserError("code.samples", `pass@${wrong} needs a whole k from 1 to the number of answers, ${samples}`);
  }
}

/** @throws UserError `code.length` */
function checkLength(problem: Problem, { prompt, contextLength }: CodeSubject): void {
  const { length } = prompt(problem).ids;
  if (length < contextLength) return;
  throw new UserError(
    "code.length",
    `The prompt of the problem ${problem.id} has ${length} tokens, and the model's context of ${contextLength} has no ` +
      "place for an answer",
    "choose shorter problems with --level or --problems, or a model with a longer context",
  );
}

/** A hash of what an answer and its verdict depend on. */
export function versionOf({ prompt, entryPoint, tests, tolerance }: Problem): string {
  return createHash("sha256").update(JSON.stringify([prompt, entryPoint, tests, tolerance])).digest("hex").slice(0, 16);
}

type Written = Pick<CodeAnswer, "prompt" | "answer" | "tokens" | "finish">;

async function ask(
  problem: Problem,
  { engine, prompt }: CodeSubject,
  request: { readonly maxTokens: number; readonly sampling: SamplingSettings },
  signal: AbortSignal | undefined,
): Promise<Written> {
  signal?.throwIfAborted();
  const { text, ids } = prompt(problem);
  let answer = "";
  let tokens = 0;
  const generation = engine.generate({ prompt: ids, ...request, ...(signal === undefined ? {} : { signal }) });
  try {
    for (;;) {
      const { done, value } = await generation.next();
      signal?.throwIfAborted();
      answer += value.text;
      if (done) return { prompt: text, answer, tokens, finish: value.finish === "length" ? "length" : "stop" };
      tokens++;
      if (isDecided(problem, answer)) return { prompt: text, answer, tokens, finish: "stop" };
    }
  } finally {
    await generation.return(undefined as never); // frees its place
  }
}

async function judged(
  thread: JudgeThread,
  problem: Problem,
  key: AnswerKey,
  written: Written,
  limits: Partial<SandboxLimits> | undefined,
): Promise<CodeAnswer> {
  const program = programOf(problem, written.answer);
  const verdict = await thread.judge(problem, program, limits);
  return { ...key, level: problem.level, ...written, program, ...verdict, tests: problem.tests.length };
}

/** pass@k of all problems, and of each level if there are several. */
function scoresOf(answers: readonly CodeAnswer[], samples: number, ks: readonly number[]): CodeScore[] {
  const attempts = [...Map.groupBy(answers, ({ problem }) => problem).values()].map((own) => ({
    level: own[0]!.level,
    n: samples,
    c: own.filter(({ outcome }) => outcome === "passed").length,
  }));
  const levels = [...new Set(attempts.map(({ level }) => level))];
  return ["all", ...(levels.length > 1 ? levels : [])].flatMap((level) => {
    const some = attempts.filter((one) => level === "all" || one.level === level);
    return ks.map((k) => ({ level, k, estimate: meanPassAtK(some, k) }));
  });
}
