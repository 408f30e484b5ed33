// What a chart offers of the metrics that were logged.
import assert from "node:assert/strict";
import { choicesOf, curvesOf } from "../../../lib/serve/client/chart/choices.ts";

Deno.test("`curvesOf()` draws losses, and leaves out readings of the machine", () => {
  assert.deepEqual(curvesOf(["loss", "validation", "lr", "gradNorm", "tokensPerSecond"]), ["loss", "validation"]);
  assert.deepEqual(curvesOf(["gate", "lr", "seconds"]), ["gate"]);
  assert.deepEqual(curvesOf(["lr"]), []);
});

Deno.test("every metric is in exactly one choice, the losses first", () => {
  const names = [
    "lr",
    "loss",
    "mlp/edge",
    "validation",
    "validation/law",
    "attention/edge",
    "validation/code",
    "mlp/updateRms",
    "gate/1/law/seed",
    "gate/1/law/code",
    "gate/2/law/code",
  ];
  const choices = choicesOf(names);
  assert.deepEqual(choices.map(({ label, metrics }) => [label, ...metrics]), [
    ["loss, validation", "loss", "validation"],
    ["validation by domain", "validation/law", "validation/code"],
    ["lr", "lr"],
    ["edge by group", "mlp/edge", "attention/edge"],
    ["update rms by group", "mlp/updateRms"],
    ["gates of stitch 1 on law", "gate/1/law/seed", "gate/1/law/code"],
    ["gates of stitch 2 on law", "gate/2/law/code"],
  ]);
  assert.deepEqual(choices.flatMap(({ metrics }) => metrics).sort(), names.toSorted());
  assert.deepEqual(choicesOf([]), []);
});
