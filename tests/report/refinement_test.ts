// The figures of the refinement experiment, from its table.
import assert from "node:assert/strict";
import { refinementFigures, refinementVerdict } from "../../lib/report/refinement.ts";
import type { RunView, Table } from "../../lib/run/mod.ts";

function view(rows: Table["rows"]): RunView {
  const table: Table = { name: "refinement", title: "", columns: [], rows };
  return { cells: [{ tables: [table], summary: "Refinement helps." }] } as unknown as RunView;
}

const row = (method: string, total: number, accuracy: number) => ({
  method,
  total,
  sequential: total / 2,
  accuracy,
  low: accuracy - 5,
  high: accuracy + 5,
});

Deno.test("a panel for each method beside the baseline, over B_total and over B_seq", () => {
  const figures = refinementFigures(view([
    row("long-cot", 500, 20),
    row("majority", 480, 25),
    row("pdr-random-k", 490, 30),
    row("long-cot", 800, 22),
    row("majority", 990, 28),
    row("pdr-random-k", 0, 0), // no attempt had room: not on a logarithmic axis
  ]));
  assert.deepEqual(figures.map(({ name }) => name), ["refinement-total", "refinement-sequential"]);
  for (const { panels, legend } of figures) {
    assert.equal(panels.length, 2);
    assert.deepEqual(legend.map(({ label }) => label), ["the method", "Long chain of thought"]);
    assert.ok(panels[0]!.includes("Majority vote") && panels[1]!.includes("PDR, random-k"));
    assert.ok(!panels.join().includes("NaN"));
    assert.equal(panels[1]!.match(/<circle/g)!.length, 3);
  }
  assert.equal(refinementVerdict(view([row("long-cot", 1, 1)])), "Refinement helps.");
});

Deno.test("the baseline alone has a panel; a run without the table has no figures", () => {
  assert.equal(refinementFigures(view([row("long-cot", 500, 20)]))[0]!.panels.length, 1);
  assert.deepEqual(refinementFigures(view([])), []);
  assert.deepEqual(refinementFigures({ cells: [] } as unknown as RunView), []);
  assert.equal(refinementVerdict({ cells: [] } as unknown as RunView), undefined);
});
