// Puts problems to a method at several allowances, and says of each answer whether it is right and what it cost.
import { z } from "zod";
import { inParallel } from "../in-parallel.ts";
import { type AttemptContext, beginAttempt, type Team } from "./attempt.ts";
import { type Call, sequentialTokens, totalTokens } from "./budget.ts";
import { type MethodName, METHODS } from "./methods.ts";
import type { MathProblem } from "./problem.ts";
import type { Replies } from "./replies.ts";
import { type RefineSettings, settingsWithin } from "./settings.ts";
import type { AttemptedSchema } from "./inferred-types.ts";

const countSchema = z.int().nonnegative();

export const attemptedSchema: AttemptedSchema = z.strictObject({
  problem: z.string(),
  level: z.string(),
  /** Most tokens in and out over all calls. */
  allowance: countSchema,
  /** The answer in lowest terms; null if none was stated. */
  answer: z.string().nullable(),
  right: z.boolean(),
  /** B_total and B_seq: tokens in and out over all calls, and along the longest chain of them. */
  total: countSchema,
  sequential: countSchema,
  /** Number of calls; 0 if the allowance or the context had no room for an answer. */
  calls: countSchema,
});

/** What an attempt came to. */
export type Attempted = z.infer<typeof attemptedSchema>;

/** An attempt with everything that it did, for the file of attempts. */
export interface AttemptRecord extends Attempted {
  readonly question: string;
  readonly wanted: string;
  /** The accepted solution. */
  readonly text: string;
  /** Its calls in order; `after` has their indices, `request` names a line of the file of replies. */
  readonly trace: readonly (Omit<Call, "after"> & { readonly after: readonly number[] })[];
}

/** What is asked of whom. */
export interface RefineEvaluation {
  readonly team: Team;
  readonly settings: RefineSettings;
  readonly allowances: readonly number[];
  readonly rngSeed: number;
  readonly replies: Replies;
  /** Attempts in progress at the same time. */
  readonly parallel: number;
  readonly signal?: AbortSignal | undefined;
  /** Called after each attempt. */
  readonly onProgress?: (attempts: readonly AttemptRecord[], all: number) => void;
}

/**
 * Solves every problem with a method, at every allowance.
 *
 * @returns by allowance, then by problem, in their order
 * @throws as writers do; what was replied until then is in `replies`
 */
export async function solveAll(
  method: MethodName,
  problems: readonly MathProblem[],
  { allowances, parallel, onProgress, ...evaluation }: RefineEvaluation,
): Promise<AttemptRecord[]> {
  const wanted = allowances.flatMap((allowance) => problems.map((problem) => ({ problem, allowance })));
  const done: AttemptRecord[] = [];
  return await inParallel(wanted, parallel, async ({ problem, allowance }) => {
    const record = await solve(method, problem, allowance, evaluation);
    done.push(record);
    onProgress?.(done, wanted.length);
    return record;
  });
}

/** One attempt. */
export async function solve(
  method: MethodName,
  problem: MathProblem,
  allowance: number,
  { team, settings, ...context }: Omit<AttemptContext, "problem">,
): Promise<AttemptRecord> {
  const { contextLength } = team.main;
  const attempt = beginAttempt(
    { ...context, team, problem, settings: settingsWithin(settings, contextLength) },
    allowance,
  );
  const accepted = await METHODS[method](attempt);
  const answer = accepted === undefined ? undefined : team.format.answerOf(accepted.text);
  const { calls } = attempt;
  return {
    problem: problem.id,
    level: problem.level,
    allowance,
    answer: answer ?? null,
    right: answer === problem.answer,
    total: totalTokens(calls),
    sequential: sequentialTokens(accepted?.last ?? []),
    calls: calls.length,
    question: problem.question,
    wanted: problem.answer,
    text: accepted?.text ?? "",
    trace: calls.map(({ after, ...call }) => ({ ...call, after: after.map((one) => calls.indexOf(one)) })),
  };
}
