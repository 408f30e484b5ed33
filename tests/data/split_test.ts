// Splitting the documents of a domain.
import assert from "node:assert/strict";
import type { Document } from "../../lib/data/mod.ts";
import { splitDocuments } from "../../lib/data/split.ts";

const alone = (documents: readonly Document[], change: object = {}) =>
  splitDocuments(documents, {
    seed: 1,
    domain: "code",
    source: "x",
    heldoutBytes: 65_536,
    validationBytes: 32_768,
    ...change,
  });

const numbered = (count: number, size = 100) =>
  Array.from({ length: count }, (_, i) => ({ id: `d${i}`, text: `${i} `.repeat(size) }));

Deno.test("`splitDocuments()` gives every split a document if there are at least three, whatever their sizes", () => {
  for (const count of [3, 4, 5, 9, 40, 200]) {
    for (const giant of [0, 1_000_000]) {
      const documents = [...numbered(count - 1), { id: "big", text: "b ".repeat(10 + giant) }];
      const splits = alone(documents);
      for (const split of ["train", "validation", "heldout"] as const) {
        assert.ok(splits[split].length > 0, `${count} ${split}`);
      }
      const ids = [...splits.train, ...splits.validation, ...splits.heldout].map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length);
      // Neither budget exceeds a tenth of the text.
      if (count >= 40 && giant === 0) {
        assert.ok(splits.train.length >= 0.6 * count, `${splits.train.length} of ${count}`);
      }
    }
  }
});

Deno.test("`splitDocuments()` leaves out exact duplicates and counts them", () => {
  const documents = numbered(10);
  const splits = alone([...documents, ...documents.map(({ text }, i) => ({ id: `again${i}`, text: `${text}\n` }))]);
  assert.equal(splits.exactDuplicates, 10);
});
