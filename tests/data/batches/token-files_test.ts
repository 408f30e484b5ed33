// Token files give the same batches as tokens in memory, at any size, and only a few pages of them are in memory.
import assert from "node:assert/strict";
import { batchAt } from "../../../lib/data/batches/batch.ts";
import { openTokenFiles, tokenFiles, tokenWriter, writtenTokenFiles } from "../../../lib/data/batches/token-files.ts";
import { tokenBlock, tokenizeDocuments } from "../../../lib/data/batches/tokenize.ts";
import type { TokenStream } from "../../../lib/data/types.ts";
import { pagedNumbers } from "../../../lib/data/batches/paged-numbers.ts";
import { random } from "../../../lib/random.ts";

const SEED = 11;

async function inFolder(body: (folder: string) => void): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** One token per word, which is its number. */
const numbers = { endOfText: 0, decode: String, encode: (text: string) => text.split(" ").filter(Boolean).map(Number) };

function documents(count: number, vocabSize: number): { text: string }[] {
  const stream = random(SEED, "documents");
  return Array.from({ length: count }, () => {
    const length = stream.int(stream.pick([3, 50, 20_000]));
    return { text: Array.from({ length }, () => stream.between(1, vocabSize - 1)).join(" ") };
  });
}

for (const [vocabSize, width] of [[65_536, 2], [65_537, 4]] as const) {
  Deno.test(`token files of ${width} bytes per token give the batches of the same tokens in memory`, () =>
    inFolder((folder) => {
      const all = documents(120, vocabSize);
      const memory = tokenizeDocuments(all, numbers);
      const files = tokenFiles(`${folder}/x`, vocabSize);
      let so = { documents: 0, tokens: 0, unscored: 0, bytes: 0 };
      for (let from = 0; from < all.length; from += 50) {
        using writer = tokenWriter(files, so);
        const block = tokenBlock(all.slice(from, from + 50).map(({ text }) => text), numbers);
        writer.append(width === 2 ? { ...block, ids: Uint16Array.from(block.ids) } : block);
        so = { documents: writer.documents, tokens: writer.tokens, unscored: writer.unscored, bytes: writer.bytes };
      }
      assert.deepEqual(so, { documents: 120, tokens: memory.length, unscored: 0, bytes: memory.bytes });
      assert.equal(Deno.statSync(files.tokens).size, width * memory.length);
      const file = openTokenFiles(files, so.bytes);
      assert.deepEqual([file.length, file.bytes], [memory.length, memory.bytes]);
      const at = (stream: TokenStream, step: number, time: number) =>
        batchAt({ one: stream }, { one: 1 }, { seed: SEED, step, batch: 4, time });
      for (const time of [1, 63, 5000, 2 * memory.length + 7]) {
        for (let step = 0; step < 5; step++) assert.deepEqual(at(file, step, time), at(memory, step, time));
      }
    }));
}

Deno.test("token files of an older version, with 32 bits per number, give the same batches", () =>
  inFolder((folder) => {
    const ids = Int32Array.from({ length: 9000 }, (_, i) => (i * 7919) % 500);
    const starts = Int32Array.from({ length: 90 }, (_, i) => 100 * i);
    Deno.writeFileSync(`${folder}/x.tokens.i32`, new Uint8Array(ids.buffer));
    Deno.writeFileSync(`${folder}/x.starts.i32`, new Uint8Array(starts.buffer));
    const older = openTokenFiles(writtenTokenFiles(`${folder}/x`, 512), 1);
    const files = tokenFiles(`${folder}/y`, 512);
    using writer = tokenWriter(files, { documents: 0, tokens: 0, unscored: 0, bytes: 0 });
    writer.append({
      ids: Uint16Array.from(ids),
      lengths: Uint32Array.from(starts, () => 100),
      unscored: new Uint32Array(),
      bytes: 1,
    });
    const today = openTokenFiles(writtenTokenFiles(`${folder}/y`, 512), 1);
    for (let step = 0; step < 5; step++) {
      const at = (one: TokenStream) => batchAt({ one }, { one: 1 }, { seed: SEED, step, batch: 4, time: 250 });
      assert.deepEqual(at(older), at(today));
    }
  }));

