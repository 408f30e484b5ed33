// The decoding latency: one sequence, token by token with a state, which is disposed.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { DECODED_TOKENS, decodingLatency } from "../../../lib/eval/measures/decoding-latency.ts";
import { evaluationWindows } from "../../../lib/eval/windows.ts";
import type { Subject } from "../../../lib/eval/measures/measure.ts";
import type { LanguageModel } from "../../../lib/model/language-model.ts";
import { byteTokenizer, tinyDecoder, wordyDocuments } from "../fakes.ts";

await tf.setBackend("cpu");
const set = {
  windows: { one: evaluationWindows(wordyDocuments(2, 30), byteTokenizer, { time: 24 }) },
  tasks: [],
  tokenizer: byteTokenizer,
};

for (const contextLength of [64, 12]) {
  Deno.test(`\`decodingLatency\` reads one token at a time, within a context of ${contextLength}`, async () => {
    const model = tinyDecoder(1);
    const shapes: number[][] = [];
    let read = 0;
    const counted: LanguageModel = {
      vocabSize: model.vocabSize,
      contextLength,
      decodingState: () => model.decodingState(),
      logits(ids, states, options) {
        assert.notEqual(states, undefined);
        shapes.push(ids.shape);
        read += ids.size;
        return model.logits(ids, states, options);
      },
    };
    const before = tf.memory().numTensors;
    const [found] = await decodingLatency.measure({ model: counted, set, options: {} } as unknown as Subject);
    assert.equal(tf.memory().numTensors, before);
    assert.deepEqual([...new Set(shapes.map((shape) => shape.join()))], ["1,4", "1,1"]);
    assert.ok(read <= Math.min(DECODED_TOKENS, contextLength), String(read));
    assert.equal(found!.samples, shapes.length - 4);
    assert.ok(found!.value > 0);
  });
}

Deno.test("`decodingLatency` is left out where the context has no room to generate", async () => {
  const model = { ...tinyDecoder(1), contextLength: 6 };
  assert.deepEqual(await decodingLatency.measure({ model, set, options: {} } as unknown as Subject), []);
});
