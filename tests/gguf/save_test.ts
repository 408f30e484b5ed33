// Models written as GGUF files are read back; Q8_0 is Python's; a file that cannot be written whole is not there.
import assert from "node:assert/strict";
import { openTokenizer, type TokenizerJson, trainTokenizer } from "../../lib/data/mod.ts";
import { UserError } from "../../lib/errors.ts";
import {
  dequantize,
  type GgufToSave,
  loadGguf,
  openGguf,
  quantize,
  saveGguf,
  tokenizerOf,
  WRITTEN_TYPES,
  type WrittenType,
} from "../../lib/gguf/mod.ts";
import { loadModelFolder } from "../../lib/huggingface/mod.ts";
import { type HostWeights, initialWeights, type ModelConfig, modelConfigSchema } from "../../lib/model/mod.ts";
import { random } from "../../lib/random.ts";
import { fixture } from "./bytes.ts";

const TOKENIZER = trainTokenizer(
  ["The whale, the whale! It's 12 + 345 = 357.\n\n\tfoo(bar[0]);  naïve café Straße\r\n".repeat(5)],
  { vocabSize: 300 },
);
const VOCAB = openTokenizer(TOKENIZER).vocabSize;

/** The inner width is no multiple of 32, as in the lab's own presets. */
const CONFIG = modelConfigSchema.parse({
  vocabSize: VOCAB + 3,
  width: 32,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  inner: 44,
  normEps: 1e-4,
  ropeTheta: 500,
});

