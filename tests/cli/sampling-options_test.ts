// Sampling settings of the command line.
import assert from "node:assert/strict";
import { readSamplingOptions } from "../../lib/cli/sampling-options.ts";

Deno.test("`readSamplingOptions()` names the option that is out of range as it is typed", () => {
  const wrong = [["topP", "2", "--top-p"], ["repetitionPenalty", "0", "--repetition-penalty"], [
    "seed",
    "1.5",
    "--seed",
  ]];
  for (const [name, value, option] of wrong as [string, string, string][]) {
    assert.throws(() => readSamplingOptions({ [name]: value }), {
      code: "generate.sampling",
      message: new RegExp(`^${option} cannot be ${value}: expected `),
    });
  }
  assert.deepEqual(readSamplingOptions({ topP: "0.5", other: "x" }), { topP: 0.5 });
});
