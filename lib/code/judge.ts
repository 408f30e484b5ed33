// Verdicts on programs: each runs in the sandbox, and what it returns is compared here, in this process.
import {
  encodedEquals,
  encodedText,
  type FailureKind,
  inParallel,
  type SandboxLimits,
  startProgram,
} from "../sandbox/mod.ts";
import type { Problem } from "./problem.ts";
import { programOf } from "./program.ts";

/** `passed`; `wrong`: a value that is not the expected one; otherwise, why there was no value. */
export type Outcome = "passed" | "wrong" | FailureKind;

/** What became of a program. */
export interface Verdict {
  readonly outcome: Outcome;
  /** Tests that it passed, in order, before the first that it failed. */
  readonly passedTests: number;
  /** What it did wrong; empty when it passed. */
  readonly detail: string;
}

/**
 * Runs a program on the tests of a problem, up to the first that it fails.
 *
 * @throws UserError `sandbox.start` when this machine cannot start the sandbox
 */
export async function judge(
  problem: Problem,
  program: string,
  limits: Partial<SandboxLimits> = {},
): Promise<Verdict> {
  await using running = await startProgram(program, problem.entryPoint, limits);
  for (const [passedTests, { inputs, expected }] of problem.tests.entries()) {
    const result = await running.call(inputs);
    if (result.kind !== "returned") return { outcome: result.kind, passedTests, detail: result.detail };
    if (!encodedEquals(result.value, expected, problem.tolerance)) {
      const call = `${problem.entryPoint}(${inputs.map((input) => encodedText(input, 100)).join(", ")})`;
      const detail = `${call} returned ${encodedText(result.value)}, not ${encodedText(expected)}`;
      return { outcome: "wrong", passedTests, detail };
    }
  }
  return { outcome: "passed", passedTests: problem.tests.length, detail: "" };
}

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
 * Verdicts on answers, wherever they come from, in their order.
 *
 * @throws UserError `sandbox.start` when this machine cannot start the sandbox
 */
export function judgeAnswers(
  answers: readonly Answer[],
  { limits, parallel = Math.min(8, navigator.hardwareConcurrency), onVerdict }: JudgeOptions = {},
): Promise<JudgedAnswer[]> {
  return inParallel(answers, parallel, async ({ problem, completion }, index) => {
    const program = programOf(problem, completion);
    const judged = { ...await judge(problem, program, limits), program };
    onVerdict?.(judged, index);
    return judged;
  });
}
