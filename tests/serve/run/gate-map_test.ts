// The heat map of gates, as the server would render it.
import assert from "node:assert/strict";
import type { CellView } from "../../../lib/run/mod.ts";
import { GateMap } from "../../../lib/serve/client/run/gate-map.tsx";

const mapOf = (values: Record<string, number>) =>
  String(GateMap({ cell: { title: "Stitches", metrics: [{ step: 1200, time: "", values }] } as unknown as CellView }));

Deno.test("the heat map has a row for each model of each stitch and a column for each domain", () => {
  const text = mapOf({
    loss: 1,
    "gate/1/law/seed": 0.2,
    "gate/1/law/code": 0.8,
    "gate/1/code/seed": 0.05,
    "gate/1/code/code": 0.95,
    "gate/2/law/code": 0.5,
  });
  assert.match(text, /<caption>Mean gates at step 1,200, on validation text<\/caption>/);
  assert.match(text, /role="region" aria-label="Gates of Stitches"/);
  const rows = [...text.matchAll(/<tr>(.*?)<\/tr>/g)].map(([, row]) =>
    [...row!.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/g)].map(([, cell]) => cell)
  );
  assert.deepEqual(rows, [
    ["Stitch", "Model", "law", "code"],
    ["1", "Seed", "0.20", "0.05"],
    ["code expert", "0.80", "0.95"],
    ["2", "code expert", "0.50", "–"],
  ]);
  assert.match(text, /rowspan="2"/);
  assert.equal(mapOf({ loss: 1 }), "null");
});
