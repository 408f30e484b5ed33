// Batches: boundaries, targets, shares, and that a batch depends only on seed and step.
import assert from "node:assert/strict";
import { batchAt, datamixSchema, normalizeDatamix } from "../../../lib/data/batches/batch.ts";
import { byteLength, tokenizeDocuments } from "../../../lib/data/batches/tokenize.ts";
import { type MemoryStream, memoryStream } from "../../../lib/data/batches/stream.ts";
import { UserError } from "../../../lib/errors.ts";
import { random } from "../../../lib/random.ts";

const END = 999;
const characters = {
  endOfText: END,
  decode: () => "",
  encode: (text: string) => Array.from(text, (c) => c.charCodeAt(0)),
};

/** A stream whose tokens identify domain and position. */
function countingStream(offset: number, lengths: readonly number[]): MemoryStream {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((sum, length) => sum + length, 0));
  return memoryStream({
    tokens: Int32Array.from({ length: total }, (_, i) => offset + i),
    starts: Int32Array.from(starts),
    bytes: total,
  });
}

const STREAMS = {
  english: countingStream(0, [50, 1, 30, 200, 3]),
  code: countingStream(10_000, Array.from({ length: 40 }, (_, i) => 5 + i % 7)),
  math: countingStream(20_000, [7]),
};
const MIX = { english: 5, code: 3, math: 2 };

function rowOf(data: Int32Array, row: number, time: number): number[] {
  return [...data.subarray(row * time, (row + 1) * time)];
}

Deno.test("`tokenizeDocuments()` starts every document with <|endoftext|> and counts UTF-8 bytes", () => {
  const stream = tokenizeDocuments([{ text: "ab" }, { text: "" }, { text: "é🙂" }], characters);
  assert.deepEqual([...stream.tokens.subarray(0, 5)], [END, 97, 98, END, END]);
  assert.deepEqual([...stream.starts], [0, 3, 4]);
  assert.equal(stream.bytes, 2 + 0 + 6);
  const empty = tokenizeDocuments([], characters);
  assert.deepEqual([empty.length, empty.tokens.length, empty.starts.length, empty.bytes], [0, 0, 0, 0]);
});

Deno.test("`tokenizeDocuments()` takes long documents", () => {
  const text = "x".repeat(20_000);
  const { tokens, starts } = tokenizeDocuments([{ text }, { text }], characters);
  assert.deepEqual([tokens.length, ...starts], [40_002, 0, 20_001]);
});

Deno.test("`byteLength()` is what TextEncoder gives", () => {
  const encoder = new TextEncoder();
  for (const text of ["", "a", "é", "€", "🙂", "a🙂é\ud800x", "\udc00", "\ud83d"]) {
    assert.equal(byteLength(text), encoder.encode(text).length, JSON.stringify(text));
  }
});

Deno.test("`batchAt()` is a pure function: any step in any order gives the same, another seed or step another batch", () => {
  const at = (seed: number, step: number) => batchAt(STREAMS, MIX, { seed, step, batch: 4, time: 16 });
  const forward = [0, 1, 2, 300].map((step) => at(7, step));
  assert.deepEqual([300, 2, 1, 0].map((step) => at(7, step)).reverse(), forward);
  assert.notDeepEqual(at(8, 0), at(7, 0));
  assert.notDeepEqual(at(7, 1), at(7, 0));
});

Deno.test("`batchAt()` deals the same rows however they are batched", () => {
  const time = 8;
  const big = batchAt(STREAMS, MIX, { seed: 1, step: 5, batch: 6, time });
  const small = [15, 16, 17].map((step) => batchAt(STREAMS, MIX, { seed: 1, step, batch: 2, time }));
  assert.deepEqual([...big.inputs], small.flatMap(({ inputs }) => [...inputs]));
});

Deno.test("`batchAt()` gives the next token of the stream as the target, also at the stream's end", () => {
  const { inputs, targets } = batchAt(STREAMS, MIX, { seed: 2, step: 0, batch: 64, time: 32 });
  inputs.forEach((token, i) => {
    const stream = token < 10_000 ? STREAMS.english : token < 20_000 ? STREAMS.code : STREAMS.math;
    const place = token - stream.tokens[0]!;
    assert.equal(targets[i], stream.tokens[(place + 1) % stream.tokens.length]);
    if (i % 32 !== 31) assert.equal(inputs[i + 1], targets[i]);
  });
});

Deno.test("`batchAt()` numbers the documents of a row from 0", () => {
  const { inputs, documents } = batchAt(STREAMS, MIX, { seed: 3, step: 0, batch: 64, time: 32 });
  const starts = new Set(Object.values(STREAMS).flatMap(({ tokens, starts }) => [...starts].map((s) => tokens[s]!)));
  for (let row = 0; row < 64; row++) {
    const tokens = rowOf(inputs, row, 32);
    let document = 0;
    const expected = tokens.map((token, i) => i > 0 && starts.has(token) ? ++document : document);
    assert.deepEqual(rowOf(documents, row, 32), expected);
  }
});

