// Training, opening and refusing tokenizers; ids equal to the library's and Python's.
import assert from "node:assert/strict";
import { Tokenizer as Library } from "@huggingface/tokenizers";
import { openTokenizer } from "../../../lib/data/tokenizer/open.ts";
import type { TokenizerJson } from "../../../lib/data/types.ts";
import { trainTokenizer } from "../../../lib/data/tokenizer/train.ts";
import { pretokenPattern } from "../../../lib/data/tokenizer/pretokens.ts";
import { UserError } from "../../../lib/errors.ts";
import { random } from "../../../lib/random.ts";
import { optionalTest, python } from "../../optional.ts";

const PHRASES = [
  "The whale, the whale! It's what we'll see; they've gone.",
  "function add(a, b) {\n  return a + b;\n}\n\n\n\tconst x1 = 3.14e-10;",
  "English: Type '{0}' is not assignable.\nDeutsch: Der Typ \"{0}\" kann nicht zugewiesen werden.",
  "世界人権宣言、すべての人間は。 मानव अधिकारों की  विश्वव्यापी घोषणा",
  "12 + 345 = 357\r\n  x = -7 \u00a0 \u2003 end   ",
  "naïve café 👩‍👩‍👧 🇩🇪 \u200b\ufeff A\u0301 ﬁ ½ ² Ⅷ",
  "<|endoftext|> is only text here <|end",
];
const TEXTS = Array.from({ length: 120 }, (_, i) => {
  const stream = random(1, "texts", i);
  return stream.shuffle(PHRASES).slice(0, 3).join(stream.pick([" ", "\n", "\n\n", "  "]));
});
const JSON_FILE = trainTokenizer(TEXTS, { vocabSize: 480 });
const TOKENIZER = openTokenizer(JSON_FILE);
const model = JSON_FILE["model"] as { vocab: Record<string, number> };

/** Texts unlike the training text: random mixtures of awkward characters. */
const AWKWARD = Array.from({ length: 300 }, (_, i) => {
  const stream = random(2, "awkward", i);
  const characters = [
    ..." \t\n\r\f\v'sTdll've09½²aZé\u0301ß中カ🙂\u200d\u00a0\u2028\u0085\ufeff{}<|_.,\u0000\u{10ffff}",
  ];
  return Array.from({ length: stream.int(40) }, () => stream.pick(characters)).join("");
});

function libraryIds(json: TokenizerJson, text: string): number[] {
  return new Library({ ...json }, {}).encode(text, { add_special_tokens: false }).ids;
}

Deno.test("`trainTokenizer()` gives <|endoftext|> id 0, all bytes, and as many merges as fit", () => {
  assert.equal(TOKENIZER.vocabSize, 480);
  assert.equal(TOKENIZER.endOfText, 0);
  const { merges, vocab } = JSON_FILE["model"] as { merges: string[]; vocab: Record<string, number> };
  assert.equal(merges.length, 480 - 257);
  assert.deepEqual(Object.values(vocab).sort((a, b) => a - b), Array.from({ length: 480 }, (_, id) => id));
});

Deno.test("`trainTokenizer()` picks the most frequent pair each time", () => {
  // "aab" 3 times, "ab" twice: ab 5, aa 3; then with ab merged, a+ab 3.
  const json = trainTokenizer(["aab\naab\naab\nab\nab"], { vocabSize: 259 });
  assert.deepEqual((json["model"] as { merges: string[] }).merges, ["a b", "a ab"]);
});

Deno.test("`trainTokenizer()` does not depend on the order of the texts", () => {
  assert.deepEqual(trainTokenizer(random(3).shuffle(TEXTS), { vocabSize: 480 }), JSON_FILE);
});

