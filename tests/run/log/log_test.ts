// Reading run logs: damage, half-written lines, lost runs, untrusted ids, and following a growing log.
import assert from "node:assert/strict";
import { join } from "node:path";
import { beginRun } from "../../../lib/run/cells/run.ts";
import { followEvents } from "../../../lib/run/log/follow.ts";
import { listRuns } from "../../../lib/run/catalog/run-list.ts";
import { isRunId, makeRunId } from "../../../lib/run/files/run-id.ts";
import { readEvents, readRun, runFolder } from "../../../lib/run/log/read.ts";
import { resolveRun } from "../../../lib/run/catalog/resolve-run.ts";
import type { RunEvent } from "../../../lib/run/events/events.ts";
import { openLog } from "../../../lib/run/log/log.ts";
import { writerLives } from "../../../lib/run/process/lock.ts";
import { emptyResults, options, spawnScript, withFolder } from "../fixtures.ts";

async function finishedRun(folder: string, notes = 3): Promise<string> {
  const run = await beginRun(options(folder));
  for (let i = 0; i < notes; i++) run.note(`note ${i} — é`);
  run.finish(emptyResults);
  return run.id;
}

const logOf = (folder: string, id: string) => join(folder, id, "events.jsonl");

Deno.test("`readEvents()` returns the events after a number", () =>
  withFolder(async (folder) => {
    const id = await finishedRun(folder);
    const seqs = async (after?: number) =>
      (await readEvents(folder, id, after === undefined ? {} : { after }))!.events.map(({ seq }) => seq);
    assert.deepEqual(await seqs(), [0, 1, 2, 3, 4]);
    assert.deepEqual(await seqs(2), [3, 4]);
    assert.deepEqual(await seqs(99), []);
  }));

Deno.test("`readRun()` reads past damaged lines and reports each", () =>
  withFolder(async (folder) => {
    const id = await finishedRun(folder);
    const lines = (await Deno.readTextFile(logOf(folder, id))).split("\n");
    lines[1] = lines[1]!.slice(0, 20);
    lines.splice(3, 0, '{"seq":1}', lines[2]!, "");
    await Deno.writeTextFile(logOf(folder, id), lines.join("\n"));
    const { events, damage } = (await readEvents(folder, id))!;
    assert.deepEqual(events.map(({ seq }) => seq), [0, 2, 3, 4]);
    assert.deepEqual(damage.map(({ line }) => line), [2, 4, 5, 6]);
    const view = (await readRun(folder, id))!;
    assert.equal(view.status, "done");
    assert.equal(view.notes.filter(({ level }) => level === "warning").length, 4);
    assert.equal((await listRuns(folder))[0]!.damagedLines, 4);
  }));

Deno.test("A log that is cut off anywhere gives its whole lines, and its run is lost", () =>
  withFolder(async (folder) => {
    const id = await finishedRun(folder);
    const bytes = await Deno.readFile(logOf(folder, id));
    const ends = bytes.reduce<number[]>((found, byte, i) => byte === 10 ? [...found, i + 1] : found, []);
    for (let size = bytes.length - 1; size >= 0; size -= 17) {
      await Deno.truncate(logOf(folder, id), size);
      const { events, damage } = (await readEvents(folder, id))!;
      const whole = ends.filter((end) => end <= size).length;
      assert.equal(events.length, whole);
      assert.equal(damage.length, ends.includes(size) || size === 0 ? 0 : 1);
      assert.equal((await readRun(folder, id))?.status, whole === 0 ? "damaged" : "lost");
    }
  }));

Deno.test("`openLog()` refuses an existing log and invalid events", () =>
  withFolder((folder) => {
    const log = openLog(folder);
    assert.throws(() => openLog(folder), Deno.errors.AlreadyExists);
    assert.throws(() => log.append({ kind: "metrics", cell: "a", step: -1, steps: 1, values: {} }));
    assert.equal(log.append({ kind: "note", level: "info", text: "first" }).seq, 0);
    log.close();
    assert.equal(Deno.readTextFileSync(join(folder, "events.jsonl")).split("\n").length, 2);
  }));

Deno.test("`readRun()` tells a running run from one whose process was killed", () =>
  withFolder(async (folder) => {
    const script = `
      import { beginRun } from "./lib/run/mod.ts";
      import { options } from "./tests/run/fixtures.ts";
      const run = await beginRun(options(${JSON.stringify(folder)}));
      run.note("here");
      console.log(run.id);
      setInterval(() => {}, 1000);`;
    const child = spawnScript(script);
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const id = (await reader.read()).value!.trim();
    try {
      assert.equal((await readRun(folder, id))!.status, "running");
      assert.equal((await listRuns(folder))[0]!.status, "running");
    } finally {
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel();
      await child.stderr.cancel();
    }
    assert.equal((await readRun(folder, id))!.status, "lost");
    assert.equal((await listRuns(folder))[0]!.status, "lost");
    const followed = await Array.fromAsync(followEvents(folder, id));
    assert.deepEqual(followed.map(({ kind }) => kind), ["run.start", "note"]);
  }));

