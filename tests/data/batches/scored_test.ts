// Which tokens of conversations are trained on, from text to batches.
import assert from "node:assert/strict";
import { batchAt, scoredShare } from "../../../lib/data/batches/batch.ts";
import { encodeScored } from "../../../lib/data/batches/scored.ts";
import { memoryStream } from "../../../lib/data/batches/stream.ts";
import { openTokenFiles, tokenFiles, tokenWriter } from "../../../lib/data/batches/token-files.ts";
import { stratifiedBatches } from "../../../lib/data/batches/stratified.ts";
import { tokenBlock, tokenizeDocuments } from "../../../lib/data/batches/tokenize.ts";
import { random } from "../../../lib/random.ts";
import { byteTokenizer } from "../../eval/fakes.ts";

const SEED = 5;

/** A conversation whose words in capitals are scored. */
function conversation(text: string) {
  const scored = [...text.matchAll(/[A-Z]+/g)].map(({ 0: word, index }) => [index, index + word.length] as const);
  return { id: text, text, chat: { scored, opening: 0 } };
}

function documents(count: number) {
  const source = random(SEED, "conversations");
  return Array.from({ length: count }, (_, i) => {
    const words = Array.from({ length: source.between(1, 60) }, () => source.pick(["ab", "ABC", "X", "y", "abcdefgh"]));
    return i % 4 === 0 ? { id: `${i}`, text: words.join("") } : conversation(words.join(" "));
  });
}

/** By character: whether the token with it is scored; tokens of texts all are, those that begin a conversation never. */
function expected(all: ReturnType<typeof documents>): boolean[] {
  return all.flatMap((document) =>
    "chat" in document
      ? [...document.text].map((letter, i) => i > 0 && /[A-Z]/.test(letter))
      : [true, ...[...document.text].map(() => true)]
  );
}

Deno.test("batches hide the targets that are not scored, with tokens in memory and in files written in blocks", async () => {
  const all = documents(200);
  const memory = tokenizeDocuments(all, byteTokenizer);
  const scored = expected(all);
  assert.equal(memory.length, scored.length);
  const folder = await Deno.makeTempDir();
  try {
    const files = tokenFiles(`${folder}/x`, 257);
    let so = { documents: 0, tokens: 0, unscored: 0, bytes: 0 };
    for (let from = 0; from < all.length; from += 30) {
      using writer = tokenWriter(files, so);
      const block = tokenBlock(
        all.slice(from, from + 30).map((one) => "chat" in one ? one : one.text),
        byteTokenizer,
      );
      writer.append({ ...block, ids: Uint16Array.from(block.ids) });
      so = { documents: writer.documents, tokens: writer.tokens, unscored: writer.unscored, bytes: writer.bytes };
    }
    assert.equal(so.unscored, scored.filter((one) => !one).length);
    const file = openTokenFiles(files, so.bytes);
    const source = random(SEED, "ranges");
    for (const stream of [memory, file]) {
      for (let i = 0; i < 200; i++) {
        const start = source.int(memory.length);
        const target = new Int32Array(Math.min(memory.length - start, source.between(1, 400)));
        stream.copy(start, target);
        const shown = target.slice();
        stream.hideUnscored(start, target);
        assert.deepEqual([...target], Array.from(shown, (id, at) => scored[start + at] ? id : -1), `seed ${SEED}`);
      }
    }
    for (const time of [7, 300, 2 * memory.length + 3]) {
      const choice = { seed: SEED, step: 3, batch: 2, time };
      const batch = batchAt({ one: file }, { one: 1 }, choice);
      assert.deepEqual(batch, batchAt({ one: memory }, { one: 1 }, choice));
      // Inputs are all there, and a target is the next input or hidden.
      for (let i = 0; i + 1 < time; i++) assert.ok([batch.inputs[i + 1], -1].includes(batch.targets[i]));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("texts alone have no file of what is not scored", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const files = tokenFiles(`${folder}/x`, 257);
    using writer = tokenWriter(files, { documents: 0, tokens: 0, unscored: 0, bytes: 0 });
    writer.append(tokenBlock(["one", "two"], byteTokenizer));
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["x.starts.f64", "x.tokens.u16"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("`encodeScored()` never counts the first token", () => {
  assert.deepEqual([...encodeScored("AB", [[0, 2]], byteTokenizer).scored], [0, 1]);
  assert.deepEqual([...encodeScored("", [], byteTokenizer).scored], []);
});

Deno.test("validation batches of a domain count by their scored tokens, and those without one are left out", () => {
  // 40 tokens in rows of 10: none, 10, 5 and none are scored.
  const tokens = Int32Array.from({ length: 40 }, (_, i) => i);
  const stream = memoryStream({
    tokens,
    starts: Int32Array.of(0),
    unscored: Int32Array.of(0, 10, 20, 25, 30, 40),
    bytes: 40,
  });
  const plain = memoryStream({ tokens, starts: Int32Array.of(0), bytes: 40 });
  const batches = stratifiedBatches({ stream, plain }, { stream: 1, plain: 3 }, { batches: 16, batch: 1, time: 10 });
  const own = batches.filter(({ domain }) => domain === "stream");
  assert.ok(own.length === 2 || own.length === 3, "the tiling starts anywhere");
  assert.ok(Math.abs(own.reduce((sum, { weight }) => sum + weight, 0) - 0.25) < 1e-12);
  for (const { targets, weight } of own) {
    const count = targets.filter((target) => target >= 0).length;
    assert.ok(Math.abs(weight - 0.25 * count / 15) < 1e-12);
  }
  for (const batch of batches.filter(({ domain }) => domain === "plain")) {
    assert.deepEqual([scoredShare(batch), batch.weight], [1, 0.75 / 12]);
  }
});
