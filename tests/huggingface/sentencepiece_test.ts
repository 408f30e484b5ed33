// Reading tokenizer.model, and refusing damaged ones and what is not done exactly.
import assert from "node:assert/strict";
import { openTokenizer } from "../../lib/data/tokenizer/open.ts";
import type { TokenizerJson } from "../../lib/data/types.ts";
import { UserError } from "../../lib/errors.ts";
import { tokenizerOf } from "../../lib/gguf/tokenizer.ts";
import { readTokenizer } from "../../lib/huggingface/tokenizer-file.ts";
import { readSentencePiece } from "../../lib/huggingface/sentencepiece.ts";
import { random } from "../../lib/random.ts";

const utf8 = new TextEncoder();
const [NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE] = [1, 2, 3, 4, 6];

type Field = readonly [field: number, value: number | string | Uint8Array | Float32Array];

/** A protocol buffer's message. */
function message(...fields: readonly Field[]): Uint8Array {
  const varint = (value: number): number[] => value < 128 ? [value] : [value % 128 + 128, ...varint(value >>> 7)];
  const bytes = fields.flatMap(([field, value]) => {
    if (typeof value === "number") {
      // A negative number takes ten bytes.
      const written = value < 0 ? [...Array(9).fill(255), 1] : varint(value);
      return [...varint(field * 8), ...written];
    }
    if (value instanceof Float32Array) return [...varint(field * 8 + 5), ...new Uint8Array(value.buffer)];
    const content = typeof value === "string" ? utf8.encode(value) : value;
    return [...varint(field * 8 + 2), ...varint(content.length), ...content];
  });
  return Uint8Array.from(bytes);
}

