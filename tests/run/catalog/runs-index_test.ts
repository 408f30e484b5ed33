// The index of all runs agrees with the logs, follows them, and is rebuilt when it is damaged.
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { reindexCommand } from "../../../lib/cli/reindex.ts";
import { beginRun, queryRuns, type Run, withIndex } from "../../../lib/run/mod.ts";
import { openForReading } from "../../../lib/run/catalog/runs-index.ts";
import { addLabel } from "../../../lib/run/catalog/labels.ts";
import { resultsOf } from "../results.ts";
import { trainCell } from "../cells/cells.ts";
import { emptyResults, options, spawnScript, withFolder } from "../fixtures.ts";

const estimate = { value: 0.5, low: 0.4, high: 0.6, samples: 100 };
const results = resultsOf(["code"], {
  bts: {
    bpb: { code: 2, mean: 2.25 },
    bpbInterval: { code: estimate },
    tasks: { math: estimate },
    parameters: { trained: 1, total: 2, active: 3 },
  },
});

async function finishedRun(folder: string, losses: readonly number[] = [3, 1, 2]): Promise<Run> {
  const run = await beginRun(options(folder));
  await trainCell(run, "one", losses);
  run.note("Something odd", "warning");
  run.finish(results);
  return run;
}

const rows = async (folder: string, sql: string) => (await queryRuns(folder, sql)).rows.map((row) => ({ ...row }));
const path = (folder: string) => join(folder, ".index.sqlite");

/** Every row of every table that the logs decide. */
async function dump(folder: string): Promise<unknown> {
  return await withIndex(folder, ({ path }) => {
    const db = openForReading(path);
    const tables = ["runs", "cells", "points", "metrics", "results", "measures", "artifacts", "notes", "tags"];
    try {
      return tables.map((table) => db.prepare(`select * from ${table}`).all().map((row) => JSON.stringify(row)).sort());
    } finally {
      db.close();
    }
  });
}

Deno.test("The index has what a run's log says", () =>
  withFolder(async (folder) => {
    const { id } = await finishedRun(folder, [3, 1, NaN, 2]);
    assert.deepEqual(await rows(folder, "select id, status, seed, damaged from runs"), [
      { id, status: "done", seed: 1, damaged: 0 },
    ]);
    assert.deepEqual(await rows(folder, "select name, status, steps, position from cells order by position"), [
      { name: "one", status: "done", steps: 4, position: 0 },
      { name: "two", status: "planned", steps: null, position: 1 },
    ]);
    assert.deepEqual(
      await rows(folder, "select points, not_finite, last, last_step, min, min_step, max, max_step from metrics"),
      [{ points: 4, not_finite: 1, last: 2, last_step: 4, min: 1, min_step: 2, max: 3, max_step: 1 }],
    );
    assert.deepEqual(await rows(folder, "select step, value from points order by seq"), [
      { step: 1, value: 3 },
      { step: 2, value: 1 },
      { step: 3, value: null },
      { step: 4, value: 2 },
    ]);
    const columns = "measure, group_name, value, low, samples, better, device";
    const none = { low: null, samples: null, better: null, device: null };
    assert.deepEqual(await rows(folder, `select ${columns} from results order by 1, 2`), [
      { ...none, measure: "bpb", group_name: "code", value: 2, low: 0.4, samples: 100, better: "lower" },
      { ...none, measure: "bpb", group_name: "mean", value: 2.25, better: "lower" },
      { ...none, measure: "math", group_name: "", value: 0.5, low: 0.4, samples: 100, better: "higher" },
      { ...none, measure: "parameters", group_name: "active", value: 3 },
      { ...none, measure: "parameters", group_name: "total", value: 2 },
      { ...none, measure: "parameters", group_name: "trained", value: 1 },
    ]);
    assert.deepEqual(await rows(folder, "select name, format, machine_dependent as m from measures order by 1"), [
      { name: "bpb", format: "number", m: 0 },
      { name: "math", format: "proportion", m: 0 },
      { name: "parameters", format: "count", m: 0 },
    ]);
    assert.deepEqual(await rows(folder, "select text from alerts"), [{ text: "Something odd" }]);
    assert.deepEqual(await rows(folder, "select name, length(sha256) as n from artifacts"), [{ name: "a.txt", n: 64 }]);
  }));

Deno.test("An update of the index reads only new events, and equals a rebuild", () =>
  withFolder(async (folder) => {
    const first = await finishedRun(folder);
    const second = await beginRun(options(folder));
    assert.deepEqual(await withIndex(folder, ({ rebuilt, runs, events }) => [rebuilt, runs, events > 1]), [
      "missing",
      2,
      true,
    ]);
    assert.equal(await withIndex(folder, ({ events }) => events), 0);
    assert.deepEqual(await rows(folder, `select status from runs where id = '${second.id}'`), [{ status: "running" }]);
    second.note("one");
    second.note("two");
    assert.equal(await withIndex(folder, ({ events }) => events), 2);
    second.finish(emptyResults);
    await addLabel(first.folder, { kind: "tags", add: ["good"], remove: [] });
    assert.equal(await withIndex(folder, ({ events }) => events), 1);
    assert.deepEqual(await rows(folder, "select * from tags"), [{ run: first.id, tag: "good" }]);
    const grown = await dump(folder);
    await reindexCommand(["--runs", folder], () => {});
    assert.deepEqual(await dump(folder), grown);
    await Deno.remove(first.folder, { recursive: true });
    assert.deepEqual(await rows(folder, "select id from runs"), [{ id: second.id }]);
    assert.deepEqual(await rows(folder, "select distinct run from notes"), [{ run: second.id }]);
  }));

