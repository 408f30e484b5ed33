// The decoder computes what Hugging Face's LlamaForCausalLM does: committed weights, inputs and logits.
// The fixtures are made by tests/fixtures/make_llama_fixture.py.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { loadModelFolder, readSafetensors } from "../../lib/huggingface/mod.ts";
import { decoder, disposeWeights, toDevice } from "../../lib/model/mod.ts";

for (const kind of ["untied", "tied"]) {
  Deno.test(`\`decoder()\` gives the logits of transformers' Llama, embeddings ${kind}`, async () => {
    await tf.setBackend("cpu");
    assert.equal(tf.getBackend(), "cpu");
    const folder = new URL(`../fixtures/llama-${kind}`, import.meta.url).pathname;
    const { config, tensors } = await loadModelFolder(folder);
    const expected = (await readSafetensors(`${folder}/expected.safetensors`)).tensors;
    const ids = expected.get("ids")!;
    const weights = toDevice(tensors);
    const model = decoder(config, weights);
    const [shape, logits] = tf.tidy(() => {
      const result = model.logits(tf.tensor2d(ids.data as Int32Array, ids.shape as [number, number], "int32"));
      return [result.shape, result.dataSync()] as const;
    });
    disposeWeights(weights);
    const wanted = expected.get("logits")!;
    assert.deepEqual(shape, wanted.shape);
    const values = wanted.data as Float32Array;
    const difference = values.reduce((max, value, i) => Math.max(max, Math.abs(value - logits[i]!)), 0);
    assert.ok(difference < 1e-4, `largest difference of logits: ${difference}`);
    // The comparison means something: the logits are far from constant.
    const spread = Math.max(...values) - Math.min(...values);
    assert.ok(spread > 1, `logits spread over ${spread} only`);
  });
}
