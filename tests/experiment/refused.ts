// What an experiment's command line refuses, in this process: most mistakes need no process of their own.
import assert from "node:assert/strict";
import type { z } from "zod";
import { explainError, UserError } from "../../lib/errors.ts";
import { type Experiment, experimentCommand } from "../../lib/experiment/mod.ts";
import { printed } from "../printed.ts";

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
  const out = await printed(() =>
    assert.rejects(experimentCommand(experiment, [...args, "--no-serve", "--device", "cpu"]), (error) => {
      assert.ok(error instanceof UserError, String(error));
      const said = explainError(error);
      assert.match(said, message);
      assert.match(said, /^.*(\n {2}hint: .*)?$/);
      return true;
    })
  );
  assert.equal(out, "");
}
