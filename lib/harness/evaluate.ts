// Evaluating a model on tasks of the harness: every document is asked, kept and scored.
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { hash32 } from "../random.ts";
import { checkKeptFiles, type KeptFile } from "../run/mod.ts";
import { answerFiles, checkLength } from "./answer-files.ts";
import { type Answered, type AnswersFile, openAnswers, type Response } from "./answers-file.ts";
import { aggregate, aggregateGroup, type Score } from "./aggregate.ts";
import { generateAnswer, scoreRequests } from "./ask.ts";
import type { TaskConfig } from "./config.ts";
import { type MetricValue, scoreAnswer, scoreContinuation, type Scored, scoreQuestion, scoreText } from "./metrics.ts";
import type { Subject } from "./subject.ts";
import { type HarnessTask, type Item, openTask, type Request } from "./task.ts";
import type { TaskSet } from "./task-files.ts";
import { withinSeconds } from "./within-seconds.ts";

/** The results of a task. */
export interface TaskScores {
  readonly config: TaskConfig;
  /** Documents asked, and in the data. */
  readonly asked: number;
  readonly size: number;
  /** The expected share of right answers of guessing; null if it is unknown. */
  readonly chance: number | null;
  /** Hashes of its settings and of its documents. */
  readonly versions: { readonly task: string; readonly documents: string };
  readonly scores: readonly Score[];
}

/** The results of a group. */
export interface GroupScores {
  readonly name: string;
  readonly alias: string;
  /** Names of its tasks. */
  readonly members: readonly string[];
  readonly scores: readonly Score[];
}

/** What an evaluation found. */
export interface HarnessScores {
  readonly tasks: readonly TaskScores[];
  readonly groups: readonly GroupScores[];
}

/** Progress of an evaluation. */
export interface HarnessProgress {
  readonly task: string;
  /** Documents answered, of which `kept` were before, and in total, over all tasks. */
  readonly done: number;
  readonly kept: number;
  readonly total: number;
}

/** How to evaluate. */
export interface HarnessOptions {
  /** The folder of the answers: one file for each task. */
  readonly folder: string;
  /** What identifies the model, so that answers of another one are not taken for its own. */
  readonly identity: string;
  /** The first documents of each task; below 1 a share of them. @default all */
  readonly limit?: number | undefined;
  /** Rows per batch. @default 8 */
  readonly batch?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: HarnessProgress) => void;
}

/** Documents that are asked together: scores of similar length share batches, and a stop loses at most these. */
const CHUNK = 32;

/**
 * Puts tasks to a model. Answers that its files have already are not asked for again. What does not fit the model or the
 * files is found before the first document is asked.
 *
 * @throws UserError `harness.length`, `evaluation.conditions`, and naming the document that cannot be asked; what was answered
 *   before is kept
 */
export async function evaluateTasks(
  { tasks, groups }: TaskSet,
  subject: Subject,
  options: HarnessOptions,
): Promise<HarnessScores> {
  const files = answerFiles(tasks, subject, options.identity);
  await checkKeptFiles(options.folder, files);
  const opened: { readonly task: HarnessTask; readonly items: readonly Item[]; readonly file: KeptFile }[] = [];
  for (const [i, config] of tasks.entries()) {
    checkLength(config, subject);
    const task = await openTask(config);
    opened.push({ task, items: task.items(limitOf(options.limit, task.size)), file: files[i]! });
  }
  const total = opened.reduce((sum, { items }) => sum + items.length, 0);
  const found: TaskScores[] = [];
  const values = new Map<string, readonly MetricValue[]>();
  let [before, kept] = [0, 0];
  for (const { task: { config, size, versions }, items, file: { name, conditions } } of opened) {
    using file = await openAnswers(join(options.folder, name), conditions);
    const answered = await answer(config, items, subject, file, options, (done, ours) => {
      options.onProgress?.({ task: config.name, done: before + done, kept: kept + ours, total });
      if (done === items.length) kept += ours;
    });
    await file.finish(answered);
    before += items.length;
    const scores = config.filters.flatMap((filter) =>
      config.metrics.map((metric) => {
        const list = answered.map(({ metrics }) => metrics[filter.name]![metric.name]!);
        values.set(JSON.stringify([config.name, metric.name, filter.name]), list);
        return aggregate(metric, filter.name, list);
      })
    );
    found.push({ config, asked: items.length, size, chance: chanceOf(items), versions, scores });
  }
  return {
    tasks: found,
    groups: groups.map((group) => {
      const { name, alias, tasks: members } = group;
      return { name, alias, members, scores: groupScores(group, found, values) };
    }),
  };
}

function limitOf(limit: number | undefined, size: number): number | undefined {
  return limit !== undefined && limit < 1 ? Math.ceil(limit * size) : limit;
}