Deno.test("A lock is not held if its pid was reused, its machine fell silent, or it is empty", () =>
  withFolder(async (folder) => {
    const run = await beginRun(options(folder));
    const lock = join(run.folder, "run.lock");
    const own = JSON.parse(await Deno.readTextFile(lock));
    assert.equal(writerLives(run.folder), true);
    const write = (value: unknown) => Deno.writeTextFile(lock, JSON.stringify(value) + "\n");
    if (own.started !== null) {
      await write({ ...own, started: "00000000" });
      assert.equal(writerLives(run.folder), false);
    }
    for (const content of [{ ...own, host: "elsewhere" }, {}]) {
      await write(content);
      assert.equal(writerLives(run.folder), true);
      assert.equal(writerLives(run.folder, Date.now() + 120_000), false);
    }
    await write(own);
    run.finish(emptyResults);
    assert.equal(writerLives(run.folder), false);
  }));

Deno.test("`followEvents()` neither misses nor repeats an event, however the log grows", () =>
  withFolder(async (folder) => {
    const id = await finishedRun(folder, 200);
    const bytes = await Deno.readFile(logOf(folder, id));
    const all = (await readEvents(folder, id))!.events;
    await Deno.truncate(logOf(folder, id), 0);
    await Deno.writeTextFile(
      join(folder, id, "run.lock"),
      JSON.stringify({ host: "elsewhere", pid: 1, started: null }),
    );
    const grow = async () => {
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = [1, 700, 13, 4000][i % 4]!;
        await Deno.writeFile(logOf(folder, id), bytes.subarray(at, at + size), { append: true });
        at += size;
        if (i % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    const [whole, rest] = await Promise.all([
      Array.fromAsync(followEvents(folder, id)),
      Array.fromAsync(followEvents(folder, id, { after: 150 })),
      grow(),
    ]);
    assert.deepEqual(whole, all);
    assert.deepEqual(rest, all.slice(151));
  }));

Deno.test("`followEvents()` ends when its signal is aborted, and reports damage once", () =>
  withFolder(async (folder) => {
    const run = await beginRun(options(folder));
    await Deno.writeTextFile(logOf(folder, run.id), "damage\n", { append: true });
    run.note("after");
    const stop = new AbortController();
    const seen: RunEvent[] = [];
    const damage: number[] = [];
    const following = followEvents(folder, run.id, {
      signal: stop.signal,
      onDamage: ({ line }) => damage.push(line),
    });
    for await (const event of following) {
      seen.push(event);
      if (event.kind === "note") setTimeout(() => stop.abort(), 100);
    }
    assert.deepEqual(seen.map(({ seq }) => seq), [0, 1]);
    assert.deepEqual(damage, [2]);
    run.finish(emptyResults);
  }));

Deno.test("`readRun()` and the other readers accept no path as an id", () =>
  withFolder(async (folder) => {
    const runs = join(folder, "runs");
    const id = await finishedRun(runs);
    await Deno.mkdir(join(folder, "20261122-051207-outside"));
    await Deno.symlink(join(folder, "20261122-051207-outside"), join(runs, "20261122-051208-link"));
    const bad = [
      "",
      ".",
      "..",
      "../20261122-051207-outside",
      `${id}/`,
      `./${id}`,
      `${id}\0`,
      "/etc",
      "C:\\",
      "\\\\x\\y",
      "..%2f",
      `${id}/../${id}`,
      ".cells",
      "20261122-051208-link",
      "20261122-051207-outside",
      id.toUpperCase(),
      `${id}\n`,
      "2".repeat(10_000),
    ];
    for (const text of bad) {
      assert.equal(await readRun(runs, text), undefined, text);
      assert.equal(await runFolder(runs, text), undefined, text);
      assert.equal(await readEvents(runs, text), undefined, text);
      assert.deepEqual(await Array.fromAsync(followEvents(runs, text)), []);
    }
    assert.equal(await runFolder(runs, id), join(runs, id));
  }));

Deno.test("`makeRunId()` makes ids that sort by time and pass `isRunId()`", () => {
  const early = makeRunId("bts", "quick", new Date("2026-11-22T05:12:07Z"));
  const late = makeRunId("../É x", "", new Date("2026-11-22T05:12:08Z"));
  assert.match(early, /^20261122-051207-bts-quick-[a-z0-9]{4}$/);
  assert(early < late && isRunId(early) && isRunId(late));
});

Deno.test("`listRuns()` returns the newest run first, and nothing if there is no folder", () =>
  withFolder(async (folder) => {
    assert.deepEqual(await listRuns(join(folder, "none")), []);
    const ids = [await finishedRun(folder), await finishedRun(folder), await finishedRun(folder)];
    await Deno.mkdir(join(folder, "20261122-051207-empty-run"));
    assert.deepEqual((await listRuns(folder)).map(({ id }) => id), ids.toReversed());
    assert.equal(await resolveRun(folder, "last"), ids[2]);
    assert.equal(await resolveRun(folder, ids[1]!.slice(0, -1)), ids[1]);
    await assert.rejects(resolveRun(folder, "2"), /begins 3 runs/);
    await assert.rejects(resolveRun(folder, "nothing"), /no run "nothing"/);
    await assert.rejects(resolveRun(join(folder, "none"), "last"), /no run in/);
  }));
