// Generation settings: read, kept in copies, and refused if they name no tokens.
import assert from "node:assert/strict";
import { trainTokenizer } from "../../lib/data/mod.ts";
import { UserError } from "../../lib/errors.ts";
import { endIds, readGenerationConfig, saveModelFolder } from "../../lib/huggingface/mod.ts";
import { initialWeights, modelConfigSchema } from "../../lib/model/mod.ts";
import { openPretrained, readPretrained } from "../../lib/pretrained/mod.ts";
import { conventionsIn } from "../../lib/bts/brought.ts";

const config = modelConfigSchema.parse({ vocabSize: 257, width: 16, layers: 1, heads: 2, kvHeads: 2, inner: 32 });
const tokenizer = trainTokenizer([], { vocabSize: 257 });

async function withModel(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await saveModelFolder(`${folder}/a`, { config, tensors: initialWeights(config, 1), tokenizer });
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const write = (path: string, value: unknown) => Deno.writeTextFile(path, JSON.stringify(value));

Deno.test("a copy of a checkpoint has its generation settings, with every token that ends a text", () =>
  withModel(async (folder) => {
    const settings = { bos_token_id: 256, eos_token_id: [256, 7], pad_token_id: 0, temperature: 0.6, top_p: 0.9 };
    await write(`${folder}/a/generation_config.json`, settings);
    const model = await openPretrained(`${folder}/a`, "pretrained.seed");
    assert.deepEqual(model.generation, { bos_token_id: 256, eos_token_id: [256, 7], temperature: 0.6, top_p: 0.9 });
    const tensors = await model.load();
    await saveModelFolder(`${folder}/b`, { config, tensors, tokenizer, ...conventionsIn(model) });
    assert.deepEqual(await readGenerationConfig(`${folder}/b`), settings);
    const { hash } = await readPretrained(model, "pretrained.seed");
    await write(`${folder}/a/generation_config.json`, { ...settings, eos_token_id: 256 });
    const other = await openPretrained(`${folder}/a`, "pretrained.seed");
    assert.notEqual((await readPretrained(other, "pretrained.seed")).hash, hash);
  }));

Deno.test("`readGenerationConfig()` takes a list of ids from config.json if there is no other", () =>
  withModel(async (folder) => {
    const path = `${folder}/a/config.json`;
    await write(path, { ...JSON.parse(await Deno.readTextFile(path)), eos_token_id: [3, 5] });
    assert.deepEqual(endIds(await readGenerationConfig(`${folder}/a`) ?? {}), [0]);
    await Deno.remove(`${folder}/a/generation_config.json`);
    assert.deepEqual(endIds(await readGenerationConfig(`${folder}/a`) ?? {}), [3, 5]);
    assert.deepEqual(endIds({}), []);
    for (const eos of ["</s>", [1, "2"], -1, 1.5]) {
      await write(`${folder}/a/generation_config.json`, { eos_token_id: eos });
      await assert.rejects(openPretrained(`${folder}/a`, "pretrained.seed"), (error: unknown) => {
        assert.ok(error instanceof UserError && error.code === "generation.eos", String(error));
        assert.match(
          error.message,
          /generation_config\.json": its eos_token_id has .*, which is not the number of a token$/,
        );
        return true;
      });
    }
  }));