Deno.test("`pagedNumbers()` reads what is there however pages are dropped, and notices a file that has become shorter", () =>
  inFolder((folder) => {
    const count = 5 << 20; // 10 MiB, more than stays in memory
    const path = `${folder}/x.u16`;
    Deno.writeFileSync(path, new Uint8Array(Uint16Array.from({ length: count }, (_, i) => i * 40_503).buffer));
    const paged = pagedNumbers(path);
    const stream = random(SEED, "pages");
    for (let i = 0; i < 3000; i++) {
      const start = stream.int(count - 300);
      const target = new Int32Array(stream.int(300));
      paged.copy(start, target);
      assert.ok(target.every((value, k) => value === ((start + k) * 40_503) % 65_536), `seed ${SEED}`);
      assert.equal(paged.at(start), (start * 40_503) % 65_536);
    }
    Deno.truncateSync(path, 100);
    assert.throws(() => {
      for (let start = 0; start < count; start += 1000) paged.at(start);
    }, /is shorter than it was/);
  }));

Deno.test("a stream of more than 2^32 tokens is read at its end, and its windows reach all of it", () =>
  inFolder((folder) => {
    const files = tokenFiles(`${folder}/x`, 2000);
    const length = 2 ** 32 + 1000;
    // The file has a hole, which takes no space on the disk.
    Deno.writeFileSync(files.tokens, new Uint8Array());
    Deno.truncateSync(files.tokens, 2 * length);
    const starts = [0, 2 ** 31 + 5, 2 ** 32 + 10, 2 ** 32 + 900];
    Deno.writeFileSync(files.starts, new Uint8Array(Float64Array.from(starts).buffer));
    {
      using file = Deno.openSync(files.tokens, { write: true });
      file.seekSync(2 * 2 ** 32, Deno.SeekMode.Start);
      file.writeSync(new Uint8Array(Uint16Array.from({ length: 1000 }, (_, i) => i).buffer));
    }
    const stream = openTokenFiles(files, 1);
    assert.equal(stream.length, length);
    const target = new Int32Array(4);
    stream.copy(2 ** 32 + 990, target);
    assert.deepEqual([...target], [990, 991, 992, 993]);
    assert.deepEqual([-1, 0, 2 ** 31 + 5, 2 ** 32 + 10, 2 ** 32 + 900].map(stream.nextStart), [...starts, Infinity]);
    // Which part of the stream each row of an epoch comes from.
    const places: number[] = [];
    const watched = {
      ...stream,
      copy: (start: number, into: Int32Array) => (places.push(start), stream.copy(start, into)),
    };
    for (let step = 0; step < 50; step++) {
      batchAt({ one: watched }, { one: 1 }, { seed: SEED, step, batch: 4, time: 100 });
    }
    assert.ok(places.every((place) => place >= 0 && place < length));
    assert.ok(places.some((place) => place > 2 ** 31) && places.some((place) => place < 2 ** 31));
    assert.equal(new Set(places).size, places.length, "no window twice");
  }));

Deno.test("a writer goes on at positions above 2^32", () =>
  inFolder((folder) => {
    const files = tokenFiles(`${folder}/x`, 2000);
    using writer = tokenWriter(files, { documents: 7, tokens: 2 ** 32, unscored: 0, bytes: 2 ** 35 });
    writer.append(tokenBlock(["1 2", "3"], numbers));
    assert.deepEqual([writer.documents, writer.tokens, writer.bytes], [9, 2 ** 32 + 5, 2 ** 35 + 4]);
    const starts = pagedNumbers(files.starts);
    assert.deepEqual([starts.at(0), starts.at(1)], [2 ** 32, 2 ** 32 + 3]);
  }));