Deno.test("The index follows a log that was replaced or cut off, and counts damaged lines", () =>
  withFolder(async (folder) => {
    const run = await finishedRun(folder);
    const log = join(run.folder, "events.jsonl");
    await dump(folder);
    const text = await Deno.readTextFile(log);
    const lines = text.trimEnd().split("\n");
    lines[3] = lines[3]!.slice(0, 30);
    await Deno.writeTextFile(log, lines.slice(0, -1).join("\n") + '\n{"seq":');
    assert.deepEqual(await rows(folder, "select status, damaged from runs"), [{ status: "lost", damaged: 2 }]);
    assert.deepEqual(await rows(folder, "select count(*) as n from results"), [{ n: 0 }]);
    await Deno.writeTextFile(log, text);
    assert.deepEqual(await rows(folder, "select status, damaged from runs"), [{ status: "done", damaged: 0 }]);
  }));

const harms: readonly (readonly [string, (path: string) => Promise<void> | void])[] = [
  ["deleted", (path) => Deno.remove(path)],
  ["emptied", (path) => Deno.truncate(path, 0)],
  ["cut in half", async (path) => await Deno.truncate(path, Math.floor((await Deno.stat(path)).size / 2))],
  ["overwritten with noise", (path) => Deno.writeFile(path, crypto.getRandomValues(new Uint8Array(60_000)))],
  ["damaged inside", async (path) => {
    const bytes = await Deno.readFile(path);
    crypto.getRandomValues(bytes.subarray(4096, Math.min(bytes.length, 60_000)));
    await Deno.writeFile(path, bytes);
  }],
  ["of an older version", (path) => alter(path, "pragma user_version = 0")],
  [
    "of a newer version",
    (path) => alter(path, "pragma user_version = 99; create table future (a); create view v as select a from future"),
  ],
  ["another program's", (path) => alter(path, "pragma application_id = 7")],
  ["without a table", (path) => alter(path, "drop table metrics")],
];

function alter(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}

for (const [title, harm] of harms) {
  Deno.test(`An index that is ${title} is rebuilt from the logs`, () =>
    withFolder(async (folder) => {
      await finishedRun(folder);
      const before = await dump(folder);
      await harm(path(folder));
      assert.deepEqual(await dump(folder), before);
      assert.deepEqual(await dump(folder), before);
    }));
}

Deno.test("A runs folder that cannot be written, or does not exist, is indexed elsewhere and left unchanged", async () => {
  await withFolder(async (folder) => {
    await finishedRun(folder);
    const expected = await dump(folder);
    for (const name of [".index.sqlite", ".index.lock"]) await Deno.remove(join(folder, name));
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", `--deny-write=${folder}`, "main.ts", "query", "--json", "--sql", "select status from runs"]
        .concat("--runs", folder),
      cwd: new URL("../../../", import.meta.url),
    });
    const { code, stdout, stderr } = await child.output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), [{ status: "done" }]);
    assert.equal(await Deno.stat(path(folder)).catch(() => "none"), "none");
    assert.deepEqual(await rows(join(folder, "none"), "select count(*) as n from runs"), [{ n: 0 }]);
    assert.equal(await Deno.stat(join(folder, "none")).catch(() => "none"), "none");
    await assert.rejects(reindexCommand(["--runs", join(folder, "none")], () => {}), /Cannot write the index/);
    assert.deepEqual(await dump(folder), expected);
  });
});

Deno.test("Eight processes write runs while three update the index: no event is missing, and nobody is locked out", () =>
  withFolder(async (folder) => {
    const writers = Array.from({ length: 8 }, () =>
      spawnScript(`
        import { beginRun } from "./lib/run/mod.ts";
        import { emptyResults, options } from "./tests/run/fixtures.ts";
        const run = await beginRun(options(${JSON.stringify(folder)}));
        for (let i = 0; i < 198; i++) {
          run.note("note " + i);
          if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        }
        run.finish(emptyResults);`));
    const readers = Array.from({ length: 3 }, () =>
      spawnScript(`
        import { openForReading, withIndex } from "./lib/run/catalog/runs-index.ts";
        const until = performance.now() + 2000;
        while (performance.now() < until) {
          await withIndex(${JSON.stringify(folder)}, ({ path }) => {
            const db = openForReading(path);
            db.prepare("select run, count(*) from notes group by run").all();
            db.close();
          });
        }`));
    for (const child of [...writers, ...readers]) {
      const { code, stderr } = await child.output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
    }
    assert.deepEqual(await rows(folder, "select count(*) as n from runs where status = 'done'"), [{ n: 8 }]);
    assert.deepEqual(await rows(folder, "select count(*) + 2 * 8 as n from notes"), [{ n: 1600 }]);
    const grown = await dump(folder);
    await reindexCommand(["--runs", folder], () => {});
    assert.deepEqual(await dump(folder), grown);
  }));

Deno.test("After a process is killed while it updates the index, the next update gives the right rows", () =>
  withFolder(async (folder) => {
    for (let i = 0; i < 3; i++) await finishedRun(folder, Array.from({ length: 1500 }, (_, j) => i + j));
    const expected = await dump(folder);
    for (const wait of [0, 15, 40, 80, 130]) {
      const child = spawnScript(`
        import { reindexCommand } from "./lib/cli/reindex.ts";
        console.log("ready");
        for (;;) await reindexCommand(["--runs", ${JSON.stringify(folder)}], () => {});`);
      const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
      await reader.read();
      await new Promise((resolve) => setTimeout(resolve, wait));
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel();
      await child.stderr.cancel();
      assert.deepEqual(await dump(folder), expected);
    }
  }));
