// Text from tokens: stop texts wherever tokens end, whole characters, and text that continues a prompt.
import assert from "node:assert/strict";
import { openTokenizer } from "../../lib/data/tokenizer/open.ts";
import { sentencePieceJson } from "../../lib/data/tokenizer/sentencepiece-json.ts";
import { trainTokenizer } from "../../lib/data/tokenizer/train.ts";
import { BYTE_CHARACTERS } from "../../lib/data/tokenizer/pretokens.ts";
import { textStream } from "../../lib/infer/text-stream.ts";
import { random } from "../../lib/random.ts";

const SEED = crypto.getRandomValues(new Uint32Array(1))[0]!;
console.log(`seed ${SEED}`);

const JSON_FILE = trainTokenizer(["abc abab cab 漢字 🙂 ab漢 naïve", "abcabc\n\nab"], { vocabSize: 290 });
const TOKENIZER = openTokenizer(JSON_FILE);
const { vocab } = JSON_FILE["model"] as { vocab: Record<string, number> };

/** Ids of the tokens that are one byte each. */
const byteIds = (text: string) => Array.from(new TextEncoder().encode(text), (byte) => vocab[BYTE_CHARACTERS[byte]!]!);

/** All pieces, and whether a stop text appeared. */
function streamed(ids: readonly number[], stops: readonly string[]) {
  const stream = textStream(TOKENIZER, stops);
  const pieces = ids.map((id) => stream.push(id));
  return { pieces: [...pieces, stream.end()], stopped: stream.stopped };
}

/** The same, by definition: the first end of a stop text, and the longest that ends there. */
function cut(text: string, stops: readonly string[]): string {
  for (let end = 1; end <= text.length; end++) {
    const found = stops.filter((stop) => text.slice(0, end).endsWith(stop)).sort((a, b) => b.length - a.length);
    if (found.length > 0) return text.slice(0, end - found[0]!.length);
  }
  return text;
}

Deno.test("the pieces join to the text before the first stop text, wherever tokens end", () => {
  for (let round = 0; round < 500; round++) {
    const stream = random(SEED, round);
    const some = (count: number) =>
      Array.from({ length: stream.between(1, count) }, () => stream.pick([..."aaabbc \n漢字🙂"])).join("");
    const text = some(30);
    const stops = Array.from({ length: stream.int(4) }, () => some(4));
    const expected = cut(text, stops);
    // The tokenizer's way to cut it, single bytes, and anything between.
    for (const ids of [TOKENIZER.encode(text), byteIds(text), mixed(text, stream)]) {
      assert.equal(TOKENIZER.decode(ids), text);
      const { pieces, stopped } = streamed(ids, stops);
      assert.equal(pieces.join(""), expected, JSON.stringify({ round, text, stops }));
      assert.equal(stopped, expected !== text);
      for (const piece of pieces) assert.ok(piece.isWellFormed() && !piece.includes("\uFFFD"));
    }
  }
});

/** Parts of a text, each encoded on its own. */
function mixed(text: string, stream: ReturnType<typeof random>): number[] {
  const ids: number[] = [];
  for (const character of text) {
    if (stream.int(2) === 0) ids.push(...TOKENIZER.encode(character));
    else ids.push(...byteIds(character));
  }
  return ids;
}

Deno.test("text is held back only while a stop text may have begun", () => {
  const stream = textStream(TOKENIZER, ["abX"]);
  const pieces = [..."xabcab"].map((character) => stream.push(TOKENIZER.encode(character)[0]!));
  assert.deepEqual(pieces, ["x", "", "", "abc", "", ""]);
  assert.equal(stream.end(), "ab");
});

Deno.test("special tokens have no text, and a character that stays incomplete ends as U+FFFD", () => {
  const stream = textStream(TOKENIZER);
  assert.deepEqual([stream.push(TOKENIZER.endOfText), stream.push(TOKENIZER.encode("a")[0]!)], ["", "a"]);
  assert.equal(stream.push(byteIds("漢")[0]!), "");
  assert.equal(stream.end(), "\uFFFD");
  assert.equal(stream.end(), "");
});

Deno.test("nothing follows a stop text", () => {
  const stream = textStream(TOKENIZER, ["b"]);
  const pieces = [..."abc"].map((character) => stream.push(TOKENIZER.encode(character)[0]!));
  assert.deepEqual([...pieces, stream.end()], ["a", "", "", ""]);
  assert.equal(stream.stopped, true);
});

Deno.test("text continues the prompt: SentencePiece keeps the space of its first word", () => {
  const pieces = ["<unk>", "<s>", "</s>", "▁", "a", "▁a"].map((piece, i) => ({ piece, score: -i }));
  const special = (id: number) => ({ id, content: pieces[id]!.piece, special: true, normalized: false });
  const tokenizer = openTokenizer(sentencePieceJson({
    addedTokens: [special(0), special(1), special(2)],
    addsSpace: true,
    postProcessor: null,
    pieces,
    unknown: "<unk>",
    byteFallback: false,
  }));
  const first = (prompt: readonly number[]) => textStream(tokenizer, [], prompt).push(5);
  assert.deepEqual([first([1]), first([1, 5]), first([1, 4, 5])], ["a", " a", " a"]);
});

Deno.test("an empty stop text is refused", () => {
  assert.throws(() => textStream(TOKENIZER, ["a", ""]), { name: "UserError", code: "generate.stop" });
});