async function withPath(body: (path: string, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(`${folder}/model.gguf`, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("blocks of Q8_0 are those of Python's gguf.quants.quantize", async () => {
  using file = await openGguf(fixture("quantizations.gguf"));
  const { start, bytes } = file.tensors.get("input.Q8_0")!;
  const expected = (await Deno.readFile(file.path)).subarray(start, start + bytes);
  assert.deepEqual(quantize("Q8_0", file.read("input"), "input"), expected);
});

/** What becomes of a weight that is stored as `type`: values of the type nearest to it. */
function stored(type: WrittenType, values: Float32Array): Float32Array {
  const result = new Float32Array(values.length);
  dequantize(type, quantize(type, values, "it").slice(), result);
  return result;
}

for (const tiedEmbeddings of [true, false]) {
  for (const type of WRITTEN_TYPES) {
    Deno.test(`a model written as ${type} is read back, embeddings ${tiedEmbeddings ? "tied" : "untied"}`, async () => {
      const config: ModelConfig = { ...CONFIG, tiedEmbeddings };
      const tensors = initialWeights(config, 5);
      await withPath(async (path) => {
        await saveGguf(path, { config, tensors }, type);
        const loaded = await loadGguf(path);
        assert.deepEqual(loaded.config, config);
        assert.equal(loaded.tokenizer, undefined);
        assert.deepEqual(Object.keys(loaded.tensors).sort(), Object.keys(tensors).sort());
        for (const [name, { shape, data }] of Object.entries(tensors)) {
          const own = shape.length === 1 ? "F32" : type === "Q8_0" && shape[1]! % 32 !== 0 ? "F16" : type;
          assert.deepEqual(loaded.tensors[name], { shape, data: stored(own, data) }, name);
        }
        using file = await openGguf(path);
        const down = file.tensors.get("blk.0.ffn_down.weight")!.type;
        assert.equal(down, type === "Q8_0" ? "F16" : type);
      });
    });
  }
}

Deno.test("tokenizer, special ids, template and name are read back unchanged", async () => {
  await withPath(async (path) => {
    const model = { config: CONFIG, tensors: initialWeights(CONFIG, 1), tokenizer: TOKENIZER };
    await saveGguf(path, { ...model, name: "Näme", chatTemplate: "{{ x }}", special: { bos: 0, eos: 7 } }, "F32");
    const { tokenizer, name, chatTemplate, special } = await loadGguf(path);
    assert.deepEqual(tokenizer, TOKENIZER);
    assert.deepEqual({ name, chatTemplate, special }, {
      name: "Näme",
      chatTemplate: "{{ x }}",
      special: { bos: 0, eos: 7 },
    });
    await saveGguf(path, model, "F32");
    assert.deepEqual((await loadGguf(path)).special, { bos: 0, eos: 0, pad: 0 });
    using file = await openGguf(path);
    assert.equal(file.metadata.get("tokenizer.ggml.add_bos_token"), true);
    const tokens = file.metadata.get("tokenizer.ggml.tokens") as string[];
    assert.equal(tokens.length, CONFIG.vocabSize);
    assert.deepEqual(tokens.slice(-3), [`[PAD${VOCAB}]`, `[PAD${VOCAB + 1}]`, `[PAD${VOCAB + 2}]`]);
  });
});

/** The tokenizer that llama.cpp's own keys describe, without the whole tokenizer.json. */
async function llamaCppTokenizer(path: string): Promise<{ readonly json: TokenizerJson; readonly pre: unknown }> {
  using file = await openGguf(path);
  const metadata = new Map(file.metadata);
  assert.ok(metadata.delete("tokenizer.huggingface.json"));
  return { json: tokenizerOf(path, metadata).json, pre: metadata.get("tokenizer.ggml.pre") };
}

Deno.test("llama.cpp's way to split gives our tokenizer's ids for text without combining marks", async () => {
  await withPath(async (path) => {
    await saveGguf(path, { config: CONFIG, tensors: initialWeights(CONFIG, 1), tokenizer: TOKENIZER }, "F32");
    const { json, pre } = await llamaCppTokenizer(path);
    assert.equal(pre, "qwen2");
    const [ours, theirs] = [openTokenizer(TOKENIZER), openTokenizer(json)];
    const pieces = [
      "The",
      " whale",
      "'s",
      "IT'S",
      " (foo",
      "bar[0]);",
      "\n",
      "\r\n",
      "\t",
      "  ",
      "12",
      " 345",
      "é",
      "ß",
      ".",
    ];
    for (let i = 0; i < 300; i++) {
      const source = random(3, "text", i);
      const text = Array.from({ length: 12 }, () => source.pick(pieces)).join("");
      assert.deepEqual(theirs.encode(text), ours.encode(text), JSON.stringify(text));
    }
  });
});

for (const pre of ["gpt-2", "smollm", "llama-bpe", "qwen2"]) {
  Deno.test(`a ${pre} tokenizer is written as it was read`, async () => {
    using file = await openGguf(fixture(`tokenizer-${pre}.gguf`));
    const { json, special } = tokenizerOf(file.path, file.metadata);
    const config = { ...CONFIG, vocabSize: openTokenizer(json).vocabSize };
    await withPath(async (path) => {
      await saveGguf(path, { config, tensors: initialWeights(config, 1), tokenizer: json, special }, "F16");
      const written = await llamaCppTokenizer(path);
      assert.equal(written.pre, pre);
      assert.deepEqual(written.json, json);
    });
  });
}

for (const name of ["qwen2", "qwen3", "llama-head-dim", "llama-llama3", "llama-biases", "llama-linear"]) {
  Deno.test(`${name} is written and read back`, async () => {
    const { config, tensors } = await loadModelFolder(`tests/fixtures/architectures/${name}`);
    await withPath(async (path) => {
      await saveGguf(path, { config, tensors }, "F32");
      const loaded = await loadGguf(path);
      assert.deepEqual(loaded.tensors, tensors);
      // Several ways to state Llama 3's scaling give the same divisors, which load_test.ts compares.
      const plain = { ...loaded.config, ropeScaling: config.ropeScaling };
      assert.deepEqual(name === "llama-llama3" ? plain : loaded.config, config);
    });
  });
}

Deno.test("models that GGUF files do not describe are refused", async () => {
  for (const name of ["llama-dynamic", "llama-yarn", "mistral-window", "qwen2-window", "qwen3-biases"]) {
    const { config, tensors } = await loadModelFolder(`tests/fixtures/architectures/${name}`);
    await withPath(async (path, folder) => {
      await assert.rejects(saveGguf(path, { config, tensors }, "F32"), (error: unknown) => {
        assert.ok(error instanceof UserError && error.code === "gguf.unsupported", `${name}: ${error}`);
        return true;
      });
      assert.deepEqual([...Deno.readDirSync(folder)], []);
    });
  }
});

function changed(tensors: HostWeights, name: string, value: number): HostWeights {
  const { shape, data } = tensors[name]!;
  return { ...tensors, [name]: { shape, data: data.with(5, value) } };
}

const MODEL: GgufToSave = { config: CONFIG, tensors: initialWeights(CONFIG, 1), tokenizer: TOKENIZER };
const MATRIX = "model.layers.1.mlp.up_proj.weight";

const REFUSED: Readonly<Record<string, [words: RegExp, type: WrittenType, model: GgufToSave]>> = {
  "a value beyond F16": [/ffn_up.weight" as F16: it has the value 70000/, "F16", {
    ...MODEL,
    tensors: changed(MODEL.tensors, MATRIX, 70_000),
  }],
  "not a number in Q8_0": [/as Q8_0: it has the value NaN/, "Q8_0", {
    ...MODEL,
    tensors: changed(MODEL.tensors, MATRIX, NaN),
  }],
  "a value beyond Q8_0": [/as Q8_0: it has the value 9\.99\d*e\+37/, "Q8_0", {
    ...MODEL,
    tensors: changed(MODEL.tensors, MATRIX, 1e38),
  }],
  "a model with a sliding window": [/the model has slidingWindow 8, which is not written/, "F32", {
    ...MODEL,
    config: { ...CONFIG, slidingWindow: 8 },
  }],
  "a missing weight": [/lacks the weight "model.norm.weight"/, "F32", {
    ...MODEL,
    tensors: Object.fromEntries(Object.entries(MODEL.tensors).filter(([name]) => name !== "model.norm.weight")),
  }],
  "more tokens than rows": [/\d+ tokens are more than the 290 rows/, "F32", {
    ...MODEL,
    config: { ...CONFIG, vocabSize: 290 },
    tensors: initialWeights({ ...CONFIG, vocabSize: 290 }, 1),
  }],
  "a tokenizer that llama.cpp lacks": [/no byte-level BPE that splits text as its tokenizer does/, "F32", {
    ...MODEL,
    tokenizer: { ...TOKENIZER, pre_tokenizer: { type: "Whitespace" } },
  }],
  "our tokenizer with a normalizer": [/no byte-level BPE/, "F32", {
    ...MODEL,
    tokenizer: { ...TOKENIZER, normalizer: { type: "Lowercase" } },
  }],
};

for (const [name, [words, type, model]] of Object.entries(REFUSED)) {
  Deno.test(`${name} is refused, and the file stays as it was`, async () => {
    await withPath(async (path, folder) => {
      await Deno.writeTextFile(path, "before");
      await assert.rejects(saveGguf(path, model, type), (error: unknown) => {
        assert.ok(error instanceof UserError, String(error));
        assert.match(error.message, words);
        return true;
      });
      assert.deepEqual(Array.from(Deno.readDirSync(folder), ({ name }) => name), ["model.gguf"]);
      assert.equal(await Deno.readTextFile(path), "before");
    });
  });
}

Deno.test("a full disk is reported in a sentence, and leaves nothing behind", async () => {
  await withPath(async (path, folder) => {
    const { write } = Deno.FsFile.prototype;
    let calls = 0;
    Deno.FsFile.prototype.write = function (bytes) {
      if (++calls < 10) return write.call(this, bytes);
      return Promise.reject(Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" }));
    };
    try {
      await assert.rejects(saveGguf(path, MODEL, "F32"), (error: unknown) => {
        assert.ok(error instanceof UserError, String(error));
        assert.match(error.message, /Cannot write ".*model\.gguf" \(\d+ bytes\): the disk is full$/);
        return true;
      });
    } finally {
      Deno.FsFile.prototype.write = write;
    }
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  });
});

Deno.test("a folder that does not exist is refused", async () => {
  await withPath(async (path) => {
    await assert.rejects(
      saveGguf(`${path}/in/it.gguf`, MODEL, "F32"),
      (error) => error instanceof UserError && error.code === "file.cannot-write",
    );
  });
});
