// `rm --checkpoints` frees what finished cells no longer need, and nothing that verify, resume or more steps do.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../../lib/errors.ts";
import { removeCommand } from "../../../lib/cli/rm.ts";
import { beginRun, verifyRun } from "../../../lib/run/mod.ts";
import { filesBelow } from "../../../lib/run/files/files.ts";
import { checkpoints, count } from "../../faults/counter.ts";
import { trainCell } from "./cells.ts";
import { emptyResults, options, withFolder } from "../fixtures.ts";

const free = async (runs: string, ...args: string[]) => {
  let text = "";
  await removeCommand(["--checkpoints", "--runs", runs, ...args], (piece) => text += piece);
  return text;
};
const json = async (runs: string, ...args: string[]) => JSON.parse(await free(runs, "--json", ...args));
const size = async (folder: string) => {
  let bytes = 0;
  for (const path of await filesBelow(folder)) bytes += (await Deno.stat(join(folder, path))).size;
  return bytes;
};
/** The checkpoint of step 4 is the best. */
const score = (step: number) => Math.abs(step - 4);
const mayChange = { steps: "upwards" } as const;
const config = (steps: number) => ({ steps });

Deno.test("`rm --checkpoints` frees all but a finished cell's last, as `--dry-run` says; the run verifies and trains on", () =>
  withFolder(async (runs) => {
    const { id, cellKey } = await count(runs, { score, run: { config: config(10) } });
    assert.deepEqual((await checkpoints(runs)).steps, [10, 8, 4]);
    const { store } = await checkpoints(runs);
    const before = await size(store);
    const would = await json(runs, "--dry-run");
    assert.equal(await size(store), before, "nothing was deleted");
    assert.deepEqual(would.cells.map(({ bytes: _, ...cell }: { bytes: number }) => cell), [
      { cell: "count", key: cellKey, steps: [8, 4], kept: 10 },
    ]);
    assert.match(
      await free(runs, "--dry-run"),
      /count .*8, 4 .* step 10\nWould free 0\.0 MB; the last of each cell stays/,
    );
    assert.deepEqual((await json(runs)).cells, would.cells);
    assert.equal(before - await size(store), would.cells[0].bytes);
    assert.deepEqual((await checkpoints(runs)).steps, [10]);
    assert.match(await free(runs), /^Nothing to free/);
    const verified = (await verifyRun(runs, id))!;
    assert.deepEqual([verified.ok, verified.checkpoints.length], [true, 1]);
    const more = await count(runs, { steps: 14, run: { config: config(14), continues: id, mayChange } });
    assert.equal(more.from, 10);
  }));

Deno.test("`rm --checkpoints` leaves unfinished cells, those that are damaged, and other runs' alone", () =>
  withFolder(async (runs) => {
    await assert.rejects(count(runs, { failAt: 9 }));
    const { store } = await checkpoints(runs);
    assert.match(await free(runs), /^Nothing to free/);
    const { id, from, cellKey } = await count(runs);
    assert.equal(from, 8);
    const other = await beginRun(options(runs, { plan: [] }));
    await trainCell(other, "one", [1]);
    other.finish(emptyResults);
    assert.match(await free(runs, other.id), /^Nothing to free/, "the other run has none");
    // The last one is damaged: the one before is what could be resumed from.
    await Deno.writeTextFile(join(store, "step-000000010", "sum.txt"), "7");
    assert.deepEqual((await json(runs, id, "--dry-run")).cells.map(({ kept }: { kept: number }) => kept), [8]);
    // A cell that is damaged will be built again.
    await Deno.remove(join(runs, ".cells", cellKey, "cell.json"));
    assert.match(await free(runs), /^Nothing to free/);
  }));

Deno.test("`rm` refuses `--checkpoints` with `--empty`, and `--dry-run` without `--checkpoints`", () =>
  withFolder(async (runs) => {
    const malformed = (error: unknown) => error instanceof UserError && error.code === "command.malformed";
    await assert.rejects(free(runs, "--empty"), malformed);
    await assert.rejects(removeCommand(["last", "--dry-run", "--runs", runs], () => {}), malformed);
    assert.deepEqual(await json(runs), { dryRun: false, cells: [] });
  }));
