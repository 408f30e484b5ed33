// A run whose process is alive but makes no progress is stalled: its log says so, or its heartbeat is missing.
import assert from "node:assert/strict";
import { join } from "node:path";
import { listCommand } from "../../../lib/cli/ls.ts";
import { beginRun, createFoldStore, type EventBody, listRuns, readRun } from "../../../lib/run/mod.ts";
import { writerState } from "../../../lib/run/process/lock.ts";
import { emptyResults, options, spawnScript, withFolder } from "../fixtures.ts";

const indexed = async (folder: string) => {
  let text = "";
  await listCommand(["--runs", folder, "--json"], (piece) => text += piece);
  return JSON.parse(text)[0].status;
};

/** What every reader says of the one run. */
async function statuses(folder: string, id: string): Promise<string[]> {
  const read = (await readRun(folder, id))!.status;
  return [
    ...new Set([
      read,
      (await listRuns(folder))[0]!.status,
      (await createFoldStore(folder).status(id))!.status,
      await indexed(folder),
    ]),
  ];
}

Deno.test("a run without a heartbeat is stalled, running again with one, and lost without its process", () =>
  withFolder(async (folder) => {
    const child = spawnScript(`
      import { beginRun } from "./lib/run/mod.ts";
      import { options } from "./tests/run/fixtures.ts";
      console.log((await beginRun(options(${JSON.stringify(folder)}))).id);
      setInterval(() => {}, 1000);`);
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const id = (await reader.read()).value!.trim();
    const lock = join(folder, id, "run.lock");
    assert.deepEqual(await statuses(folder, id), ["running"]);
    child.kill("SIGSTOP");
    await Deno.utime(lock, new Date(), new Date(Date.now() - 31_000));
    assert.equal(writerState(join(folder, id)), "silent");
    assert.deepEqual(await statuses(folder, id), ["stalled"]);
    child.kill("SIGCONT");
    for (let i = 0; i < 100 && writerState(join(folder, id)) === "silent"; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.deepEqual(await statuses(folder, id), ["running"]);
    child.kill("SIGKILL");
    await child.status;
    assert.deepEqual(await statuses(folder, id), ["lost"]);
    await reader.cancel();
    await child.stderr.cancel();
  }));

Deno.test("a writer on another machine is silent after 30 s and gone after a minute", () =>
  withFolder(async (folder) => {
    const lock = join(folder, "run.lock");
    await Deno.writeTextFile(lock, JSON.stringify({ host: "elsewhere", pid: 1, started: null }));
    for (const [seconds, state] of [[1, "live"], [29, "live"], [31, "silent"], [59, "silent"], [61, "gone"]] as const) {
      await Deno.utime(lock, new Date(), new Date(Date.now() - seconds * 1000));
      assert.equal(writerState(folder), state, `${seconds} s`);
    }
    await Deno.remove(lock);
    assert.equal(writerState(folder), "gone");
  }));

Deno.test("a run that logs a stall is stalled until its next event", () =>
  withFolder(async (folder) => {
    const run = await beginRun(options(folder));
    const log = join(run.folder, "events.jsonl");
    const write = (body: EventBody) => {
      const seq = Deno.readTextFileSync(log).trim().split("\n").length;
      const event = { seq, time: new Date().toISOString(), ...body };
      Deno.writeTextFileSync(log, JSON.stringify(event) + "\n", { append: true });
    };
    assert.deepEqual(await statuses(folder, run.id), ["running"]);
    const alert = { detector: "stall", action: "alert", values: { seconds: 300 } };
    write({ kind: "note", level: "warning", text: "Nothing was logged", alert });
    assert.deepEqual(await statuses(folder, run.id), ["stalled"]);
    write({ kind: "note", level: "info", text: "on it goes" });
    assert.deepEqual(await statuses(folder, run.id), ["running"]);
    run.finish(emptyResults);
  }));