Deno.test("`trainTokenizer()` stops when there is nothing to merge, and refuses fewer than 257 tokens", () => {
  assert.equal(openTokenizer(trainTokenizer(["a b"], { vocabSize: 5000 })).vocabSize, 258); // " b"
  assert.equal(openTokenizer(trainTokenizer([], { vocabSize: 300 })).vocabSize, 257);
  for (const vocabSize of [256, 300.5, 262_145]) {
    assert.throws(() => trainTokenizer(TEXTS, { vocabSize }), isUserError("tokenizer.vocab-size"));
  }
  assert.deepEqual(trainTokenizer(TEXTS, { vocabSize: 262_144 }), trainTokenizer(TEXTS, { vocabSize: 100_000 }));
});

Deno.test("`trainTokenizer()` takes linear time for one endless word", () => {
  const stream = random(4);
  const word = Array.from({ length: 300_000 }, () => stream.pick([..."abcdefgh"])).join("");
  // In quadratic time, this would take many minutes.
  const { vocabSize } = openTokenizer(trainTokenizer([word, "a".repeat(300_000)], { vocabSize: 2048 }));
  assert.equal(vocabSize, 2048);
});

Deno.test("`encode()` keeps every digit alone, and no token spans a line's end and a word", () => {
  const ids = TOKENIZER.encode("357");
  assert.equal(ids.length, 3);
  for (const id of ids) assert.match(TOKENIZER.decode([id]), /^\d$/);
  for (let id = 1; id < TOKENIZER.vocabSize; id++) assert.doesNotMatch(TOKENIZER.decode([id]), /\n\p{L}|\d./u);
});

Deno.test("the pretokens of any text join to the text", () => {
  for (const text of [...TEXTS, ...AWKWARD]) assert.equal((text.match(pretokenPattern()) ?? []).join(""), text);
});

Deno.test("`decode(encode())` gives any text back", () => {
  for (const text of [...TEXTS, ...AWKWARD, ""]) assert.equal(TOKENIZER.decode(TOKENIZER.encode(text)), text);
});

Deno.test("`encode()` gives the library's ids", () => {
  const library = new Library({ ...JSON_FILE }, {});
  const texts = [...TEXTS, ...AWKWARD, "z".repeat(700), "ab".repeat(400)].filter((text) =>
    !text.includes("<|endoftext|>")
  );
  for (const text of texts) {
    assert.deepEqual(
      TOKENIZER.encode(text),
      library.encode(text, { add_special_tokens: false }).ids,
      JSON.stringify(text),
    );
  }
});

Deno.test("`encode()` reads <|endoftext|> in a text as characters: no document can end itself", () => {
  const text = "before<|endoftext|>after";
  assert.ok(!TOKENIZER.encode(text).includes(TOKENIZER.endOfText));
  assert.equal(TOKENIZER.decode(TOKENIZER.encode(text)), text);
  assert.ok(libraryIds(JSON_FILE, text).includes(0)); // the library does not
});

Deno.test("`decode()` leaves special tokens out and refuses ids outside the vocabulary", () => {
  assert.equal(TOKENIZER.decode([0, ...TOKENIZER.encode("hello"), 0]), "hello");
  assert.throws(() => TOKENIZER.decode([480]), /ids go from 0 to 479/);
  assert.throws(() => TOKENIZER.decode([-1]), { name: "UserError", message: /Cannot decode token -1/ });
});

Deno.test("rows of a padded embedding table are ids without text", () => {
  const padded = openTokenizer(JSON_FILE, { rows: 512 });
  const ids = TOKENIZER.encode(TEXTS[0]!);
  assert.equal(padded.vocabSize, 512);
  assert.deepEqual(padded.encode(TEXTS[0]!), ids);
  assert.equal(padded.decode([480, ...ids, 511]), TEXTS[0]);
  assert.throws(() => padded.decode([512]), /ids go from 0 to 511/);
  assert.equal(openTokenizer(JSON_FILE, { rows: 12 }).vocabSize, TOKENIZER.vocabSize);
});

const USER = { id: 480, content: "<|user|>", single_word: false, lstrip: false, rstrip: false, normalized: false };

