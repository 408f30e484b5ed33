// The union of what several phases saw: every row once, in a new order.
import assert from "node:assert/strict";
import type { Batch } from "../../../lib/data/types.ts";
import { batchAt } from "../../../lib/data/batches/batch.ts";
import { memoryStream } from "../../../lib/data/batches/stream.ts";
import { type SeenRows, unionBatchAt, unionRows } from "../../../lib/data/batches/union.ts";
import { UserError } from "../../../lib/errors.ts";

const stream = (first: number, length: number) =>
  memoryStream({
    tokens: Int32Array.from({ length }, (_, i) => first + i),
    starts: Int32Array.of(0, 7, 20),
    bytes: length,
  });
const STREAMS = { code: stream(1000, 90), math: stream(2000, 70) };
const phase = (seed: number, steps: number, batch: number, mix: Record<string, number>): SeenRows => ({
  steps,
  batch,
  batchAt: (step) => batchAt(STREAMS, mix, { seed, step, batch, time: 8 }),
});
const SOURCES = [
  phase(1, 5, 4, { code: 1 }),
  phase(2, 3, 4, { math: 1 }),
  phase(3, 4, 3, { code: 0.5, math: 0.5 }),
];

/** Rows as text, with targets and documents. */
function rowsOf({ batch, time, inputs, targets, documents }: Batch): string[] {
  return Array.from({ length: batch }, (_, row) => {
    const cut = (values: Int32Array) => values.subarray(row * time, (row + 1) * time).join();
    return [cut(inputs), cut(targets), cut(documents)].join(";");
  });
}

Deno.test("`unionBatchAt()` shows every row of every phase once, then repeats", () => {
  assert.equal(unionRows(SOURCES), 44);
  const seen = SOURCES.flatMap(({ steps, batchAt }) =>
    Array.from({ length: steps }, (_, step) => rowsOf(batchAt(step))).flat()
  );
  const steps = Array.from({ length: 11 }, (_, step) => rowsOf(unionBatchAt(SOURCES, { seed: 5, step, batch: 4 })));
  assert.deepEqual(steps.flat().toSorted(), seen.toSorted());
  assert.notDeepEqual(steps.flat(), seen, "in another order");
  assert.deepEqual(rowsOf(unionBatchAt(SOURCES, { seed: 5, step: 11, batch: 4 })), steps[0]);
  assert.notDeepEqual(rowsOf(unionBatchAt(SOURCES, { seed: 6, step: 0, batch: 4 })), steps[0]);
  // Rows of all phases are in the first half too.
  const early = new Set(steps.slice(0, 5).flat());
  for (const { batchAt } of SOURCES) {
    assert.ok(rowsOf(batchAt(0)).concat(rowsOf(batchAt(1))).some((row) => early.has(row)));
  }
});

Deno.test("`unionBatchAt()` refuses an empty union, and rows of different lengths", () => {
  const refused = (error: unknown) => error instanceof UserError && error.code === "data.union";
  assert.throws(() => unionBatchAt([], { seed: 1, step: 0, batch: 2 }), refused);
  const long: SeenRows = {
    steps: 40,
    batch: 1,
    batchAt: (step) => batchAt(STREAMS, { code: 1 }, { seed: 1, step, batch: 1, time: 9 }),
  };
  assert.throws(() => unionBatchAt([SOURCES[0]!, long], { seed: 1, step: 0, batch: 40 }), refused);
});
