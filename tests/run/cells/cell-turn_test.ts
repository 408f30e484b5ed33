// Processes that need the same cell: one builds it, others wait, and nobody waits for the dead.
import assert from "node:assert/strict";
import { join } from "node:path";
import { takeTurn } from "../../../lib/run/cells/cell-turn.ts";
import { beginRun } from "../../../lib/run/cells/run.ts";
import { readRun } from "../../../lib/run/log/read.ts";
import { trainCell } from "./cells.ts";
import { emptyResults, options, spawnScript, withFolder } from "../fixtures.ts";

const never = new AbortController().signal;

/** A process that takes the turn on a cell and keeps it. */
async function holder(folder: string, key: string) {
  const child = spawnScript(`
    import { takeTurn } from "./lib/run/cells/cell-turn.ts";
    await takeTurn(${JSON.stringify(folder)}, ${JSON.stringify(key)}, new AbortController().signal, () => {});
    console.log("mine");
    setInterval(() => {}, 1000);`);
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assert.equal((await reader.read()).value!.trim(), "mine");
  const end = async (signal: Deno.Signal = "SIGKILL") => {
    child.kill(signal);
    await child.status;
    await reader.cancel();
    await child.stderr.cancel();
  };
  return { pid: child.pid, end };
}

Deno.test("`takeTurn()` waits for a living process, names it, and continues when it is killed", () =>
  withFolder(async (folder) => {
    const { pid, end } = await holder(folder, "k");
    const waited: (number | undefined)[] = [];
    const turn = takeTurn(folder, "k", never, (holder) => waited.push(holder?.pid));
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.deepEqual(waited, [pid]);
    await end();
    const taken = await turn;
    assert.equal(taken.waited, true);
    await taken.release();
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
    const other = await takeTurn(folder, "k", never, () => assert.fail());
    assert.equal(other.waited, false);
    await other.release();
  }));

Deno.test("a run that is stopped while it waits for its turn ends as stopped, cell and all", () =>
  withFolder(async (folder) => {
    const first = await beginRun(options(folder));
    const { key } = await trainCell(first, "one", [1]);
    first.finish(emptyResults);
    await Deno.remove(join(folder, ".cells", key), { recursive: true });
    const { pid, end } = await holder(folder, key);
    const stop = new AbortController();
    const run = await beginRun(options(folder, { signal: stop.signal }));
    setTimeout(() => stop.abort(new Error("stop")), 300);
    await assert.rejects(trainCell(run, "one", [1]), /stop/);
    run.fail(stop.signal.reason);
    await end();
    const { status, cells } = (await readRun(folder, run.id))!;
    assert.deepEqual([status, cells[0]!.status], ["stopped", "stopped"]);
    assert.match(
      cells[0]!.notes[0]!.text,
      new RegExp(`Waiting for process ${pid} on .*, which is building the same cell`),
    );
  }));

Deno.test("`takeTurn()` lets everybody build where no lock can be kept", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, ".building"), "");
    const [a, b] = [await takeTurn(folder, "k", never, () => {}), await takeTurn(folder, "k", never, () => {})];
    assert.deepEqual([a.waited, b.waited], [false, false]);
    await a.release();
    await b.release();
  }));
