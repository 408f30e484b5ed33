// Verdicts on models' answers, wherever they come from.
import { inParallel } from "../in-parallel.ts";
import type { SandboxLimits } from "../sandbox/mod.ts";
import { startJudge } from "./judge-thread.ts";
import type { Verdict } from "./judge.ts";
import type { Problem } from "./problem.ts";
import { programOf } from "./program.ts";

/** A model's answer to a problem: all that it wrote. */
export interface Answer {
  readonly problem: Problem;
  readonly completion: string;
}

/** A verdict, and the program that was found in the answer. */
export interface JudgedAnswer extends Verdict {
  readonly program: string;
}

/** How answers are judged. */
export interface JudgeOptions {
  readonly limits?: Partial<SandboxLimits>;
  /** Programs that run at the same time. @default the number of cores, at most 8 */
  readonly parallel?: number;
  /** Hears each verdict as soon as it is there. */
  readonly onVerdict?: (verdict: JudgedAnswer, index: number) => void;
}

/**
 * Verdicts on answers, in their order. The programs run in the sandbox, several at a time.
 *
 * @throws UserError `sandbox.start` when this machine cannot start the sandbox
 */
export async function judgeAnswers(
  answers: readonly Answer[],
  { limits, parallel, onVerdict }: JudgeOptions = {},
): Promise<JudgedAnswer[]> {
  await using thread = startJudge(parallel);
  return await inParallel(answers, answers.length, async ({ problem, completion }, index) => {
    const program = programOf(problem, completion);
    const judged = { ...await thread.judge(problem, program, limits), program };
    onVerdict?.(judged, index);
    return judged;
  });
}
