// The cost of scoring: one batch, run a known number of times, and its memory, which is freed.
import assert from "node:assert/strict";
import { evaluationWindows, scoringCost } from "../../lib/eval/mod.ts";
import type { LanguageModel } from "../../lib/model/mod.ts";
import { heapBytes, openDevice } from "../../lib/tensor/mod.ts";
import { byteTokenizer, tinyDecoder, wordyDocuments } from "./fakes.ts";

const windows = evaluationWindows(wordyDocuments(6, 40), byteTokenizer, { time: 24 });

Deno.test("`scoringCost()` runs one batch, with a warm-up, and reports its memory on the CPU", async () => {
  const device = await openDevice("cpu", { threads: 1 });
  try {
    const model = tinyDecoder(1);
    const rows: number[] = [];
    const counted: LanguageModel = {
      vocabSize: model.vocabSize,
      contextLength: model.contextLength,
      decodingState: () => model.decodingState(),
      logits: (ids) => {
        rows.push(ids.shape[0]);
        return model.logits(ids);
      },
    };
    await scoringCost(counted, windows, { batch: 4 }); // weights are on the device from their first use on
    rows.length = 0;
    const before = heapBytes()!.used;
    const cost = await scoringCost(counted, windows, { batch: 4, repeats: 3 });
    assert.deepEqual(rows, [4, 4, 4, 4]);
    assert.equal(heapBytes()!.used, before);
    assert.ok(cost.tokensPerSecond > 0);
    // The logits of one row at least: [time, vocabulary] floats.
    assert.ok(cost.bytes! >= 4 * 24 * 257, String(cost.bytes));
    const two = await scoringCost(counted, windows, { batch: 2, repeats: 1 });
    assert.ok(two.bytes! < cost.bytes!);
  } finally {
    await device.close();
  }
});

Deno.test("`scoringCost()` reports no memory if the device cannot tell", async () => {
  const device = await openDevice("reference");
  try {
    assert.equal((await scoringCost(tinyDecoder(1), windows, { repeats: 1 })).bytes, null);
  } finally {
    await device.close();
  }
});