Deno.test("`batchAt()` keeps the shares of the datamix in every 1024 rows, whatever its scale", () => {
  for (const scale of [1, 0.001]) {
    const mix = Object.fromEntries(Object.entries(MIX).map(([domain, weight]) => [domain, weight * scale]));
    for (const step of [0, 1]) {
      const { inputs } = batchAt(STREAMS, mix, { seed: 4, step, batch: 1024, time: 1 });
      const counts = [0, 0, 0];
      inputs.forEach((token) => counts[Math.floor(token / 10_000)]!++);
      counts.forEach((count, i) => assert.ok(Math.abs(count - [0.5, 0.3, 0.2][i]! * 1024) <= 1));
    }
  }
});

Deno.test("`batchAt()` draws from a domain of tiny weight, and never from one of weight 0", () => {
  const { inputs } = batchAt(STREAMS, { english: 1, math: 1e-6, code: 0 }, { seed: 5, step: 0, batch: 1024, time: 1 });
  const domains = new Set([...inputs].map((token) => Math.floor(token / 10_000)));
  assert.deepEqual([...domains].sort(), [0, 2]);
});

Deno.test("`batchAt()` shows every token once per epoch, in a different order each time", () => {
  const [length, time] = [600, 10];
  const streams = { only: countingStream(0, [200, 200, 200]) };
  const epoch = (number: number) =>
    Array.from(
      { length: length / time },
      (_, i) => batchAt(streams, { only: 1 }, { seed: 6, step: number * (length / time) + i, batch: 1, time }).inputs,
    );
  const [first, second] = [epoch(0), epoch(1)];
  for (const rows of [first, second]) {
    assert.equal(new Set(rows.flatMap((row) => [...row])).size, length);
  }
  assert.notDeepEqual(first.map((row) => row[0]), second.map((row) => row[0]));
  assert.notDeepEqual(first.map((row) => row[0]), first.map((row) => row[0]).toSorted((a, b) => a! - b!));
});

Deno.test("`batchAt()` repeats a stream that is shorter than a row", () => {
  const { inputs, documents } = batchAt(STREAMS, { math: 1 }, { seed: 7, step: 0, batch: 1, time: 20 });
  const first = inputs[0]! - 20_000;
  assert.deepEqual([...inputs], Array.from({ length: 20 }, (_, i) => 20_000 + (first + i) % 7));
  assert.equal(documents[19], Math.floor((first + 19) / 7));
});

Deno.test("`batchAt()` starts windows anywhere, not only at documents", () => {
  const stream = random(8);
  const firsts = Array.from(
    { length: 50 },
    () => batchAt(STREAMS, { english: 1 }, { seed: stream.uint32(), step: 0, batch: 1, time: 4 }).inputs[0]!,
  );
  assert.ok(firsts.filter((token) => ![...STREAMS.english.starts].includes(token)).length > 25);
});

const refuses = (mix: Record<string, number>, code: string, message: RegExp, hint?: RegExp) =>
  assert.throws(
    () => batchAt(STREAMS, mix, { seed: 1, step: 0, batch: 1, time: 4 }),
    (error) =>
      error instanceof UserError && error.code === code && message.test(error.message) &&
      (hint?.test(error.hint ?? "") ?? true),
  );

Deno.test("`batchAt()` refuses a datamix of unknown, empty or weightless domains", () => {
  refuses({ engish: 1 }, "datamix.unknown-domain", /"engish".*english, code, math/, /"english"/);
  refuses({ english: 0, code: 0 }, "datamix.empty", /sums to zero/);
  refuses({}, "datamix.empty", /sums to zero/);
  refuses({ english: -1 }, "datamix.weight", /"english" the weight -1/);
  refuses({ english: NaN }, "datamix.weight", /NaN/);
  refuses({ english: Infinity }, "datamix.weight", /Infinity/);
  assert.throws(
    () => batchAt({ none: tokenizeDocuments([], characters) }, { none: 1 }, { seed: 1, step: 0, batch: 1, time: 4 }),
    /no tokens/,
  );
});

Deno.test("`normalizeDatamix()` names the faulty setting and what to set", () => {
  const refused = (mix: Record<string, number>, message: RegExp, hint: RegExp) =>
    assert.throws(() => normalizeDatamix(mix, ["english", "code"], "mix.stitch"), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, message);
      assert.match(error.hint!, hint);
      return true;
    });
  const set = /--set 'mix\.stitch=\{"english":1,"code":1\}'$/;
  refused({ english: 1, math: 1 }, /^mix\.stitch names the unknown domain "math": the domains are english, code$/, set);
  refused({ english: 1, cod: 1 }, /"cod"/, /^Did you mean "code"\? Set it/);
  refused({}, /^mix\.stitch sums to zero/, set);
});

Deno.test("`datamixSchema` takes weights of 0 or more, and `normalizeDatamix()` turns them into shares", () => {
  assert.ok(datamixSchema.safeParse({ english: 0, code: 2.5 }).success);
  assert.ok(!datamixSchema.safeParse({ english: -1 }).success);
  assert.ok(!datamixSchema.safeParse({ english: "1" }).success);
  assert.deepEqual(normalizeDatamix({ code: 3, english: 1, math: 0 }, ["english", "code", "math"]), {
    english: 0.25,
    code: 0.75,
  });
});
