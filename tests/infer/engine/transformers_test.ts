// Greedy texts are those of transformers' `generate()`, token for token, for every architecture: committed models, and what
// tests/fixtures/make_generated.py had them write.
import assert from "node:assert/strict";
import { loadModelFolder } from "../../../lib/huggingface/model-folder.ts";
import { createEngine } from "../../../lib/infer/engine/engine.ts";
import { decoder } from "../../../lib/model/language-model.ts";
import { toDevice } from "../../../lib/model/weights.ts";
import { openDevice } from "../../../lib/tensor/device.ts";

const FIXTURES = new URL("../../fixtures/", import.meta.url).pathname;
const ROWS: Readonly<Record<string, readonly { readonly prompt: number[]; readonly generated: number[] }[]>> = JSON
  .parse(Deno.readTextFileSync(`${FIXTURES}/generated.json`));

Deno.test("`createEngine()` writes greedily what transformers does with every architecture, several texts at a time", async () => {
  await using _device = await openDevice("cpu", { threads: 2 });
  assert.ok(Object.keys(ROWS).length >= 13);
  for (const [name, texts] of Object.entries(ROWS)) {
    const { config, tensors } = await loadModelFolder(`${FIXTURES}/architectures/${name}`);
    using weights = toDevice(tensors);
    // No id ends a text.
    await using engine = createEngine(decoder(config, weights), { endOfText: -1, decode: () => "" }, [], { chunk: 6 });
    const written = await Promise.all(texts.map(async ({ prompt, generated }) => {
      const ids: number[] = [];
      for await (
        const { id } of engine.generate({ prompt, maxTokens: generated.length, sampling: { temperature: 0 } })
      ) {
        ids.push(id);
      }
      return ids;
    }));
    assert.deepEqual(written, texts.map(({ generated }) => generated), name);
  }
});
