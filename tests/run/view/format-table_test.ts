// Tables in the terminal.
import assert from "node:assert/strict";
import { formatTable, resultsTable } from "../../../lib/run/view/format-table.ts";
import { resultsOf } from "../results.ts";

const estimate = { value: 0.5, low: 0.4, high: 0.6, samples: 100 };
const results = resultsOf(["english", "code"], {
  seed: { bpb: { english: 2, code: 3, mean: 2.5 }, tasks: { math: estimate } },
  bts: { bpb: { english: 2.1, code: 2, mean: 2.05 } },
});

Deno.test("`formatTable()` aligns columns and marks the best value in each direction", () => {
  const lines = formatTable(resultsTable(results)).split("\n").slice(1);
  assert.deepEqual(lines, [
    "method  english    code    mean   math, %",
    "──────  ────────  ──────  ──────  ───────",
    "seed      2.000*  3.000   2.500      50.0",
    "bts       2.100   2.000*  2.050*        –",
    "* best",
  ]);
});

Deno.test("`formatTable()` marks nothing where all values read the same, and all that read as the best does", () => {
  const column = { key: "x", title: "x", kind: "number", digits: 1, better: "higher" } as const;
  const marks = (...values: number[]) =>
    formatTable({ name: "t", title: "t", columns: [column], rows: values.map((x) => ({ x })) }).split("\n").slice(3)
      .map((line) => line.trim());
  assert.deepEqual(marks(0, 0, 0), ["0.0", "0.0", "0.0"]);
  assert.deepEqual(marks(0.31, 0.32), ["0.3", "0.3"]);
  assert.deepEqual(marks(0.31, 0.32, 0.1), ["0.3*", "0.3*", "0.1", "* best"]);
});

Deno.test("`formatTable()` keeps control characters and wide letters from breaking the lines", () => {
  const columns = [{ key: "a", title: "a", kind: "text" as const }, { key: "b", title: "b", kind: "text" as const }];
  const text = formatTable({
    name: "t",
    title: "t",
    columns,
    rows: [{ a: "翻訳", b: "x" }, { a: "\x1b[2Jab\n", b: "y" }],
  });
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(text, /\x1b/);
  assert.equal(text.split("\n").length, 5);
});

Deno.test("`formatTable()` continues a table that is too wide below, beside its first column again", () => {
  const columns = ["method", "one", "two", "three"].map((title, i) => ({
    key: title,
    title,
    kind: i === 0 ? "text" as const : "number" as const,
    ...(i === 3 ? { better: "lower" as const } : {}),
  }));
  const rows = [{ method: "seed", one: 1, two: 2, three: 3 }, { method: "法律", one: 4, two: 5, three: 6 }];
  const table = { name: "t", title: "A title of any length", columns, rows };
  assert.equal(
    formatTable(table, 16),
    [
      "A title of any length",
      "method  one  two",
      "──────  ───  ───",
      "seed      1    2",
      "法律      4    5",
      "",
      "method  three",
      "──────  ──────",
      "seed        3*",
      "法律        6",
      "* best",
    ].join("\n"),
  );
  assert.equal(formatTable(table, 24), formatTable(table));
  // A block has at least one column, even where nothing fits.
  assert.equal(formatTable(table, 1).split("\n\n").length, 3);
});
