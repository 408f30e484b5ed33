// Recording: an experiment's cells, their order and their costs, without running any of them.
import assert from "node:assert/strict";
import { z } from "zod";
import type { CellRunner } from "../../../lib/run/cells/cell.ts";
import { recordCells } from "../../../lib/run/cells/record.ts";

const spec = (name: string) => ({
  name,
  title: `The cell ${name}`,
  description: "",
  inputs: {},
  code: import.meta,
  output: z.number(),
});
const never = () => Promise.reject(new Error("ran"));

Deno.test("`recordCells()` lists cells in order with their costs, and runs none", async () => {
  const body = async (run: CellRunner) => {
    const first = await run.cell({ ...spec("first"), cost: () => ({ tokens: 1, flops: 2, bytes: 3 }) }, never);
    assert.equal(first.cached, false);
    for (const i of [1, 2]) {
      await run.cell({ ...spec(`${i}`), inputs: { first: first.key }, cost: () => ({ flops: i }) }, never);
    }
    return await run.cell(spec("last"), never);
  };
  assert.deepEqual(await recordCells(body), [
    { cell: "first", title: "The cell first", needs: [], tokens: 1, flops: 2, layers: 0, bytes: 3 },
    { cell: "1", title: "The cell 1", needs: ["first"], tokens: 0, flops: 1, layers: 0, bytes: 0 },
    { cell: "2", title: "The cell 2", needs: ["first"], tokens: 0, flops: 2, layers: 0, bytes: 0 },
    { cell: "last", title: "The cell last", needs: [], tokens: 0, flops: 0, layers: 0, bytes: 0 },
  ]);
});

Deno.test("`recordCells()` gives the value that a cell expects, and names the cell whose value or folder it cannot know", async () => {
  await recordCells(async (run) => {
    const known = await run.cell({ ...spec("known"), expected: () => 7 }, never);
    assert.equal(known.value, 7);
    const unknown = await run.cell(spec("unknown"), never);
    for (const read of [() => unknown.value, () => unknown.folder, () => known.folder]) {
      assert.throws(read, /Cannot plan with the (value|folder) of the cell "(un)?known", which has not run/);
    }
    await assert.rejects(async () => await run.cell(spec("known"), never), /twice/);
  });
});
