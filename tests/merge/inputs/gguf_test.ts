// GGUF files as models to merge.
import assert from "node:assert/strict";
import { mergeCommand } from "../../../lib/cli/merge.ts";
import { trainTokenizer } from "../../../lib/data/mod.ts";
import { saveGguf } from "../../../lib/gguf/mod.ts";
import { loadModelFolder, saveModelFolder } from "../../../lib/huggingface/mod.ts";
import { mergeWeights } from "../../../lib/merge/mod.ts";
import { bigWeights, TINY } from "../../tiny.ts";
import { refuses } from "../model-folders.ts";

const tokenizer = trainTokenizer(["some text for the tokenizer"], { vocabSize: 260 });
const config = { ...TINY, vocabSize: 300 };
const [one, two] = [bigWeights(config, 1), bigWeights(config, 2)];

Deno.test("GGUF files merge with each other and with folders", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await saveModelFolder(`${folder}/one`, { config, tensors: one, tokenizer });
    await saveGguf(`${folder}/one.gguf`, { config, tensors: one, tokenizer }, "F32");
    await saveGguf(`${folder}/two.gguf`, { config, tensors: two, tokenizer }, "F32");
    const expected = mergeWeights("slerp", { base: one, models: [two] }, { t: 0.3 });
    for (const first of ["one", "one.gguf"]) {
      const out = `${folder}/${first}-merged`;
      const options = ["-m", "slerp", "--t", "0.3", "-o", out];
      await mergeCommand([`${folder}/${first}`, `${folder}/two.gguf`, ...options], () => {});
      const merged = await loadModelFolder(out);
      assert.deepEqual(merged.config, config);
      assert.deepEqual(merged.tensors, expected);
      assert.deepEqual(merged.tokenizer?.model, tokenizer.model);
    }
    const none = ["-m", "passthrough", `${folder}/none.gguf`, "-o", `${folder}/out`];
    await assert.rejects(mergeCommand(none, () => {}), refuses("file.missing", "none.gguf"));
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assert.ok(!names.includes("out"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
