// One sentence per domain about what was left out of the user's own text.
import assert from "node:assert/strict";
import { leftOut } from "../../lib/data/left-out.ts";

const nothing = { documents: 9, bytes: 9 };
const report = {
  source: "a.jsonl",
  splits: { train: nothing, validation: nothing, heldout: nothing },
  exactDuplicates: 0,
  nearDuplicates: 0,
  cut: 0,
  emptyFiles: 0,
  emptyTexts: 0,
  badRecords: 0,
  badFiles: 0,
};

Deno.test("`leftOut()` counts what was left out, reports the first error, and is silent if there is nothing", () => {
  assert.deepEqual(leftOut({ english: report }), []);
  assert.deepEqual(leftOut({ english: { ...report, source: "builtin", exactDuplicates: 7 } }), []);
  assert.deepEqual(
    leftOut({
      english: { ...report, emptyTexts: 1, exactDuplicates: 1200 },
      code: { ...report, badRecords: 2, cut: 1, firstBad: "a.jsonl line 3 is not JSON" },
    }),
    [
      "data.domains.english: left out 1 record without text, 1,200 exact duplicates",
      "data.domains.code: left out 2 unreadable records; used 1 long document in part, to keep to the budgets. The first that " +
      "could not be read: a.jsonl line 3 is not JSON",
    ],
  );
});
