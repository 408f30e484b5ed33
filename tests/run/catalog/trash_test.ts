// Removing runs and restoring them, with their files, cells and rows in the index.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../../lib/errors.ts";
import { removeCommand } from "../../../lib/cli/rm.ts";
import { undoCommand } from "../../../lib/cli/undo.ts";
import { beginRun, listRuns, queryRuns, resolveRun, verifyRun } from "../../../lib/run/mod.ts";
import { addLabel, readLabels } from "../../../lib/run/catalog/labels.ts";
import { filesBelow } from "../../../lib/run/files/files.ts";
import { trainCell } from "../cells/cells.ts";
import { emptyResults, options, withFolder } from "../fixtures.ts";

async function finishedRun(folder: string, loss: number): Promise<string> {
  const run = await beginRun(options(folder));
  await trainCell(run, "one", [loss]);
  run.finish(emptyResults);
  await addLabel(run.folder, { kind: "tags", add: [`loss${loss}`], remove: [] });
  return run.id;
}

const call = async (command: typeof removeCommand, folder: string, ...args: string[]) => {
  let text = "";
  await command([...args, "--runs", folder, "--json"], (piece) => text += piece);
  return JSON.parse(text);
};
const is = (code: string) => (error: unknown) => error instanceof UserError && error.code === code;
const ids = async (folder: string) => (await listRuns(folder)).map(({ id }) => id).sort();

Deno.test("`removeCommand()` moves runs to the trash, and `undoCommand()` restores the last removal", () =>
  withFolder(async (folder) => {
    const [a, b, c] = [await finishedRun(folder, 1), await finishedRun(folder, 2), await finishedRun(folder, 3)];
    const cells = await filesBelow(join(folder, ".cells"));
    const log = await Deno.readTextFile(join(folder, a, "events.jsonl"));
    assert.deepEqual((await call(removeCommand, folder, a)).removed, [a]);
    assert.deepEqual(new Set((await call(removeCommand, folder, b, c, b)).removed), new Set([b, c]));
    assert.deepEqual(await ids(folder), []);
    assert.deepEqual((await queryRuns(folder, "select count(*) as n from runs")).rows.map(({ n }) => n), [0]);
    assert.deepEqual(await filesBelow(join(folder, ".cells")), cells);
    assert.deepEqual((await call(undoCommand, folder)).restored, [b, c].sort());
    assert.deepEqual((await call(undoCommand, folder)).restored, [a]);
    await assert.rejects(call(undoCommand, folder), is("trash.empty"));
    assert.deepEqual(await ids(folder), [a, b, c].sort());
    assert.equal(await Deno.readTextFile(join(folder, a, "events.jsonl")), log);
    assert.deepEqual((await readLabels(join(folder, a))).tags, ["loss1"]);
    assert.equal((await verifyRun(folder, a))!.ok, true);
    assert.deepEqual((await queryRuns(folder, "select count(*) as n from tags")).rows.map(({ n }) => n), [3]);
  }));

Deno.test("`resolveRun()` reports that a removed run is in the trash, and how to restore it", () =>
  withFolder(async (folder) => {
    const [a, b, c] = [await finishedRun(folder, 1), await finishedRun(folder, 2), await finishedRun(folder, 3)];
    await addLabel(join(folder, a), { kind: "name", name: "the best" });
    const removed = (id: string, hint: RegExp) => (error: unknown) =>
      error instanceof UserError && error.code === "run.removed" &&
      error.message.includes(`The run ${id} is in the trash`) &&
      hint.test(error.hint ?? "");
    await call(removeCommand, folder, a);
    for (const text of [a, a.slice(0, -1), "the best"]) {
      await assert.rejects(resolveRun(folder, text), removed(a, /^deno task undo restores it$/));
    }
    await assert.rejects(resolveRun(folder, "nothing"), is("run.none"));
    await call(removeCommand, folder, b, c);
    await assert.rejects(resolveRun(folder, a), removed(a, /after 1 later removal$/), "also when no run is left");
    await assert.rejects(resolveRun(folder, "last"), is("run.none"));
    await call(undoCommand, folder);
    await call(undoCommand, folder);
    assert.equal(await resolveRun(folder, "the best"), a);
  }));

Deno.test("`removeCommand()` refuses a run that is being written, and then removes no other", () =>
  withFolder(async (folder) => {
    const done = await finishedRun(folder, 1);
    const run = await beginRun(options(folder));
    await assert.rejects(call(removeCommand, folder, done, run.id), is("trash.running"));
    await assert.rejects(call(removeCommand, folder, done, "none"), is("run.none"));
    await assert.rejects(call(removeCommand, folder), is("command.malformed"));
    await assert.rejects(call(removeCommand, folder, done, "--empty"), is("command.malformed"));
    assert.deepEqual(await ids(folder), [done, run.id].sort());
    run.finish(emptyResults);
  }));

Deno.test("`undoCommand()` does not overwrite a run with the same id, and `--empty` deletes permanently", () =>
  withFolder(async (folder) => {
    const id = await finishedRun(folder, 1);
    await call(removeCommand, folder, id);
    await Deno.mkdir(join(folder, id));
    await assert.rejects(call(undoCommand, folder), is("trash.taken"));
    await Deno.remove(join(folder, id));
    assert.deepEqual(await call(removeCommand, folder, "--empty"), { deleted: 1 });
    await assert.rejects(call(undoCommand, folder), is("trash.empty"));
  }));
