// Tokenizers are compared by what they do, not by how their files are written.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { tokenizerMeaning } from "../../lib/merge/weights/tokenizer-meaning.ts";
import { checkSameTokenizers } from "../../lib/merge/weights/tokenizers.ts";
import { optionalTest, python } from "../optional.ts";

type Json = Record<string, unknown>;

const TOKEN = {
  id: 3,
  content: "<s>",
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
};
const BPE = {
  type: "BPE",
  dropout: null,
  unk_token: null,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: false,
  byte_fallback: false,
  ignore_merges: false,
  vocab: { a: 0, b: 1, ab: 2, "<s>": 3, "a b": 4 },
  merges: [["a", "b"]],
};
const SPLIT = { type: "Split", pattern: { Regex: " ?\\p{L}+" }, behavior: "Isolated", invert: false };
const BYTES = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
const WHOLE = {
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: [TOKEN],
  normalizer: null,
  pre_tokenizer: { type: "Sequence", pretokenizers: [SPLIT, BYTES] },
  post_processor: null,
  decoder: null,
  model: BPE,
};

/** The tokenizer with some parts of its model changed; `undefined` leaves a key out. */
const model = (change: Json): Json => ({ ...WHOLE, model: JSON.parse(JSON.stringify({ ...BPE, ...change })) });
const reversed = (json: Json): Json => Object.fromEntries(Object.entries(json).reverse());
const steps = (pre_tokenizer: unknown, normalizer: unknown = null): Json => ({ ...WHOLE, pre_tokenizer, normalizer });

const EQUAL: readonly [what: string, a: Json, b: Json][] = [
  ["merges as texts and as pairs", WHOLE, model({ merges: ["a b"] })],
  ["defaults left out", WHOLE, {
    added_tokens: [TOKEN],
    pre_tokenizer: WHOLE.pre_tokenizer,
    model: { vocab: BPE.vocab, merges: BPE.merges },
  }],
  [
    "empty affixes and no dropout",
    WHOLE,
    model({ continuing_subword_prefix: "", end_of_word_suffix: "", dropout: 0.0 }),
  ],
  ["the order of keys and of the vocabulary", WHOLE, {
    ...reversed(WHOLE),
    model: reversed({ ...BPE, vocab: reversed(BPE.vocab) }),
    added_tokens: [reversed(TOKEN)],
  }],
  ["the order of added tokens", { ...WHOLE, added_tokens: [TOKEN, { ...TOKEN, id: 5, content: "<t>" }] }, {
    ...WHOLE,
    added_tokens: [{ ...TOKEN, id: 5, content: "<t>" }, TOKEN],
  }],
  ["truncation, padding, and what is decoded", WHOLE, {
    ...WHOLE,
    truncation: { max_length: 5 },
    padding: { pad_id: 0 },
    decoder: { type: "ByteLevel" },
    added_tokens: [{ ...TOKEN, special: false }],
  }],
  ["a sequence of one, and nested ones", steps({ type: "Sequence", pretokenizers: [SPLIT] }), steps(SPLIT)],
  [
    "a sequence of none",
    steps(null),
    steps({ type: "Sequence", pretokenizers: [] }, { type: "Sequence", normalizers: [] }),
  ],
  ["offsets of bytes", steps(BYTES), steps({ ...BYTES, trim_offsets: false })],
  [
    "ByteLevel before and after it had a choice",
    steps({ ...BYTES, use_regex: true }),
    steps({
      type: "ByteLevel",
      add_prefix_space: false,
      trim_offsets: true,
    }),
  ],
  [
    "Metaspace of all versions",
    steps({ type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true }),
    steps({
      type: "Metaspace",
      replacement: "▁",
      str_rep: "▁",
      add_prefix_space: true,
    }),
  ],
  [
    "BERT's accents by default",
    steps(null, { type: "BertNormalizer", lowercase: true, strip_accents: null }),
    steps(null, {
      type: "BertNormalizer",
      lowercase: true,
    }),
  ],
];

for (const [what, a, b] of EQUAL) {
  Deno.test(`tokenizers are the same: ${what}`, () => assert.deepEqual(tokenizerMeaning(a), tokenizerMeaning(b)));
}

