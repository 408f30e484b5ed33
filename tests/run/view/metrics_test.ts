// How `--metric` chooses a number of a run.
import assert from "node:assert/strict";
import { metricNames, parseMetric, pickMetric } from "../../../lib/run/view/metrics.ts";

const values = {
  "bts/bpb/law": 1.5,
  bpb: 1.6,
  "seed/validation/law:last": 4.5,
  "seed/validation/law:min": 4.25,
  "stitch/validation/law:last": 4.75,
  "stitch/validation/law:min": 4,
  "stitch/loss:last": 3,
  "stitch/loss:min": 2,
};
const pick = (text: string) => pickMetric(values, parseMetric(text)!, "bts");

Deno.test("`pickMetric()` takes a name without its cell, but no other part of a name", () => {
  assert.equal(pick("loss"), 3);
  assert.equal(pick("validation/law"), 4.75); // of the last cell
  assert.equal(pick("seed/validation/law"), 4.5);
  assert.equal(pick("validation/law:min"), 4); // over all cells
  assert.equal(pick("bpb/law"), 1.5);
  // Nats per token of the validation text would pass for a result on the domain.
  assert.equal(pick("law"), undefined);
  assert.equal(pick("law:min"), undefined);
});

Deno.test("every name of `metricNames()` is one that `pickMetric()` takes", () => {
  const names = metricNames([values]);
  assert.ok(names.includes("validation/law") && names.includes("loss") && !names.includes("law"));
  for (const name of names) assert.equal(typeof pick(name), "number", name);
});
