// Measures of translations, and other ways to put numbers together: the harness's values and standard errors.
import assert from "node:assert/strict";
import { aggregate } from "../../lib/harness/aggregate.ts";
import type { Aggregation, MetricValue } from "../../lib/harness/metrics.ts";
import { PYTHON } from "./expected.ts";

function compare(aggregation: Aggregation, values: readonly MetricValue[], value: number, error: number): void {
  const found = aggregate({ name: aggregation, aggregation, better: "higher" }, "none", values, 1000);
  const what = `${aggregation} of ${JSON.stringify(values)}`;
  const close = (own: number, expected: number) =>
    assert.ok(Math.abs(own - expected) <= 1e-9 * Math.max(1, expected), `${what}: ${own}, not ${expected}`);
  close(found.value, value);
  if (values.length === 1) {
    return assert.deepEqual([found.stderr, aggregation === "nanmean" || found.interval], [
      null,
      aggregation === "nanmean" || null,
    ]);
  }
  close(found.stderr!, error);
  assert.ok(found.interval![0] <= found.interval![1]);
}

Deno.test("BLEU, chrF, chrF++ and the edit rate are sacrebleu's, their standard errors the harness's", () => {
  for (const { pairs, values, errors } of PYTHON.translation) {
    for (const name of ["bleu", "chrf", "chrf++", "ter"] as const) {
      compare(name, pairs as unknown as (readonly [string, string])[], values[name], errors[name]);
    }
  }
  assert.ok(PYTHON.translation.some(({ values }) => values.bleu > 0 && values.ter > 0));
});

Deno.test("`nanmean` and `median` are the harness's", () => {
  for (const { values, nanmean, median } of PYTHON.numbers) {
    compare("nanmean", values, nanmean[0]!, nanmean[1]!);
    compare("median", values, median[0]!, median[1]!);
  }
});
