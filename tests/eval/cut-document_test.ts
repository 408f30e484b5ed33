// Cutting documents with every kind of tokenizer: windows fit, end between characters, and their bytes add up.
import assert from "node:assert/strict";
import { openTokenizer, type Tokenizer, type TokenizerJson, trainTokenizer } from "../../lib/data/mod.ts";
import { cutDocument } from "../../lib/eval/cut-document.ts";
import { UserError } from "../../lib/errors.ts";
import { byteTokenizer, wordyDocuments } from "./fakes.ts";

const prose = wordyDocuments(3, 120).map(({ text }) => text);
const bytesOf = (text: string) => new TextEncoder().encode(text).length;

/** Documents that have made cutting fail, and ordinary ones. */
const TEXTS: Readonly<Record<string, string>> = {
  "prose": prose.join("\n\n"),
  "a run of U+FFFD": `before ${"\ufffd".repeat(200)} after`,
  "nothing but U+FFFD": "\ufffd".repeat(150),
  "U+FFFD between letters": "a\ufffdb\ufffd\ufffdc ".repeat(40),
  "special tokens spelled out": "<|im_start|>user\nhi <|im_end|>\n<|endoftext|></s><s>[INST] <unk>\n".repeat(12),
  "emoji": "👩‍👩‍👧🇩🇪".repeat(30),
  "blanks at the ends and in runs": `  \n\n a  b\t\t c${" ".repeat(90)}d \n `,
  "lone surrogates": "x\ud800y".repeat(30),
  "Chinese": "人人生而自由，在尊严和权利上一律平等。".repeat(9),
};

const ours = trainTokenizer(prose, { vocabSize: 300 });
const added = (...contents: string[]) =>
  contents.map((content, i) => ({
    id: 300 + i,
    content,
    special: true,
    normalized: false,
    lstrip: false,
    rstrip: false,
  }));
const SPECIAL = added("<|im_start|>", "<|im_end|>");

/** Like Llama 2's: a space becomes `▁`, one is prepended to the text, and unknown characters become bytes. */
const sentencePiece: TokenizerJson = (() => {
  const letters = [...new Set(`▁${prose.join("")}`.replaceAll(" ", "▁"))];
  const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, "0")}>`);
  const tokens = ["<unk>", "<s>", "</s>", ...bytes, ...letters, "▁a", "aa", "▁aa"];
  return {
    version: "1.0",
    added_tokens: ["<unk>", "<s>", "</s>"].map((content, id) => ({ id, content, special: true, normalized: false })),
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Prepend", prepend: "▁" },
        { type: "Replace", pattern: { String: " " }, content: "▁" },
      ],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        { type: "Strip", content: " ", start: 1, stop: 0 },
      ],
    },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: "<unk>",
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: ["▁ a", "a a", "▁ aa"],
    },
  };
})();

const TOKENIZERS: Readonly<Record<string, Tokenizer>> = {
  "bytes": byteTokenizer,
  "ours": openTokenizer(ours),
  "ours with added tokens": openTokenizer({ ...ours, added_tokens: [...ours["added_tokens"] as object[], ...SPECIAL] }),
  "byte-level BPE of others": openTokenizer({
    ...ours,
    added_tokens: [...ours["added_tokens"] as object[], ...added("<|im_start|>", "<|im_end|>", "</s>")],
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
  }),
  "with a space put first": openTokenizer({
    ...ours,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
  }),
  "SentencePiece": openTokenizer(sentencePiece),
};

for (const [kind, tokenizer] of Object.entries(TOKENIZERS)) {
  Deno.test(`\`cutDocument()\` covers every byte once, with this kind of tokenizer: ${kind}`, () => {
    for (const [what, text] of Object.entries(TEXTS)) {
      for (const time of [8, 24, 300, 5000]) {
        const stretches = cutDocument(text, tokenizer, time);
        const where = `${what}, ${time}`;
        assert.equal(stretches.reduce((sum, { bytes }) => sum + bytes, 0), bytesOf(text.toWellFormed()), where);
        for (const { tokens } of stretches) {
          assert.ok(tokens.length > 0 && tokens.length <= time, where);
          const piece = tokenizer.decode(tokens, { specialTokens: true });
          if (!text.toWellFormed().includes("\ufffd")) assert.ok(!piece.includes("\ufffd"), where);
        }
      }
    }
  });
}

Deno.test("`cutDocument()` cuts the tokens of the whole document where it can", () => {
  for (const kind of ["bytes", "ours", "ours with added tokens"]) {
    const tokenizer = TOKENIZERS[kind]!;
    for (const [what, text] of Object.entries(TEXTS)) {
      const tokens = cutDocument(text, tokenizer, 24).flatMap(({ tokens }) => tokens);
      assert.deepEqual(tokens, tokenizer.encode(text.toWellFormed()), `${kind}, ${what}`);
    }
  }
});

Deno.test("`cutDocument()` refuses a tokenizer that loses text, and a character longer than the context", () => {
  const refuses = (tokenizer: Tokenizer, text: string, time: number, message: RegExp) =>
    assert.throws(
      () => cutDocument(text, tokenizer, time),
      (error) => error instanceof UserError && error.code === "eval.tokenizer" && message.test(error.message),
    );
  const lower: Tokenizer = { ...byteTokenizer, encode: (text) => byteTokenizer.encode(text.toLowerCase()) };
  refuses(lower, "Some Words", 4, /does not give back the text of a document after/);
  refuses(
    TOKENIZERS["SentencePiece"]!,
    "👩".repeat(9),
    3,
    /spells the character "👩" with 5 tokens, but the context has 3/,
  );
});

Deno.test("`cutDocument()` takes linear time for a long document", () => {
  // In quadratic time, each of these would take many minutes.
  for (
    const text of ["\ufffd".repeat(100_000), "a".repeat(100_000), `${" ".repeat(100_000)}x`, prose.join(" ").repeat(60)]
  ) {
    for (const tokenizer of [TOKENIZERS["bytes"]!, TOKENIZERS["SentencePiece"]!]) {
      const stretches = cutDocument(text, tokenizer, 256);
      assert.equal(stretches.reduce((sum, { bytes }) => sum + bytes, 0), bytesOf(text));
    }
  }
});
