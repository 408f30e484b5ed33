// Opening models that were trained elsewhere, and refusing what cannot be used.
import assert from "node:assert/strict";
import { trainTokenizer } from "../../lib/data/mod.ts";
import { UserError } from "../../lib/errors.ts";
import { saveGguf } from "../../lib/gguf/mod.ts";
import { saveModelFolder } from "../../lib/huggingface/mod.ts";
import { type HostTensor, initialWeights, modelConfigSchema } from "../../lib/model/mod.ts";
import { openPretrained, readPretrained, shapeDifference, tokenizerDifference } from "../../lib/pretrained/mod.ts";

const tokenizer = trainTokenizer(["the cat sat on the mat ".repeat(20)], { vocabSize: 266 });
const shape = { vocabSize: 266, width: 16, layers: 1, heads: 2, kvHeads: 2, inner: 32, contextLength: 32 };
const config = modelConfigSchema.parse(shape);
const tensors = initialWeights(config, 1);

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const open = (path: string) => openPretrained(path, "pretrained.seed");

/** Asserts a refusal in one sentence that names the setting or the file, and says `words`. */
function refused(promise: Promise<unknown>, code: string, ...words: string[]): Promise<void> {
  return assert.rejects(promise, (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.code, code, error.message);
    for (const word of words) assert.ok(error.message.includes(word), `${error.message} lacks ${word}`);
    assert.ok(!error.message.includes("\n"));
    return true;
  });
}

Deno.test("`openPretrained()` opens a folder and a GGUF file of the same model, with the same content hash", () =>
  inFolder(async (folder) => {
    await saveModelFolder(`${folder}/model`, { config, tensors, tokenizer, chatTemplate: "{{ messages }}" });
    await saveGguf(`${folder}/model.gguf`, {
      config,
      tensors,
      tokenizer,
      chatTemplate: "{{ messages }}",
      name: "small",
    }, "F32");
    const models = [await open(`${folder}/model`), await open(`${folder}/model.gguf`)];
    for (const model of models) {
      assert.deepEqual(model.config, config);
      assert.deepEqual(await model.load(), tensors);
      assert.deepEqual(model.special, { bos: 0, eos: 0, pad: 0 });
      assert.equal(model.chatTemplate, "{{ messages }}");
      assert.equal(tokenizerDifference(model.tokenizer, tokenizer, "ours"), undefined);
    }
    const [a, b] = await Promise.all(models.map((model) => readPretrained(model, "pretrained.seed")));
    assert.equal(a!.hash, b!.hash);
    const chatTemplate = "{{ messages }}";
    const others = [{ tensors: initialWeights(config, 2), chatTemplate }, { tensors, chatTemplate: "" }];
    for (const other of others) {
      await saveModelFolder(`${folder}/other`, { config, tokenizer, ...other });
      const { hash } = await readPretrained(await open(`${folder}/other`), "pretrained.seed");
      assert.notEqual(hash, a!.hash);
    }
  }));

Deno.test("`openPretrained()` takes an embedding table that is padded, and refuses one that is too small", () =>
  inFolder(async (folder) => {
    for (const vocabSize of [288, 265]) {
      const sized = { ...config, vocabSize };
      await saveModelFolder(`${folder}/${vocabSize}`, { config: sized, tensors: initialWeights(sized, 1), tokenizer });
    }
    assert.equal((await open(`${folder}/288`)).config.vocabSize, 288);
    await refused(open(`${folder}/265`), "pretrained.vocabulary", "266 tokens", "265 rows");
  }));

Deno.test("`openPretrained()` refuses what is missing or of another kind", () =>
  inFolder(async (folder) => {
    await refused(open(`${folder}/none`), "pretrained.missing", `${folder}/none`, "pretrained.seed");
    await refused(open("./a/b"), "pretrained.missing", "./a/b");
    await Deno.mkdir(`${folder}/empty`);
    await refused(open(`${folder}/empty`), "pretrained.config", "no config.json");
    await Deno.writeTextFile(`${folder}/file.txt`, "");
    await refused(open(`${folder}/file.txt`), "pretrained.format", "file.txt");
    await saveModelFolder(`${folder}/model`, { config, tensors });
    await refused(open(`${folder}/model`), "pretrained.tokenizer", "no tokenizer.json");
    await Deno.rename(`${folder}/model/model.safetensors`, `${folder}/model/pytorch_model.bin`);
    await refused(open(`${folder}/model`), "pretrained.pickle", "pytorch_model.bin");
    await Deno.remove(`${folder}/model/pytorch_model.bin`);
    await refused(open(`${folder}/model`), "model.no-weights", "model.safetensors");
  }));

Deno.test("`readPretrained()` names the weight that is not a number", () =>
  inFolder(async (folder) => {
    for (const value of [NaN, Infinity]) {
      const bad: Record<string, HostTensor> = {
        ...tensors,
        "model.norm.weight": { shape: [16], data: new Float32Array(16).fill(1) },
      };
      bad["model.norm.weight"]!.data[3] = value;
      await saveModelFolder(folder, { config, tensors: bad, tokenizer });
      const model = await open(folder);
      await refused(
        readPretrained(model, "pretrained.code"),
        "pretrained.weights",
        "pretrained.code",
        "model.norm.weight",
        String(value),
        "position 3",
      );
    }
  }));

Deno.test("differences of shape and tokenizer name both numbers; the context length is none", () => {
  assert.equal(shapeDifference(config, { ...config, contextLength: 8 }, "the seed's"), undefined);
  const wider = shapeDifference({ ...config, width: 32, vocabSize: 300 }, config, "the seed's")!;
  for (const word of ["32", "16", "300", "266", "the seed's"]) assert.ok(wider.includes(word), wider);
  const json = tokenizer as { readonly model: { readonly merges: readonly (string | readonly string[])[] } };
  const merges = json.model.merges.map((one) => typeof one === "string" ? one.split(" ") : one.join(" "));
  const rewritten = { ...tokenizer, version: "2.0", model: { ...json.model, merges } };
  assert.equal(tokenizerDifference(rewritten, tokenizer, "the seed's"), undefined);
  const larger = trainTokenizer(["another text altogether ".repeat(20)], { vocabSize: 275 });
  assert.match(tokenizerDifference(larger, tokenizer, "the seed's")!, /275 tokens, and the seed's 266/);
  const another = trainTokenizer(["another text altogether ".repeat(20)], { vocabSize: 266 });
  assert.match(tokenizerDifference(another, tokenizer, "the seed's")!, /266.*model\.merges/);
});