/** Answers the items, those that the file does not have with the model. */
async function answer(
  config: TaskConfig,
  items: readonly Item[],
  subject: Subject,
  file: AnswersFile,
  { batch, signal }: HarnessOptions,
  onProgress: (done: number, kept: number) => void,
): Promise<Answered[]> {
  const answers = new Map<Item, Answered>();
  for (const item of items) {
    const responses = file.responses(item);
    if (responses !== undefined) answers.set(item, judged(config, item, responses));
  }
  const kept = answers.size;
  onProgress(kept, kept);
  const missing = items.filter((item) => !answers.has(item));
  const add = (item: Item, responses: readonly (readonly Response[])[]) => {
    const one = judged(config, item, responses);
    answers.set(item, one);
    file.add(one);
    onProgress(answers.size, kept);
  };
  for (let at = 0; at < missing.length; at += CHUNK) {
    signal?.throwIfAborted();
    const chunk = missing.slice(at, at + CHUNK);
    if (config.outputType === "generate_until") {
      // All at once, each kept as soon as it is complete; of several errors the first document's counts.
      const ends = await Promise.allSettled(
        chunk.map(async (item) => add(item, await generated(config, item, subject, signal))),
      );
      for (const end of ends) if (end.status === "rejected") throw end.reason;
    } else {
      const responses = await scored(chunk, subject, { batch, signal });
      chunk.forEach((item, i) => add(item, responses[i]!));
    }
  }
  return items.map((item) => answers.get(item)!);
}

/** The document of an item, for what the harness itself would stop at. */
function atDocument({ document }: Item, error: unknown): unknown {
  if (error instanceof UserError || !(error instanceof Error) || error.constructor !== Error) return error;
  return new UserError("harness.request", `${document.place}: cannot be asked: ${error.message}`);
}

async function scored(
  items: readonly Item[],
  subject: Subject,
  options: { readonly batch: number | undefined; readonly signal: AbortSignal | undefined },
): Promise<Response[][][]> {
  const requests = items.flatMap((item) => item.requests) as Exclude<Request, { kind: "generation" }>[];
  const { batch, signal } = options;
  const scores = await scoreRequests(subject, requests, { ...(batch === undefined ? {} : { batch }), signal })
    .catch(async (error) => {
      // Which document it is, one by one.
      if (items.length === 1) throw atDocument(items[0]!, error);
      for (const item of items) await scored([item], subject, options);
      throw error;
    });
  let next = 0;
  return items.map((item) => item.requests.map(() => [scores[next++]!]));
}

/** The answers to an item: one for each repeat. Greedy ones are equal. */
async function generated(
  { generation, repeats }: TaskConfig,
  item: Item,
  subject: Subject,
  signal: AbortSignal | undefined,
): Promise<Response[][]> {
  const { context } = item.requests[0] as Extract<Request, { kind: "generation" }>;
  try {
    if (generation.temperature === 0) {
      return [Array(repeats).fill(await generateAnswer(subject, context, generation, { signal }))];
    }
    const seeds = Array.from({ length: repeats }, (_, repeat) => hash32("answer", item.id, repeat));
    return [await Promise.all(seeds.map((seed) => generateAnswer(subject, context, generation, { seed, signal })))];
  } catch (error) {
    throw atDocument(item, error);
  }
}

/** What the responses to an item are worth. */
function judged(config: TaskConfig, item: Item, responses: readonly (readonly Response[])[]): Answered {
  const filtered: Record<string, string> = {};
  const metrics: Record<string, Record<string, MetricValue>> = {};
  for (const { name, apply } of config.filters) {
    const scores = responses.map(([first]) => first as Scored);
    switch (config.outputType) {
      case "multiple_choice":
        metrics[name] = scoreQuestion(config.metrics, item.question!, scores);
        break;
      case "loglikelihood":
        metrics[name] = scoreContinuation(config.metrics, scores[0]!);
        break;
      case "loglikelihood_rolling":
        metrics[name] = scoreText(config.metrics, item.target as string, scores[0]!.logLikelihood);
        break;
      case "generate_until": {
        const texts = responses[0]!.map((one) => (one as { readonly text: string }).text);
        try {
          filtered[name] = withinSeconds(`the filter ${name}'s expressions`, () => apply(texts, item.document.fields));
          metrics[name] = withinSeconds(
            "the metrics' expressions",
            () => scoreAnswer(config.metrics, filtered[name]!, item.wanted),
          );
        } catch (error) {
          throw atDocument(item, error);
        }
      }
    }
  }
  return { item, responses, filtered, metrics };
}

/** Of multiple-choice questions: the mean share of right choices. */
function chanceOf(items: readonly Item[]): number | null {
  const questions = items.flatMap(({ question }) => question ?? []);
  if (questions.length === 0) return null;
  return questions.reduce((sum, { choices, right }) => sum + new Set(right).size / choices.length, 0) /
    questions.length;
}

function groupScores(
  { metrics, tasks: names }: TaskSet["groups"][number],
  found: readonly TaskScores[],
  values: ReadonlyMap<string, readonly MetricValue[]>,
): Score[] {
  const tasks = found.filter(({ config }) => names.includes(config.name));
  return metrics.flatMap((one) => {
    const all = tasks.flatMap(({ scores }) => scores.filter(({ metric }) => metric === one.metric));
    const filters = one.filters ?? [...new Set(all.map(({ filter }) => filter))].sort();
    return filters.flatMap((filter) => {
      const parts = tasks.flatMap(({ config, scores }) =>
        scores.filter((score) => score.metric === one.metric && score.filter === filter)
          .map((score) => ({ score, list: values.get(JSON.stringify([config.name, one.metric, filter]))! }))
      );
      return parts.length === 0
        ? []
        : [aggregateGroup(one, parts.map(({ score }) => score), parts.map(({ list }) => list))];
    });
  });
}
