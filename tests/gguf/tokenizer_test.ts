// Tokenizers in GGUF metadata: ids equal Python's tokenizers; what cannot be reproduced exactly is refused by name.
import assert from "node:assert/strict";
import { openTokenizer, trainTokenizer } from "../../lib/data/mod.ts";
import { UserError } from "../../lib/errors.ts";
import {
  chatTemplate,
  hasTokenizer,
  type Metadata,
  type MetadataValue,
  openGguf,
  tokenizerOf,
} from "../../lib/gguf/mod.ts";
import { fixture } from "./bytes.ts";

const PRES = ["gpt-2", "smollm", "llama-bpe", "qwen2"];

async function metadataOf(pre: string): Promise<Metadata> {
  using file = await openGguf(fixture(`tokenizer-${pre}.gguf`));
  return file.metadata;
}

for (const pre of PRES) {
  Deno.test(`${pre}: ids are those of Python's tokenizers`, async () => {
    const metadata = await metadataOf(pre);
    const { json, special } = tokenizerOf("file", metadata);
    const tokenizer = openTokenizer(json);
    assert.deepEqual(special, { bos: 0, eos: 2 });
    assert.match(chatTemplate(metadata)!, /<\|user\|>/);
    const texts = metadata.get("test.texts") as string[];
    const ids = (metadata.get("test.ids") as string[]).map((text) => JSON.parse(text) as number[]);
    assert.ok(texts.length === ids.length && texts.length > 5);
    for (const [i, text] of texts.entries()) {
      assert.deepEqual(tokenizer.encode(text), ids[i], JSON.stringify(text));
      const whole = pre === "qwen2" ? text.normalize("NFC") : text;
      assert.equal(tokenizer.decode(ids[i]!, { specialTokens: true }), whole);
    }
  });
}

Deno.test("the ways to split text differ on the texts of the test", async () => {
  const ids = await Promise.all(PRES.map(async (pre) => String((await metadataOf(pre)).get("test.ids"))));
  assert.equal(new Set(ids).size, PRES.length);
});

Deno.test("BOS is put before a text where the file or llama.cpp's rule for the tokenizer says so", async () => {
  const addsBos = async (pre: string, changes: Record<string, MetadataValue> = {}) => {
    const { json } = tokenizerOf("file", new Map([...await metadataOf(pre), ...Object.entries(changes)]));
    return json["post_processor"] !== null;
  };
  assert.deepEqual(await Promise.all(PRES.map((pre) => addsBos(pre))), [false, false, true, false]);
  assert.equal(await addsBos("llama-bpe", { "tokenizer.ggml.add_bos_token": false }), false);
  assert.equal(await addsBos("smollm", { "tokenizer.ggml.add_bos_token": true }), true);
});

Deno.test("a whole tokenizer.json in the metadata is preferred", () => {
  const own = trainTokenizer(["some text, some text"], { vocabSize: 260 });
  const metadata = new Map([
    ["tokenizer.ggml.model", "gpt2"],
    ["tokenizer.ggml.pre", "unknown"],
    ["tokenizer.huggingface.json", JSON.stringify(own)],
  ]);
  assert.deepEqual(tokenizerOf("file", metadata).json, own);
});

Deno.test("a file may have no tokenizer", () => {
  assert.equal(hasTokenizer(new Map()), false);
  assert.equal(hasTokenizer(new Map([["tokenizer.ggml.model", "none"]])), false);
  assert.equal(hasTokenizer(new Map([["tokenizer.ggml.model", "llama"]])), true);
});

const REFUSED: Readonly<Record<string, [words: RegExp, changes: Readonly<Record<string, MetadataValue | undefined>>]>> =
  {
    "SentencePiece without scores": [/tokenizer.ggml.scores/, { "tokenizer.ggml.model": "llama" }],
    "another kind": [/of the kind "t5"/, { "tokenizer.ggml.model": "t5" }],
    "no kind": [/of the kind undefined/, { "tokenizer.ggml.model": undefined }],
    "another way to split": [/is "deepseek-llm"; gpt-2, smollm, llama-bpe, qwen2/, {
      "tokenizer.ggml.pre": "deepseek-llm",
    }],
    "an inherited name": [/is "constructor"/, { "tokenizer.ggml.pre": "constructor" }],
    "no way to split": [/is not named/, { "tokenizer.ggml.pre": undefined }],
    "a space before a text": [/add_space_prefix/, { "tokenizer.ggml.add_space_prefix": true }],
    "no tokens": [/tokenizer.ggml.tokens" is missing/, { "tokenizer.ggml.tokens": undefined }],
    "tokens that are numbers": [/tokens" is not a list of texts/, { "tokenizer.ggml.tokens": [1, 2] }],
    "no merges": [/merges" is missing/, { "tokenizer.ggml.merges": undefined }],
    "a token twice": [/"a" twice/, { "tokenizer.ggml.tokens": ["a", "b", "a"] }],
    "too few kinds of tokens": [/one type for each token/, { "tokenizer.ggml.token_type": [1, 1] }],
    "an EOS that is text": [/eos_token_id is x/, { "tokenizer.ggml.eos_token_id": "x" }],
    "a BOS to add that is no token": [
      /names no token/,
      { "tokenizer.ggml.bos_token_id": 9999, "tokenizer.ggml.add_bos_token": true },
    ],
    "a tokenizer.json that is not JSON": [/not a JSON object/, { "tokenizer.huggingface.json": "{" }],
    "a tokenizer.json that is a list": [/not a JSON object/, { "tokenizer.huggingface.json": "[]" }],
  };

for (const [name, [words, changes]] of Object.entries(REFUSED)) {
  Deno.test(`a tokenizer with ${name} is refused`, async () => {
    const metadata = new Map(await metadataOf("gpt-2"));
    for (const [key, value] of Object.entries(changes)) {
      if (value === undefined) metadata.delete(key);
      else metadata.set(key, value);
    }
    assert.throws(() => tokenizerOf("some/file", metadata), (error: unknown) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, words);
      assert.ok(error.message.includes("some/file"));
      return true;
    });
  });
}
