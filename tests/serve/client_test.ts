// The pure parts of the pages' code: formats, tables and choices.
import assert from "node:assert/strict";
import {
  bytes,
  change,
  clock,
  compact,
  duration,
  fixed,
  measured,
  when,
  words,
} from "../../lib/serve/client/format.ts";
import { bpbTable, methodName, taskTable } from "../../lib/serve/client/results.ts";
import { bestOf } from "../../lib/serve/client/table.ts";
import { curvesOf } from "../../lib/serve/client/chart.ts";
import { demoResults } from "./demo_log.ts";

Deno.test("`duration()` and `clock()` read well at every scale", () => {
  const cases = [
    [0.02, "20 ms"],
    [2.31, "2.3 s"],
    [9.97, "10 s"],
    [59.4, "59 s"],
    [59.6, "1 min 00 s"],
    [187, "3 min 07 s"],
    [3599.7, "1 h 00 min"],
    [-1, "–"],
    [NaN, "–"],
  ] as const;
  for (const [seconds, text] of cases) assert.equal(duration(seconds), text);
  for (const [seconds, text] of [[0, "0:00"], [42, "0:42"], [725, "12:05"], [3725, "1:02:05"], [-3, "0:00"]] as const) {
    assert.equal(clock(seconds), text);
  }
});

Deno.test("`measured()`, `compact()`, `fixed()`, `bytes()` and `change()` keep what matters of a number", () => {
  const cases = [[null, "not finite"], [0, "0"], [2.41234, "2.412"], [0.0015, "0.0015"], [3e-4, "3.0e-4"], [
    4321.7,
    "4,322",
  ], [-1.5, "-1.500"]] as const;
  for (const [value, text] of cases) assert.equal(measured(value), text);
  for (
    const [value, text] of [[950, "950"], [4200, "4.2k"], [99_960, "100k"], [1_310_848, "1.3M"], [2.7e9, "2.7B"], [
      2e6,
      "2M",
    ]] as const
  ) {
    assert.equal(compact(value), text);
  }
  assert.equal(fixed(-4100.5, 2), "−4,100.50");
  assert.equal(bytes(999), "999 B");
  assert.equal(bytes(5_243_112), "5.2 MB");
  assert.equal(change(2.74, 2.38), "−13.1 %");
  assert.equal(words("tokensPerSecond"), "tokens per second");
});

Deno.test("`when()` names the day", () => {
  const now = new Date(2026, 10, 22, 12);
  assert.equal(when(new Date(2026, 10, 22, 0, 5).toISOString(), now), "today 00:05");
  assert.equal(when(new Date(2026, 10, 21, 23, 59).toISOString(), now), "yesterday 23:59");
  assert.equal(when(new Date(2026, 4, 3, 9, 7).toISOString(), now), "3 May 09:07");
  assert.equal(when(new Date(2025, 4, 3, 9, 7).toISOString(), now), "3 May 2025 09:07");
});

Deno.test("`bestOf()` follows the column's direction and ignores what is no number", () => {
  const column = { key: "x", title: "x", kind: "number" } as const;
  assert.equal(bestOf({ ...column, better: "lower" }, [3, null, 1, "0", NaN, 2]), 1);
  assert.equal(bestOf({ ...column, better: "higher" }, [3, undefined, 1]), 3);
  assert.equal(bestOf({ ...column, better: "higher" }, [3]), undefined, "one value is not the best of anything");
  assert.equal(bestOf(column, [3, 1]), undefined);
});

Deno.test("`curvesOf()` draws losses, and leaves out readings of the machine", () => {
  assert.deepEqual(curvesOf(["loss", "validation", "lr", "gradNorm", "tokensPerSecond"]), ["loss", "validation"]);
  assert.deepEqual(curvesOf(["gate", "lr", "seconds"]), ["gate"]);
});

Deno.test("the results' tables have every method, domain and task, also when some are missing", () => {
  const results = demoResults();
  assert.deepEqual(bpbTable(results).rows.map(({ method }) => method), Object.keys(results.methods).map(methodName));
  assert.equal(bpbTable(results).columns.length, 1 + 4 + 1 + 2);
  assert.match(String(taskTable(results)!.rows[0]!["task:arithmetic"]), /^8\.0 \(4 to 12\)$/);
  const { seed } = results.methods;
  const bare = { ...seed!, bpb: {}, tasks: {} };
  assert.equal(bpbTable({ ...results, methods: { seed: bare } }).rows[0]!.mean, null);
  assert.equal(taskTable({ ...results, methods: { seed: bare } }), undefined);
  assert.equal(taskTable({ ...results, methods: { seed: bare, soup: seed! } })!.rows[0]!["task:arithmetic"], null);
});
