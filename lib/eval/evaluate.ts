// Evaluates one model: bits per byte by domain, their mean, and the tasks.
import type { Tokenizer } from "../data/mod.ts";
import type { LanguageModel } from "../model/mod.ts";
import type { Estimate, MethodResult } from "../run/mod.ts";
import { documentLosses } from "./bits-per-byte.ts";
import {
  bootstrapBitsPerByte,
  type BootstrapOptions,
  type DocumentLosses,
  type DocumentsEstimate,
} from "./intervals.ts";
import { scoreTask } from "./score.ts";
import type { Task } from "./task.ts";
import type { EvaluationOptions } from "./types.ts";
import type { EvaluationWindow } from "./windows.ts";

/** The data that every method is scored on. */
export interface EvaluationSet {
  /** Windows by domain, in the order of the tables; each domain has at least one. */
  readonly windows: Readonly<Record<string, readonly EvaluationWindow[]>>;
  readonly tasks: readonly Task[];
  readonly tokenizer: Tokenizer;
}

/** Progress of an evaluation. */
export interface EvaluationProgress {
  /** Domain or task being scored. */
  readonly part: string;
  /** Rows (windows, candidates, prompts) done, and in total, over all parts. */
  readonly done: number;
  readonly total: number;
}

/** A method's scores in the form of the event log, and the losses for paired comparisons. */
export interface Evaluation {
  /** `bpb` and, with enough documents, `bpbInterval` by domain and for `mean` (of the domains, unweighted); tasks by name. */
  readonly scores: Omit<MethodResult, "parameters">;
  /** By domain, for {@linkcode pairedDifference}. */
  readonly documents: Readonly<Record<string, DocumentLosses>>;
}

/**
 * Scores a model.
 *
 * @throws UserError `eval.not-finite`
 */
export async function evaluate(
  model: LanguageModel,
  { windows, tasks, tokenizer }: EvaluationSet,
  { batch, signal, onProgress, onRow, knownLosses, ...bootstrap }:
    & BootstrapOptions
    & Pick<EvaluationOptions, "onRow" | "knownLosses">
    & {
      /** Rows per batch. @default 8 */
      readonly batch?: number;
      readonly signal?: AbortSignal | undefined;
      readonly onProgress?: (progress: EvaluationProgress) => void;
    } = {},
): Promise<Evaluation> {
  const domains = Object.entries(windows);
  const total = domains.reduce((sum, [, windows]) => sum + windows.length, 0) +
    tasks.reduce((sum, task) => sum + rowsOf(task), 0);
  let before = 0;
  const part = (name: string): EvaluationOptions => ({
    ...(batch === undefined ? {} : { batch }),
    signal,
    onRow,
    knownLosses,
    onProgress: (done) => onProgress?.({ part: name, done: before + done, total }),
  });

  const documents: Record<string, DocumentLosses> = {};
  const estimates: Record<string, DocumentsEstimate> = {};
  for (const [domain, list] of domains) {
    documents[domain] = await documentLosses(model, list, part(domain));
    estimates[domain] = bootstrapBitsPerByte([documents[domain]], bootstrap);
    before += list.length;
  }
  estimates["mean"] = bootstrapBitsPerByte(Object.values(documents), bootstrap);
  const scores: Record<string, Estimate> = {};
  for (const task of tasks) {
    scores[task.name] = await scoreTask(model, task, tokenizer, part(task.name));
    before += rowsOf(task);
  }
  const bpb = Object.fromEntries(Object.entries(estimates).map(([domain, { value }]) => [domain, value]));
  const bpbInterval = Object.fromEntries(
    Object.entries(estimates).flatMap(([domain, { low, high, ...rest }]): [string, Estimate][] =>
      low === null || high === null ? [] : [[domain, { ...rest, low, high }]]
    ),
  );
  return { scores: { bpb, bpbInterval, tasks: scores }, documents };
}

/** Number of rows that a task runs through the model. */
function rowsOf(task: Task): number {
  return task.kind === "choice"
    ? task.items.reduce((sum, { choices }) => sum + (task.scoring === "gain" ? 2 : 1) * choices.length, 0)
    : task.items.length;
}
