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
} from "../../lib/serve/client/common/format.ts";
import { measureTables, textWithInterval } from "../../lib/serve/client/run/measure-tables.ts";
import { bestOf } from "../../lib/serve/client/common/table.ts";
import { groupTable, isGroupMetric } from "../../lib/serve/client/run/group-table.ts";
import { folderOf } from "../../lib/serve/client/run/artifact-folder.ts";
import { serveCommand } from "../../lib/serve/client/common/command.ts";
import type { CellView, Table } from "../../lib/run/mod.ts";
import { methodLabel } from "../../lib/methods.ts";
import { demoResults } from "../run/demo-log.ts";

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
  assert.equal(change(5.214, 5.2139), "0.0 %");
  assert.equal(words("tokensPerSecond"), "tokens per second");
});

Deno.test("`when()` names the day", () => {
  const now = new Date(2026, 10, 22, 12);
  assert.equal(when(new Date(2026, 10, 22, 0, 5).toISOString(), now), "today 00:05");
  assert.equal(when(new Date(2026, 10, 21, 23, 59).toISOString(), now), "yesterday 23:59");
  assert.equal(when(new Date(2026, 4, 3, 9, 7).toISOString(), now), "3 May 09:07");
  assert.equal(when(new Date(2025, 4, 3, 9, 7).toISOString(), now), "3 May 2025 09:07");
});

Deno.test("`bestOf()` follows the column's direction, and finds none where all values read the same", () => {
  const column = { key: "x", title: "x", kind: "number", digits: 1 } as const;
  const rows = (...values: (number | string | null)[]) => values.map((x) => ({ x }));
  assert.equal(bestOf({ ...column, better: "lower" }, rows(3, null, 1, "0", 2)), "1.0");
  assert.equal(bestOf({ ...column, better: "higher" }, [...rows(3, 1), {}]), "3.0");
  assert.equal(bestOf({ ...column, better: "higher" }, rows(3)), undefined, "one value is not the best of anything");
  assert.equal(bestOf({ ...column, better: "higher" }, rows(0, 0, 0.01)), undefined);
  assert.equal(bestOf(column, rows(3, 1)), undefined);
});

Deno.test("`serveCommand()` says how to see a run again", () => {
  assert.equal(serveCommand("runs"), "deno task serve");
  assert.equal(serveCommand("/tmp/x"), "deno task serve --runs /tmp/x");
});

Deno.test("`folderOf()` names the folder that a cell's files share", () => {
  assert.equal(folderOf({ name: "a.json", path: ".cells/k/a.json" }, "runs"), "runs/.cells/k/");
  assert.equal(folderOf({ name: "sub/a.json", path: ".cells/k/sub/a.json" }, "runs"), "runs/.cells/k/");
  assert.equal(folderOf({ name: "the report", path: "report.html" }, "runs"), "runs/");
});

Deno.test("the results' tables have every method, domain and task, also when some are missing", () => {
  const results = demoResults();
  const [bpb, tasks, parameters] = measureTables(results) as [Table, Table, Table];
  assert.deepEqual(bpb.rows.map(({ method }) => method), Object.keys(results.methods).map(methodLabel));
  assert.deepEqual([bpb, tasks, parameters].map(({ columns }) => columns.length), [1 + 4 + 1, 1 + 3, 1 + 3]);
  assert.equal(textWithInterval(tasks.columns[1]!, tasks.rows[0]!), "8.0 (4 to 12)");
  assert.equal(textWithInterval(tasks.columns[0]!, tasks.rows[1]!), "code expert");
  assert.equal(bestOf(tasks.columns[1]!, tasks.rows), "50.0");
  assert.equal(parameters.rows[0]!["parameters/total"], "1.3M");
  const seed = results.methods["seed"]!;
  const bare = seed.filter(({ name }) => name === "parameters");
  assert.deepEqual(measureTables({ ...results, methods: { seed: bare } }).map(({ name }) => name), ["parameters"]);
  const [some, few] = measureTables({ ...results, methods: { seed: bare, soup: seed } });
  assert.deepEqual([some!.rows[0]!["bpb/mean"], few!.rows[0]!["arithmetic"]], [null, null]);
});

Deno.test("`groupTable()` shows the latest statistics of every parameter group", () => {
  const metrics = [
    { step: 10, time: "", values: { loss: 3, "mlp/edge": 0.1, "mlp/bimodality": 0.3, "head/edge": 0.2 } },
    // Neither losses by domain nor gates are statistics of parameter groups.
    { step: 11, time: "", values: { loss: 2, "validation/law": 2, "gate/1/law/seed": 0.5 } },
  ];
  const table = groupTable({ metrics } as unknown as CellView)!;
  assert.match(table.title, /step 10$/);
  assert.deepEqual(table.columns.map(({ title }) => title), ["group", "|u| > 0.8", "bimodality of u"]);
  assert.deepEqual(table.rows, [{ group: "mlp", edge: 0.1, bimodality: 0.3 }, { group: "head", edge: 0.2 }]);
  assert.equal(groupTable({ metrics: metrics.slice(1) } as unknown as CellView), undefined);
  assert.deepEqual(Object.keys(metrics[0]!.values).filter((name) => !isGroupMetric(name)), ["loss"]);
});
