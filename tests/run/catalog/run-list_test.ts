// Lists and single runs read no more logs than they must.
import assert from "node:assert/strict";
import { join } from "node:path";
import { showCommand } from "../../../lib/cli/show.ts";
import { beginRun, idsByStart, listRuns, readRun, resolveRun, withIndex } from "../../../lib/run/mod.ts";
import { indexProgress } from "../../../lib/run/catalog/index-progress.ts";
import { trainCell } from "../cells/cells.ts";
import { emptyResults, options, withFolder } from "../fixtures.ts";

async function finishedRun(runs: string, title: string): Promise<string> {
  const run = await beginRun(options(runs, { title }));
  await trainCell(run, "one", [3, 1, 2]);
  run.finish(emptyResults);
  return run.id;
}

const logOf = (runs: string, id: string) => join(runs, id, "events.jsonl");

/** Overwrites all of a log after its first `kept` lines, so that it looks unchanged from the outside. */
async function spoil(path: string, kept: number): Promise<void> {
  const { mtime } = await Deno.stat(path);
  const bytes = await Deno.readFile(path);
  let start = 0;
  for (let line = 0; line < kept; line++) start = bytes.indexOf(10, start) + 1;
  bytes.fill(120, start);
  await Deno.writeFile(path, bytes);
  await Deno.utime(path, mtime!, mtime!);
}

/** Calls `body` with three runs, in a process that has not read them yet. */
async function withThreeRuns(body: (runs: string, ids: readonly string[]) => Promise<void>): Promise<void> {
  await withFolder(async (runs) => {
    const ids = [];
    for (const title of ["first", "second", "third"]) ids.push(await finishedRun(runs, title));
    await body(runs, ids);
  });
}

Deno.test("with a current index, `listRuns()` and names need no log", () =>
  withThreeRuns(async (runs, ids) => {
    // Another folder, so that nothing is known from memory.
    const other = `${runs}-copy`;
    try {
      const expected = await listRuns(runs);
      await Deno.rename(runs, other);
      await withIndex(other, () => {});
      for (const id of ids) await spoil(logOf(other, id), 0);
      assert.deepEqual(await listRuns(other), expected);
      assert.equal(await resolveRun(other, "second"), ids[1]);
      assert.equal(await resolveRun(other, ids[0]!.slice(0, -1)), ids[0]);
      // A log that has changed is read, whatever the index says.
      await Deno.writeTextFile(logOf(other, ids[2]!), "x\n", { append: true });
      const changed = (await listRuns(other)).find(({ id }) => id === ids[2]);
      assert.equal(changed!.status, "damaged");
    } finally {
      await Deno.rename(other, runs);
    }
  }));

Deno.test("`last` needs the first line of each log, and a whole id no other log, with or without an index", () =>
  withThreeRuns(async (runs, ids) => {
    const [first, second, third] = ids as [string, string, string];
    for (const id of [first, second]) await spoil(logOf(runs, id), 1);
    assert.equal(await resolveRun(runs, "last"), third);
    for (const id of [first, second]) await Deno.remove(logOf(runs, id));
    for (const id of [first, second]) await Deno.mkdir(logOf(runs, id));
    let text = "";
    await showCommand([third, "--runs", runs], (piece) => text += piece);
    assert.match(text, /^third \(/);
    assert.equal((await readRun(runs, third))!.status, "done");
  }));

Deno.test("with an index, `last` needs the first line of that run alone, and of runs that are new", () =>
  withThreeRuns(async (runs, ids) => {
    const [first, second, third] = ids as [string, string, string];
    await withIndex(runs, () => {});
    // Folders in place of logs cannot be read.
    for (const id of [first, second]) await Deno.remove(logOf(runs, id));
    for (const id of [first, second]) await Deno.mkdir(logOf(runs, id));
    assert.equal(await resolveRun(runs, "last"), third);
    const fourth = await finishedRun(runs, "fourth");
    assert.equal(await resolveRun(runs, "last"), fourth);
    assert.deepEqual(await idsByStart(runs), [fourth, third, second, first]);
    // What the index says of a run that is gone does not count.
    await Deno.remove(join(runs, fourth), { recursive: true });
    await Deno.remove(logOf(runs, third));
    await assert.rejects(resolveRun(runs, "last"), /can be read/);
  }));

Deno.test("a process that may not write takes the index from the folder, and reads only what is new", () =>
  withThreeRuns(async (runs) => {
    await withIndex(runs, () => {});
    const run = await beginRun(options(runs));
    run.note("new");
    const script = `
      import { withIndex } from "./lib/run/mod.ts";
      console.log(await withIndex(${
      JSON.stringify(runs)
    }, ({ events, rebuilt }) => JSON.stringify([events, rebuilt ?? null])));`;
    const file = await Deno.makeTempFile({ suffix: ".ts" });
    try {
      await Deno.writeTextFile(file, script.replace("./lib", new URL("../../../lib", import.meta.url).href));
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", "--config", "deno.json", `--deny-write=${runs}`, file],
        cwd: new URL("../../../", import.meta.url),
      }).output();
      assert.equal(new TextDecoder().decode(stdout).trim(), "[2,null]", new TextDecoder().decode(stderr));
    } finally {
      await Deno.remove(file);
      run.fail(new Error("enough"));
    }
  }));

Deno.test("`indexProgress()` is silent for a second, then shows how far it is, and cleans up", () => {
  let now = 0;
  const shown = (live: boolean, total: number, step: number) => {
    let text = "";
    now = 0;
    const progress = indexProgress({ write: (piece) => text += piece, live, now: () => now });
    for (let done = 1; done <= total; done++) {
      now += step;
      progress(done, total);
    }
    return text;
  };
  assert.equal(shown(true, 10, 50), "", "half a second");
  assert.equal(
    shown(false, 30, 400),
    "Indexing runs: 3 of 30\nIndexing runs: 16 of 30\nIndexing runs: 29 of 30\nIndexing runs: 30 of 30\n",
  );
  const live = shown(true, 30, 400);
  assert.ok(live.startsWith("\r\x1b[2KIndexing runs: 3 of 30\r\x1b[2KIndexing runs: 4 of 30"), JSON.stringify(live));
  assert.ok(live.endsWith("Indexing runs: 29 of 30\r\x1b[2K"), JSON.stringify(live.slice(-40)));
});
