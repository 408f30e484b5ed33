// Measures of classifiers: scikit-learn's values, and the harness's standard errors of them.
import assert from "node:assert/strict";
import { aggregate } from "../../lib/harness/aggregate.ts";
import { type Classified, f1Score, matthewsCorrelation } from "../../lib/harness/classification.ts";
import type { Metric } from "../../lib/harness/metrics.ts";
import { PYTHON } from "./expected.ts";

const close = (own: number, expected: number, what: string) =>
  assert.ok(Math.abs(own - expected) < 1e-12, `${what}: ${own}, not ${expected}`);

const METRICS: readonly (Metric & { readonly compute: (pairs: readonly Classified[]) => number })[] = [
  { name: "f1", aggregation: "f1", better: "higher", compute: f1Score },
  { name: "mcc", aggregation: "matthews_corrcoef", better: "higher", compute: matthewsCorrelation },
];

Deno.test("`f1Score()` and `matthewsCorrelation()` are scikit-learn's, their standard errors the harness's", () => {
  let [values, errors] = [0, 0];
  for (const expected of PYTHON.classification) {
    const pairs = expected.pairs as unknown as Classified[];
    for (const { compute, ...metric } of METRICS) {
      const what = `${metric.name} of ${JSON.stringify(pairs)}`;
      const value = (expected.values as Readonly<Record<string, number>>)[metric.name];
      if (value === undefined) continue;
      close(compute(pairs), value, what);
      const { stderr, interval } = aggregate(metric, "none", pairs, 1000);
      assert.ok(interval![0] <= value && value <= interval![1]);
      values++;
      const error = (expected.errors as Readonly<Record<string, number>>)[metric.name];
      if (error === undefined) continue;
      close(stderr!, error, what);
      errors++;
    }
  }
  assert.deepEqual([values, errors], [9, 3]);
});
