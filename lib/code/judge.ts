// Verdicts on programs: each runs in the sandbox, and what it returns is compared here, in this process.
import { encodedEquals, encodedText, type FailureKind, type SandboxLimits, startProgram } from "../sandbox/mod.ts";
import type { Problem } from "./problem.ts";

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
 * Runs a program on the tests of a problem, up to the first that it fails. The limit of time other than the processor's
 * holds only if this thread is not busy with other things.
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
