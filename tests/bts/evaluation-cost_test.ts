// What evaluation is planned to cost, against what it does: tokens and passes are counted on a real corpus.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { btsConfigSchema, btsDefinition } from "../../lib/bts/config.ts";
import { evaluationCost } from "../../lib/bts/evaluation-cost.ts";
import { loadCorpus, openTokenizer, trainTokenizer } from "../../lib/data/mod.ts";
import { buildTasks, evaluate, evaluationWindows, SCORING_REPEATS } from "../../lib/eval/mod.ts";
import type { LanguageModel } from "../../lib/model/mod.ts";
import { passedLayers } from "../../lib/train/mod.ts";

await tf.setBackend("cpu");

Deno.test("`evaluationCost()` of the preset smoke is within a factor of 1.5 of the tokens and passes that it takes", async () => {
  const config = btsConfigSchema.parse(btsDefinition.presets["smoke"]!.config);
  const { contextLength: time } = config.model;
  const corpus = await loadCorpus(config.data, { seed: 1 });
  const texts = Object.values(corpus.documents).flatMap(({ train }) => Array.from(train, ({ text }) => text));
  const tokenizer = openTokenizer(trainTokenizer(texts, { vocabSize: config.tokenizer.vocabSize }));
  const windows = Object.fromEntries(corpus.domains.map((domain) => [
    domain,
    evaluationWindows(corpus.documents[domain]!.heldout, tokenizer, { time, maxTokens: config.eval.tokens }),
  ]));
  const tasks = buildTasks(corpus, tokenizer, { seed: 1, items: config.eval.items, time });

  // A model that writes sevens without end, and counts what it is asked.
  let [tokens, passes] = [0, 0];
  const model = countingModel(tokenizer.vocabSize, tokenizer.encode("7")[0]!, (asked) => {
    tokens += asked;
    passes++;
  });
  await evaluate(model, { windows, tasks, tokenizer }, {
    batch: config.eval.batch,
    resamples: 10,
    parameters: { trained: 0, total: 0, active: 0 },
    device: "a test",
  });

  const { flops, layers } = evaluationCost(config, [{ flops: 1, models: 1 }]);
  const probes = 1 + SCORING_REPEATS;
  const near = (planned: number, taken: number, what: string) =>
    assert.ok(planned / taken < 1.5 && taken / planned < 1.5, `${what}: ${planned} planned, ${taken} taken`);
  near(flops, tokens + probes * Math.min(config.eval.tokens, config.eval.batch * time), "tokens");
  near(layers! / passedLayers(config.model), passes + probes, "passes");
});

function countingModel(vocabSize: number, next: number, count: (tokens: number) => void): LanguageModel {
  return {
    vocabSize,
    contextLength: 1024,
    logits(ids, _states, options) {
      count(ids.size);
      const shape = [ids.shape[0], options?.last ? 1 : ids.shape[1]];
      return tf.oneHot(tf.fill(shape, next, "int32"), vocabSize) as tf.Tensor3D;
    },
    losses(ids) {
      count(ids.size);
      return tf.zeros(ids.shape);
    },
    predictions(ids) {
      count(ids.size);
      return { losses: tf.zeros(ids.shape), top: tf.zeros(ids.shape, "int32"), topLosses: tf.zeros(ids.shape) };
    },
    decodingState: () => ({ length: 0, canRewind: true, bytes: () => 0, fork: () => undefined, dispose: () => {} }),
  };
}
