// The most likely tokens of an ensemble: those of its logits, for every way of weighting its models.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { btmEnsemble } from "../../lib/merge/ensemble/btm.ts";
import type { BtmOptions } from "../../lib/merge/ensemble/posterior.ts";
import { mixtureTops } from "../../lib/merge/ensemble/mixture-tops.ts";
import { decoder, tokenLosses } from "../../lib/model/language-model.ts";
import { toDevice } from "../../lib/model/weights.ts";
import { random } from "../../lib/random.ts";
import { bigWeights, TINY } from "../tiny.ts";

await tf.setBackend("cpu");

const MODELS = [1, 2, 3].map((seed) => decoder(TINY, toDevice(bigWeights(TINY, seed))));
const OPTIONS: readonly BtmOptions[] = [
  {},
  { topK: 1 },
  { topK: 2, temperature: 3 },
  { history: 2 },
  { prior: [0.7, 0.3, 0] },
];

for (const options of OPTIONS) {
  Deno.test(`\`mixtureTops()\` with ${JSON.stringify(options)} are those of the ensemble's logits`, async () => {
    const draw = random(7, "rows");
    const rows = [TINY.contextLength + 1, 5, 9].map((length) =>
      Int32Array.from({ length }, () => draw.int(TINY.vocabSize))
    );
    const losses = rows.map((tokens) =>
      MODELS.map((model) => {
        const [ids, next] = [tokens.subarray(0, -1), tokens.subarray(1)].map((part) =>
          tf.tensor2d([...part], [1, part.length], "int32")
        );
        return tokenLosses(model, ids!, next!).dataSync();
      })
    );
    const before = tf.memory().numTensors;
    const found = await mixtureTops(MODELS, rows.map((tokens, i) => ({ tokens, losses: losses[i]! })), options);
    assert.equal(tf.memory().numTensors, before);
    for (const [i, tokens] of rows.entries()) {
      const ids = tf.tensor2d([...tokens.subarray(0, -1)], [1, tokens.length - 1], "int32");
      const chances = (tf.softmax(btmEnsemble(MODELS, options).logits(ids)).arraySync() as number[][][])[0]!;
      chances.forEach((row, t) => {
        const most = Math.max(...row);
        assert.ok(Math.abs(found[i]!.confidence[t]! - most) < 1e-5, `row ${i}, position ${t}`);
        assert.ok(row[found[i]!.ids[t]!]! > most - 1e-6, `row ${i}, position ${t}`);
      });
    }
  });
}
