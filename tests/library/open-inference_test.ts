// Opening models to generate text: of folders, files and ids. Those of runs are opened in open-run_test.ts.
import assert from "node:assert/strict";
import { inferenceModels, openForInference, UserError } from "@stitchbook/stitchbook";
import { trainTokenizer } from "../../lib/data/mod.ts";
import { saveGguf } from "../../lib/gguf/mod.ts";
import { saveModelFolder } from "../../lib/huggingface/mod.ts";
import { openedDevice } from "../../lib/tensor/mod.ts";
import { bigWeights, TINY } from "../tiny.ts";

const tokenizer = trainTokenizer(["the cat sat on the mat ".repeat(20)], { vocabSize: 266 });
const config = { ...TINY, vocabSize: 266 };
const refused = (code: string) => (error: unknown) => error instanceof UserError && error.code === code;

Deno.test("`openForInference()` opens a folder and a GGUF file alike, and frees model and device", async () => {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook inference " });
  try {
    const tensors = bigWeights(config, 1);
    const generation = { eos_token_id: [3, 4] };
    await saveModelFolder(`${folder}/model`, {
      config,
      tensors,
      tokenizer,
      chatTemplate: "{{ messages }}",
      generation,
    });
    await saveGguf(`${folder}/model.gguf`, { config, tensors, tokenizer }, "F32");
    const texts: number[][] = [];
    for (const source of [`${folder}/model`, `${folder}/model.gguf`]) {
      assert.equal(await inferenceModels(source), undefined);
      await using opened = await openForInference(source, undefined, { device: "cpu" });
      assert.deepEqual([opened.source, opened.name, opened.model.vocabSize], [source, undefined, 266]);
      assert.equal(openedDevice()?.name, "cpu");
      if (source.endsWith("model")) {
        assert.equal(opened.chat?.template, "{{ messages }}");
        assert.ok([3, 4].every((id) => opened.ends.includes(id)));
      }
      const ids: number[] = [];
      const prompt = opened.tokenizer.encode("the cat");
      for await (const { id } of opened.engine.generate({ prompt, maxTokens: 5, sampling: { temperature: 0 } })) {
        ids.push(id);
      }
      texts.push(ids.slice(0, 3));
    }
    assert.deepEqual(texts[0], texts[1]);
    assert.equal(openedDevice(), undefined);
    await assert.rejects(openForInference(`${folder}/model`, "bts"), refused("model.unknown"));
    await assert.rejects(openForInference(`${folder}/none`), refused("run.none"));
    await assert.rejects(openForInference("models/none"), refused("pretrained.missing"));
    assert.equal(openedDevice(), undefined);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