const PIECES: readonly (readonly [piece: string, score: number, type: number])[] = [
  ["<unk>", 0, UNKNOWN],
  ["<s>", 0, CONTROL],
  ["</s>", 0, CONTROL],
  ["<mask>", 0, USER_DEFINED],
  ...Array.from({ length: 256 }, (_, byte) => {
    const piece = `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
    return [piece, 0, BYTE] as const;
  }),
  ["▁t", -1, NORMAL],
  ["he", -2, NORMAL],
  ["▁the", -3, NORMAL],
  ["▁▁", -1e9, NORMAL],
  ...[..."▁the"].map((piece, i) => [piece, -4 - i, NORMAL] as const),
];
const TRAINER: readonly Field[] = [[3, 2], [35, 1], [43, -1], [45, "<unk>"]];
const NORMALIZER: readonly Field[] = [[1, "identity"], [3, 1], [4, 0], [5, 1]];

function model(trainer = TRAINER, normalizer = NORMALIZER, pieces = PIECES): Uint8Array {
  return message(
    ...pieces.map(([piece, score, type]): Field => [
      1,
      message([1, piece], [2, Float32Array.of(score)], ...(type === NORMAL ? [] : [[3, type] as const])),
    ]),
    [2, message(...trainer)],
    [3, message(...normalizer)],
  );
}

const part = (json: TokenizerJson, name: string) => (json["model"] as Record<string, unknown>)[name];

Deno.test("`readSentencePiece()` joins what has the highest score, and spells unknown characters in bytes", () => {
  const json = readSentencePiece("tokenizer.model", model());
  assert.deepEqual(part(json, "merges"), [["▁", "t"], ["h", "e"], ["▁t", "he"], ["▁", "▁"]]);
  const tokenizer = openTokenizer(json);
  const id = (piece: string) => PIECES.findIndex(([other]) => other === piece);
  assert.deepEqual(tokenizer.encode("the the"), [id("▁the"), id("▁the")]);
  assert.deepEqual(tokenizer.encode("  e"), [id("▁▁"), id("▁"), id("e")]);
  assert.deepEqual(tokenizer.encode("é</s>"), [id("▁"), id("<0xC3>"), id("<0xA9>"), id("</s>")]);
  assert.deepEqual(tokenizer.encode("<mask>")[0], id("<mask>"));
  for (const text of ["the the", "  e é 漢\n", ""]) assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
});

Deno.test("a GGUF file with the same pieces becomes the same tokenizer.json", () => {
  const metadata = new Map<string, string | number | boolean | (string | number)[]>([
    ["tokenizer.ggml.model", "llama"],
    ["tokenizer.ggml.tokens", PIECES.map(([piece]) => piece)],
    ["tokenizer.ggml.scores", PIECES.map(([, score]) => score)],
    ["tokenizer.ggml.token_type", PIECES.map(([, , type]) => type)],
    ["tokenizer.ggml.bos_token_id", 1],
    ["tokenizer.ggml.add_bos_token", false],
  ]);
  const same = readSentencePiece("tokenizer.model", model());
  assert.deepEqual(tokenizerOf("file", metadata).json, same);
  metadata.set("tokenizer.ggml.add_space_prefix", false);
  const spaceless = NORMALIZER.map(([field, value]): Field => [field, field === 3 ? 0 : value]);
  assert.deepEqual(tokenizerOf("file", metadata).json, readSentencePiece("tokenizer.model", model(TRAINER, spaceless)));
  metadata.delete("tokenizer.ggml.scores");
  assert.throws(() => tokenizerOf("file", metadata), /tokenizer.ggml.scores/);
});

Deno.test("`readTokenizer()` adds the tokens and BOS of tokenizer_config.json, and prefers tokenizer.json", async () => {
  const folder = await Deno.makeTempDir();
  try {
    assert.equal(await readTokenizer(folder), undefined);
    await Deno.writeFile(`${folder}/tokenizer.model`, model());
    assert.ok((await readTokenizer(folder))!["post_processor"]);
    const pad = {
      content: "<pad>",
      lstrip: false,
      normalized: false,
      rstrip: false,
      single_word: false,
      special: true,
    };
    const added_tokens_decoder = { 1: { ...pad, content: "<s>" }, [PIECES.length]: pad };
    const settings = { add_bos_token: false, bos_token: { content: "<s>" }, added_tokens_decoder };
    await Deno.writeTextFile(`${folder}/tokenizer_config.json`, JSON.stringify(settings));
    const json = await readTokenizer(folder);
    assert.equal(json!["post_processor"], null);
    const tokenizer = openTokenizer(json!);
    assert.equal(tokenizer.vocabSize, PIECES.length + 1);
    assert.deepEqual(tokenizer.encode("<s><pad>"), [1, PIECES.length]);
    await Deno.writeTextFile(`${folder}/tokenizer.json`, "{}");
    assert.deepEqual(await readTokenizer(folder), {});
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const without = (fields: readonly Field[], field: number): readonly Field[] => fields.filter(([one]) => one !== field);
const REFUSED: Readonly<Record<string, [words: RegExp, bytes: Uint8Array]>> = {
  "nothing in it": [/no SentencePiece model, or damaged/, new Uint8Array()],
  "text in it": [/no SentencePiece model, or damaged/, utf8.encode('{"model": 1}')],
  "tiktoken's text": [/a tiktoken file/, utf8.encode("IQ== 0\nIg== 1\nIw== 2\n")],
  "a cut end": [/damaged/, model().subarray(0, -3)],
  "no pieces": [/piece 0 has no text/, message([1, message()], [2, message(...TRAINER)], [3, message(...NORMALIZER)])],
  "Unigram": [/model type is Unigram, and only BPE/, model(without(TRAINER, 3))],
  "words": [/model type is words/, model([...without(TRAINER, 3), [3, 3]])],
  "a normalizer": [/"nmt_nfkc"/, model(TRAINER, [[1, "nmt_nfkc"], [2, "abc"], [4, 0]])],
  "spaces that are removed": [/remove_extra_whitespaces/, model(TRAINER, without(NORMALIZER, 4))],
  "spaces that stay": [/escape_whitespaces/, model(TRAINER, [...NORMALIZER, [5, 0]])],
  "spaces after words": [/treat_whitespace_as_suffix/, model([...TRAINER, [24, 1]])],
};

for (const [name, [words, bytes]] of Object.entries(REFUSED)) {
  Deno.test(`a tokenizer.model with ${name} is refused`, () => {
    assert.throws(() => readSentencePiece("some/tokenizer.model", bytes), (error: unknown) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, words);
      assert.ok(error.message.includes("some/tokenizer.model"));
      return true;
    });
  });
}

Deno.test("a damaged tokenizer.model is read or refused, whatever its bytes are", () => {
  const bytes = model();
  const stream = random(1, "damage");
  let refused = 0;
  for (let i = 0; i < 300; i++) {
    const damaged = bytes.slice(0, stream.int(4) === 0 ? stream.int(bytes.length) : bytes.length);
    for (let k = 0; k < 3 && damaged.length > 0; k++) damaged[stream.int(damaged.length)] = stream.int(256);
    try {
      openTokenizer(readSentencePiece("file", damaged));
    } catch (error) {
      assert.ok(error instanceof UserError, String(error));
      refused++;
    }
  }
  assert.ok(refused > 100);
});
