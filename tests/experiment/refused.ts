// What an experiment's command line refuses, in this process: most mistakes need no process of their own.
import assert from "node:assert/strict";
import type { z } from "zod";
import { explainError, UserError } from "../../lib/errors.ts";
import { experimentCommand } from "../../lib/experiment/driver.ts";
import type { Experiment } from "../../lib/experiment/mod.ts";

/**
 * Asserts that a command line is a user's mistake, for which a process ends with exit code 2: one sentence and a hint, and
 * nothing on stdout.
 *
 * @param message matched against the sentence and the hint
 */
export async function assertRefused<Schema extends z.ZodType, Prepared>(
  experiment: Experiment<Schema, Prepared>,
  args: readonly string[],
  message: RegExp,
): Promise<void> {
  const printed: unknown[] = [];
  const { log } = console;
  console.log = (...words) => void printed.push(...words);
  try {
    await assert.rejects(experimentCommand(experiment, [...args, "--no-serve", "--device", "cpu"]), (error) => {
      assert.ok(error instanceof UserError, String(error));
      const said = explainError(error);
      assert.match(said, message);
      assert.match(said, /^.*(\n {2}hint: .*)?$/);
      return true;
    });
  } finally {
    console.log = log;
  }
  assert.deepEqual(printed, []);
}
