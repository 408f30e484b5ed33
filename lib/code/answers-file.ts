// The file of a model's answers and their verdicts: a line each, kept as it is made, so that a stopped evaluation goes on.
import { z } from "zod";
import { openKeptLines } from "../run/mod.ts";
import type { AnswerSchema } from "./inferred-types.ts";

const answerSchema: AnswerSchema = z.strictObject({
  /** The problem's id, and a hash of its prompt and tests. */
  problem: z.string(),
  version: z.string(),
  level: z.string(),
  /** Number of the answer to this problem, from 0. */
  sample: z.int().nonnegative(),
  /** What the model read. */
  prompt: z.string(),
  /** What it wrote, and in how many tokens. */
  answer: z.string(),
  tokens: z.int().nonnegative(),
  /** Why it ended: by itself or as no more was needed, or at the limit of tokens. */
  finish: z.enum(["stop", "length"]),
  program: z.string(),
  outcome: z.enum(["passed", "wrong", "syntax", "entry-point", "threw", "time", "memory", "output", "exited"]),
  passedTests: z.int().nonnegative(),
  tests: z.int().positive(),
  detail: z.string(),
});

/** A model's answer to a problem, and what became of it. */
export type CodeAnswer = z.infer<typeof answerSchema>;

/** What tells an answer from others. */
export type AnswerKey = Pick<CodeAnswer, "problem" | "version" | "sample">;

/** An open file of answers. */
export interface AnswersFile extends Disposable {
  kept(key: AnswerKey): CodeAnswer | undefined;
  add(answer: CodeAnswer): void;
}

const keyOf = ({ problem, version, sample }: AnswerKey) => JSON.stringify([problem, version, sample]);

/**
 * Opens the file at `path` with the answers that it has.
 *
 * @param conditions what answers depend on besides the problem: the model, how it is asked, how it samples
 * @throws UserError as {@linkcode openKeptLines} does
 */
export async function openAnswers(path: string, conditions: Readonly<Record<string, unknown>>): Promise<AnswersFile> {
  const lines = await openKeptLines(path, { conditions, read: (json) => answerSchema.parse(json), keyOf });
  return {
    kept: (key) => lines.get(keyOf(key)),
    add: lines.add,
    [Symbol.dispose]: () => lines[Symbol.dispose](),
  };
}
