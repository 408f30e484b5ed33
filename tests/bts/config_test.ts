// The main job's presets: each fits together, and the paper's is the paper's.
import assert from "node:assert/strict";
import { btsConfigSchema, btsDefinition } from "../../lib/bts/config.ts";
import { mainConfigSchema } from "../../experiments/bts/config.ts";
import { btsExperiment } from "../../experiments/bts.ts";
import { planOf } from "../../lib/experiment/experiment.ts";
import { checkModelConfig, parameterCount } from "../../lib/model/mod.ts";
import { placeStitches, stitchParameterCount } from "../../lib/stitch/mod.ts";

const presets = Object.entries(btsDefinition.presets).map(([name, { config }]) =>
  [name, btsConfigSchema.parse(config)] as const
);

Deno.test("every preset is a shape that can be built, stitched and planned", async (t) => {
  for (const [name, config] of presets) {
    await t.step(name, async () => {
      checkModelConfig({ ...config.model, vocabSize: config.tokenizer.vocabSize });
      placeStitches(config.stitch, config.model.layers);
      const plan = await planOf(btsExperiment, mainConfigSchema.parse(config));
      assert.deepEqual(plan.map(({ cell }) => cell), [
        "data",
        "seed",
        "expert:code",
        "expert:math",
        "expert:multilingual",
        "stitch",
        "evaluate",
        "evaluate:bts",
        "report",
      ]);
      for (const { cell, tokens, flops, bytes } of plan) {
        for (const value of [tokens, flops, bytes]) assert.ok(Number.isFinite(value) && value >= 0, cell);
      }
    });
  }
});

Deno.test("the paper's preset has the paper's sizes: a seed of 2.7B, stitches of 264.24M, 11B in all", () => {
  const { model, tokenizer, stitch, experts } = Object.fromEntries(presets)["paper"]!;
  const shape = { ...model, vocabSize: tokenizer.vocabSize };
  const stitches = placeStitches(stitch, model.layers);
  assert.deepEqual(stitches.map(({ after, kind }) => `${after} ${kind}`), ["5 H2E", "10 E2H", "15 H2E", "20 E2H"]);
  const trained = stitchParameterCount(stitch, {
    stitches: stitches.length,
    experts: experts.length,
    width: model.width,
  });
  assert.equal((trained / 1e6).toFixed(2), "264.24");
  assert.equal((parameterCount(shape) / 1e9).toFixed(1), "2.7");
  assert.equal(Math.round((4 * parameterCount(shape) + trained) / 1e9), 11);
});