Deno.test("`openTokenizer()` finds tokens that were added to one of our tokenizers, as the library does", () => {
  const strip = { ...USER, id: 481, content: "[SEP]", lstrip: true, rstrip: true, special: false };
  const json = {
    ...JSON_FILE,
    added_tokens: [...JSON_FILE["added_tokens"] as object[], { ...USER, special: true }, strip],
  };
  const tokenizer = openTokenizer(json);
  assert.deepEqual([tokenizer.vocabSize, tokenizer.endOfText], [482, 0]);
  for (const text of ["hi <|user|> there", "<|user|><|user|>", "a [SEP] b", "<|user", "no such token", ...TEXTS]) {
    if (text.includes("<|endoftext|>")) continue;
    assert.deepEqual(tokenizer.encode(text), libraryIds(json, text), text);
  }
  assert.deepEqual(tokenizer.encode("hi <|user|>"), [...TOKENIZER.encode("hi "), 480]);
  // <|endoftext|> is still read as characters.
  const ids = tokenizer.encode("<|user|><|endoftext|>");
  assert.ok(ids[0] === 480 && !ids.includes(0));
  assert.equal(tokenizer.decode(ids), "<|endoftext|>");
  assert.equal(tokenizer.decode(ids, { specialTokens: true }), "<|user|><|endoftext|>");
});

Deno.test("`openTokenizer()` keeps a token with the name of a property of all objects", () => {
  for (const token of ["__proto__", "constructor", "toString"]) {
    const vocab = JSON.parse(JSON.stringify(model.vocab).replace("{", `{${JSON.stringify(token)}:480,`));
    const tokenizer = openTokenizer({ ...JSON_FILE, model: { ...model, vocab } });
    assert.equal(tokenizer.vocabSize, 481, token);
    assert.equal(tokenizer.decode([480]), token);
    const merges = [...mergesOf(JSON_FILE)];
    const last = token.slice(0, -1);
    const longer = JSON.parse(JSON.stringify(vocab).replace("{", `{${JSON.stringify(last)}:481,`));
    const merged = { ...model, vocab: longer, merges: [...merges, `${last} ${token.at(-1)}`] };
    assert.equal(openTokenizer({ ...JSON_FILE, model: merged }).vocabSize, 482);
  }
});

Deno.test("`trainTokenizer()` counts a word with the name of a property of all objects", () => {
  const json = trainTokenizer([" __proto__ constructor".repeat(50)], { vocabSize: 300 });
  const tokenizer = openTokenizer(JSON.parse(JSON.stringify(json)));
  assert.ok(tokenizer.encode(" constructor").length < 6);
  assert.equal(tokenizer.decode(tokenizer.encode("__proto__")), "__proto__");
});

Deno.test("`openTokenizer()` opens a foreign tokenizer with the library's ids", () => {
  const { "<|endoftext|>": _end, ...vocab } = model.vocab;
  const foreign = {
    ...JSON_FILE,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    added_tokens: [{ id: 480, content: "</s>", special: true, normalized: false }],
    model: {
      ...model,
      vocab: { ...vocab, "<unused>": 0 },
      merges: mergesOf(JSON_FILE).map((merge) => merge.split(" ")),
    },
  };
  const tokenizer = openTokenizer(foreign);
  assert.deepEqual([tokenizer.vocabSize, tokenizer.endOfText], [481, 480]);
  for (const text of TEXTS.slice(0, 20)) {
    assert.deepEqual(tokenizer.encode(text), libraryIds(foreign, text));
    assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
  }
});

