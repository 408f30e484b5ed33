// Drawing documents from a stream of tokens.
import assert from "node:assert/strict";
import { sampleDocuments } from "../../../lib/data/batches/sample.ts";
import { memoryStream } from "../../../lib/data/batches/stream.ts";

/** Documents of these lengths; the i-th is 0 and then tokens i + 1. */
function streamOf(lengths: readonly number[]) {
  const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((a, b) => a + b, 0));
  const tokens = lengths.flatMap((length, i) => [0, ...Array<number>(length - 1).fill(i + 1)]);
  return memoryStream({ tokens: Int32Array.from(tokens), starts: Int32Array.from(starts), bytes: tokens.length });
}

Deno.test("`sampleDocuments()` draws whole documents, or their beginnings, none twice", () => {
  const lengths = Array.from({ length: 50 }, (_, i) => 2 + i % 7);
  const stream = streamOf(lengths);
  for (const [seed, tokens] of [[1, 100], [2, 4], [3, 1]] as const) {
    const drawn = sampleDocuments(stream, { seed, documents: 20, tokens });
    assert.equal(drawn.length, 20);
    const owners = drawn.map((document) => {
      assert.equal(document[0], 0);
      if (tokens === 1) return assert.equal(document.length, 1);
      const owner = document[1]! - 1;
      assert.ok(document.subarray(1).every((id) => id === owner + 1), "tokens of one document");
      assert.equal(document.length, Math.min(tokens, lengths[owner]!));
      return owner;
    });
    if (tokens > 1) assert.equal(new Set(owners).size, 20);
  }
});

Deno.test("`sampleDocuments()` depends on the seed alone, and reaches every document", () => {
  const stream = streamOf(Array.from({ length: 12 }, () => 3));
  const draw = (seed: number) => sampleDocuments(stream, { seed, documents: 3, tokens: 9 });
  assert.deepEqual(draw(1), draw(1));
  const seen = new Set(Array.from({ length: 60 }, (_, seed) => draw(seed)).flat().map(([, id]) => id));
  assert.equal(seen.size, 12);
});

Deno.test("`sampleDocuments()` of a stream with few documents has all of them, and of an empty one none", () => {
  assert.equal(sampleDocuments(streamOf([5, 2, 9]), { seed: 1, documents: 8, tokens: 4 }).length, 3);
  assert.deepEqual(sampleDocuments(streamOf([]), { seed: 1, documents: 8, tokens: 4 }), []);
});