const DIFFERENT: readonly [part: string, a: Json, b: Json][] = [
  ["model", WHOLE, model({ vocab: { ...BPE.vocab, a: 1, b: 0 } })],
  ["model", WHOLE, model({ merges: [] })],
  ["model", model({ merges: ["a b", "ab a"] }), model({ merges: ["ab a", "a b"] })],
  ["model", model({ merges: [["a b", "a"]] }), model({ merges: [["a", "b a"]] })],
  ["model", WHOLE, model({ ignore_merges: true })],
  ["model", WHOLE, model({ byte_fallback: true })],
  ["model", WHOLE, model({ unk_token: "<s>" })],
  ["model", WHOLE, model({ dropout: 0.1 })],
  ["added_tokens", WHOLE, { ...WHOLE, added_tokens: [] }],
  ["added_tokens", WHOLE, { ...WHOLE, added_tokens: [{ ...TOKEN, content: "<other>", id: 5 }] }],
  ["added_tokens", WHOLE, { ...WHOLE, added_tokens: [{ ...TOKEN, lstrip: true }] }],
  ["normalizer", steps(null), steps(null, { type: "NFC" })],
  [
    "normalizer",
    steps(null, { type: "BertNormalizer" }),
    steps(null, { type: "BertNormalizer", strip_accents: false }),
  ],
  ["pre_tokenizer", steps(SPLIT), steps({ ...SPLIT, behavior: "Removed" })],
  ["pre_tokenizer", steps(BYTES), steps({ ...BYTES, use_regex: true })],
  ["pre_tokenizer", steps(BYTES), steps({ ...BYTES, add_prefix_space: true })],
  [
    "pre_tokenizer",
    steps({ type: "Metaspace", replacement: "▁" }),
    steps({
      type: "Metaspace",
      replacement: "▁",
      prepend_scheme: "first",
    }),
  ],
  [
    "pre_tokenizer",
    steps({ type: "Sequence", pretokenizers: [SPLIT, BYTES] }),
    steps({
      type: "Sequence",
      pretokenizers: [BYTES, SPLIT],
    }),
  ],
];

for (const [part, a, b] of DIFFERENT) {
  Deno.test(`tokenizers differ in their ${part}: ${JSON.stringify(b[part === "model" ? "model" : part])}`, () => {
    const [x, y] = [tokenizerMeaning(a), tokenizerMeaning(b)];
    const differing = Object.keys(x).filter((key) => x[key as keyof typeof x] !== y[key as keyof typeof y]);
    assert.deepEqual(differing, [part]);
  });
}

Deno.test("`checkSameTokenizers()` compares the files that folders have, including those of older versions", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const write = async (name: string, files: Readonly<Record<string, string>>) => {
      await Deno.mkdir(`${folder}/${name}`);
      for (const [file, text] of Object.entries(files)) await Deno.writeTextFile(`${folder}/${name}/${file}`, text);
    };
    const old = { "vocab.json": '{"a": 0, "b": 1}', "merges.txt": "#version: 0.2\na b\n" };
    await write("new", { "tokenizer.json": JSON.stringify(WHOLE) });
    await write("pairs", { "tokenizer.json": JSON.stringify(model({ merges: ["a b"] })) });
    await write("other", { "tokenizer.json": JSON.stringify(model({ merges: [] })) });
    await write("old", old);
    await write("written", { "vocab.json": '{"b":1,"a":0}', "merges.txt": "a b\r\n" });
    await write("swapped", { ...old, "vocab.json": '{"a": 1, "b": 0}' });
    await write("none", {});
    const check = (...names: string[]) => checkSameTokenizers(names.map((name) => `${folder}/${name}`));
    const at = (name: string) => `"${folder}/${name}"`;
    const lacks = (name: string, other: string) =>
      `${at(name)} has no tokenizer: its tokens are taken to be those of ${at(other)}`;
    assert.deepEqual(await check("new", "pairs"), []);
    assert.deepEqual(await check("old", "written", "none"), [lacks("none", "old")]);
    assert.deepEqual(await check("new", "pairs", "none", "old"), [
      lacks("none", "new"),
      `${at("new")} has tokenizer.json, and ${
        at("old")
      } has vocab.json and merges.txt: whether they read a text as the ` +
      "same tokens was not checked",
    ]);
    assert.deepEqual(await check("none", "new"), [`${lacks("none", "new")}, and the merged model has none, either`]);
    assert.deepEqual(await check("none"), ["no model has a tokenizer, and so the merged model has none"]);
    for (
      const [names, ...says] of [[["none", "new", "other"], "model", "/new", "/other"], [
        ["old", "swapped"],
        "vocab.json",
        "/swapped",
      ]] as const
    ) {
      await assert.rejects(check(...names), (error) => {
        assert.ok(error instanceof UserError && error.code === "merge.tokenizer");
        for (const words of says) assert.ok(error.message.includes(words), error.message);
        return true;
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

optionalTest("python-tokenizers", "tokenizers are the same after Python's library rewrites them", () => {
  const texts = [...EQUAL, ...DIFFERENT].flatMap(([, a, b]) => [a, b]).map((json) => JSON.stringify(json));
  const script = `
import sys, json
from tokenizers import Tokenizer
out = []
for text in json.load(open(sys.argv[1])):
    try: out.append(Tokenizer.from_str(text).to_str())
    except BaseException: out.append(None)  # some make the library panic
json.dump(out, sys.stdout)
`;
  const folder = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${folder}/in.json`, `[${texts.map((text) => JSON.stringify(text)).join()}]`);
    const anew: (string | null)[] = JSON.parse(python(["-c", script, `${folder}/in.json`]));
    let compared = 0;
    for (const [i, text] of anew.entries()) {
      if (text === null) continue; // the library rejects some files that we accept
      assert.deepEqual(tokenizerMeaning(JSON.parse(text)), tokenizerMeaning(JSON.parse(texts[i]!)), texts[i]);
      compared++;
    }
    assert.ok(compared > 20, `${compared} compared`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
