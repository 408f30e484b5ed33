// Small numbers do not read as zero.
import assert from "node:assert/strict";
import { decimalsFor } from "../../../lib/run/view/decimals.ts";
import { formatTable } from "../../../lib/run/view/format-table.ts";

Deno.test("`decimalsFor()` leaves at least two significant digits", () => {
  const shown = (value: number, digits = 3) => value.toFixed(decimalsFor(value, digits));
  assert.deepEqual(
    [12.3456, 0.1234, 0.0123, 0.00123, 0.000456, -0.000456, 0.01, 0.001, 0].map((value) => shown(value)),
    ["12.346", "0.123", "0.012", "0.0012", "0.00046", "-0.00046", "0.010", "0.0010", "0.000"],
  );
  assert.deepEqual([0.31, 0.04].map((value) => shown(value, 1)), ["0.3", "0.04"]);
  assert.equal(shown(0.4, 0), "0", "counts stay whole");
  for (let value = 1; value > 1e-7; value *= 0.83) {
    assert.ok(Number(shown(value)) > 0 && Math.abs(Number(shown(value)) / value - 1) < 0.05, shown(value));
  }
});

Deno.test("`formatTable()` shows small ratios, and marks the best of them alone", () => {
  const column = { key: "ratio", title: "ratio", kind: "number", digits: 3, better: "lower" } as const;
  const lines = formatTable({ name: "x", title: "x", columns: [column], rows: [{ ratio: 0.0004 }, { ratio: 0.0011 }] });
  assert.match(lines, /0\.00040\*\n.*0\.0011\n/);
});