const withModel = (change: object) => ({ ...JSON_FILE, model: { ...model, ...change } });
const BAD_FILES: readonly [what: string, json: TokenizerJson, code: string, message: RegExp][] = [
  ["no model", { version: "1.0" }, "tokenizer.shape", /model/],
  ["an unknown type", withModel({ type: "Magic" }), "tokenizer.unknown-type", /"Magic"/],
  ["merges that are no list", withModel({ merges: 3 }), "tokenizer.shape", /merges/],
  ["missing merges", { ...JSON_FILE, model: { type: "BPE", vocab: { a: 0 } } }, "tokenizer.missing-merges", /merges/],
  ["merges of unknown tokens", withModel({ merges: ["a nosuch"] }), "tokenizer.merge", /merge 0 .*"nosuch"/],
  ["a merge of three", withModel({ merges: ["a b c"] }), "tokenizer.merge", /not two tokens/],
  ["clashing ids", withModel({ vocab: { ...model.vocab, "!": 300 } }), "tokenizer.clash", /id 300/],
  [
    "an added token on a taken id",
    {
      ...JSON_FILE,
      added_tokens: [{ id: 7, content: "<s>", special: true }],
    },
    "tokenizer.clash",
    /id 7 in added_tokens/,
  ],
  ["a fractional id", withModel({ vocab: { ...model.vocab, x: 1.5 } }), "tokenizer.shape", /model/],
  ["a negative id", withModel({ vocab: { ...model.vocab, x: -1 } }), "tokenizer.shape", /model/],
  ["an unknown pre-tokenizer", { ...JSON_FILE, pre_tokenizer: { type: "Nope" } }, "tokenizer.unreadable", /Nope/],
  [
    "no end of text",
    {
      ...JSON_FILE,
      added_tokens: [],
      model: { type: "BPE", vocab: { a: 0 }, merges: [] },
    },
    "tokenizer.no-end",
    /ends a document/,
  ],
];

for (const [what, json, code, message] of BAD_FILES) {
  Deno.test(`\`openTokenizer()\` refuses a file with ${what}`, () => {
    assert.throws(
      () => openTokenizer(json),
      (error) => isUserError(code)(error) && message.test((error as Error).message),
    );
  });
}

optionalTest(
  "python-tokenizers",
  "`trainTokenizer()` learns the merges of Python's trainer, and its ids are equal",
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/tokenizer.json`, JSON.stringify(JSON_FILE));
      // Python's library finds <|endoftext|> in texts, and V8 and Oniguruma may know different versions of Unicode.
      const texts = [...TEXTS, ...AWKWARD].filter((text) => !text.includes("<|endoftext|>"));
      await Deno.writeTextFile(`${folder}/texts.json`, JSON.stringify({ training: TEXTS, texts }));
      await Deno.writeTextFile(`${folder}/check.py`, PYTHON);
      const theirs: { ids: number[][]; merges: (string | string[])[] } = JSON.parse(python(["check.py"], folder));
      assert.deepEqual(theirs.ids, texts.map((text) => TOKENIZER.encode(text)));
      assert.deepEqual(theirs.merges.map((merge) => [merge].flat().join(" ")), mergesOf(JSON_FILE));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

const PYTHON = `
import json
from tokenizers import Tokenizer, models, trainers
data = json.load(open("texts.json"))
ours = Tokenizer.from_file("tokenizer.json")
theirs = Tokenizer(models.BPE())
theirs.pre_tokenizer = ours.pre_tokenizer
alphabet = [t for t, i in ours.get_vocab().items() if 1 <= i <= 256]
theirs.train_from_iterator(data["training"], trainers.BpeTrainer(
    vocab_size=480, special_tokens=["<|endoftext|>"], initial_alphabet=alphabet, show_progress=False))
print(json.dumps({
    "ids": [ours.encode(text, add_special_tokens=False).ids for text in data["texts"]],
    "merges": json.loads(theirs.to_str())["model"]["merges"],
}))
`;

function mergesOf(json: TokenizerJson): string[] {
  return (json["model"] as { merges: string[] }).merges;
}

function isUserError(code: string): (error: unknown) => boolean {
  return (error) => error instanceof UserError && error.code === code;
}
