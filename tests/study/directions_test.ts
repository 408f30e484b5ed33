// The table of a run's directions.
import assert from "node:assert/strict";
import type { ComparisonRow } from "../../lib/bts/mod.ts";
import { directionsTable } from "../../lib/study/directions.ts";
import { direction } from "./runs.ts";

Deno.test("`directionsTable()` rounds no difference to zero", () => {
  const row = (difference: number) => ({ ...direction, found: { difference, low: 0, high: 1 } as ComparisonRow });
  const digits = (...differences: number[]) =>
    directionsTable(differences.map(row)).columns.find(({ key }) => key === "difference")!.digits;
  assert.equal(digits(0.1, 0), 4);
  assert.equal(digits(0.1, 0.00003), 5);
});
