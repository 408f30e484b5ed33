// Listing runs: every filter, sorting by columns, results and metrics.
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { random } from "../../../lib/random.ts";
import { INDEX_SCHEMA } from "../../../lib/run/catalog/index-schema.ts";
import { metricNamesIn, metricValues } from "../../../lib/run/catalog/listing.ts";
import { z } from "zod";
import { explainError, UserError } from "../../../lib/errors.ts";
import { listCommand } from "../../../lib/cli/ls.ts";
import { beginRun, listRuns, queryRuns } from "../../../lib/run/mod.ts";
import { addLabel } from "../../../lib/run/catalog/labels.ts";
import { resultsOf } from "../results.ts";
import { trainCell } from "../cells/cells.ts";
import { emptyResults, options, withFolder } from "../fixtures.ts";

const SEED = Date.now() % 100_000;
console.log(`random rows with seed ${SEED}`);

const printed = async (folder: string, ...args: string[]) => {
  let text = "";
  await listCommand([...args, "--runs", folder], (piece) => text += piece);
  return text;
};

/** Three runs by seed: 1 is done and tagged, 2 failed, 3 is of another preset and without metrics. */
async function threeRuns(folder: string): Promise<(...args: string[]) => Promise<number[]>> {
  const first = await beginRun(options(folder, { seed: 1 }));
  await trainCell(first, "one", [5, 1, 4]);
  await trainCell(first, "two", [9, 3]);
  first.finish(emptyResults);
  await addLabel(first.folder, { kind: "tags", add: ["good", "kept"], remove: [] });
  await addLabel(first.folder, { kind: "name", name: "The \x1b[31mfirst" });
  const second = await beginRun(options(folder, { seed: 2 }));
  await trainCell(second, "one", [7, 2]);
  second.fail(new Error("no"));
  await addLabel(second.folder, { kind: "tags", add: ["good"], remove: [] });
  const third = await beginRun(options(folder, { seed: 3, preset: "other", experiment: "else" }));
  third.finish(emptyResults);
  return async (...args) =>
    JSON.parse(await printed(folder, "--json", ...args)).map(({ seed }: { seed: number }) => seed);
}

Deno.test("`listCommand()` fits a terminal of 80 columns, names what it leaves out, and shows it with --wide", () =>
  withFolder(async (folder) => {
    await threeRuns(folder);
    const device = "CPU, 2 threads, AVX-512 kernels, relaxed SIMD";
    const run = await beginRun(
      options(folder, { device, command: ["bts", "--name", "x"], title: "界 long ".repeat(9) }),
    );
    run.finish(emptyResults);
    const lines = async (width: number, ...args: string[]) => {
      let text = "";
      await listCommand(["--runs", folder, ...args], (piece) => text += piece, width);
      return text.split("\n").slice(1);
    };
    const wide = (line: string) => line.length + (line.match(/界/g)?.length ?? 0);
    const everything = await lines(Infinity);
    assert.ok(everything.some((line) => wide(line) > 120));
    assert.deepEqual(await lines(80, "--wide"), everything);
    for (const width of [200, 120, 100, 80, 60]) {
      const shown = await lines(width);
      for (const line of shown) assert.ok(wide(line) <= width, `${width}: ${line}`);
      // Which run it is and how it stands is always there.
      assert.match(shown[0]!, /^run +(name +)?status/);
      for (const id of (await listRuns(folder)).map(({ id }) => id)) assert.ok(shown.some((l) => l.startsWith(id)));
      const lost = /^--wide also shows: (.*)$/.exec(shown.at(-1)!)?.[1]?.split(", ") ?? [];
      for (const title of lost) assert.ok(everything[0]!.includes(title) && !shown[0]!.includes(` ${title}`), title);
    }
    assert.match((await lines(80)).at(-1)!, /^--wide also shows: device/);
  }));

Deno.test("`listCommand()` filters by tag, status, preset, experiment and start, all together", () =>
  withFolder(async (folder) => {
    const seeds = await threeRuns(folder);
    assert.deepEqual(await seeds("--sort", "seed"), [1, 2, 3]);
    assert.deepEqual(await seeds("--tag", "good", "--sort", "seed"), [1, 2]);
    assert.deepEqual(await seeds("--tag", "good", "--tag", "kept"), [1]);
    assert.deepEqual(await seeds("--status", "failed"), [2]);
    assert.deepEqual(await seeds("--status", "failed", "--status", "done", "--tag", "good", "--sort", "seed"), [1, 2]);
    assert.deepEqual(await seeds("--preset", "other"), [3]);
    assert.deepEqual(await seeds("--experiment", "else", "--preset", "smoke"), []);
    assert.deepEqual(await seeds("--since", "1h", "--sort", "seed", "--limit", "2"), [1, 2]);
    assert.deepEqual(await seeds("--since", "2999-01-01"), []);
    assert.match(await printed(folder, "--tag", "none"), /None of the 3 runs/);
  }));

Deno.test("an empty list names the existing presets, experiments and tags if the requested one does not exist", () =>
  withFolder(async (folder) => {
    await threeRuns(folder);
    assert.match(
      await printed(folder, "--preset", "smok"),
      /^None of the 3 runs in \S+ match\n {2}hint: no run has the preset smok, but other, smoke \(did you mean smoke\?\)$/,
    );
    assert.match(await printed(folder, "--experiment", "xyz"), /no run has the experiment xyz, but bts, else$/);
    assert.match(
      await printed(folder, "--preset", "other", "--tag", "x\x1by"),
      /no run has the tag x.y, but good, kept$/,
    );
    assert.doesNotMatch(await printed(folder, "--preset", "other", "--experiment", "bts"), /hint/, "each exists");
    assert.equal(await printed(folder, "--preset", "smok", "--json"), "[]");
  }));

Deno.test("`ls` counts done and cached cells, but not failed and stopped ones", () =>
  withFolder(async (folder) => {
    const run = await beginRun(options(folder));
    await trainCell(run, "one", [3]);
    const two = { name: "two", title: "Two", description: "", inputs: {}, code: import.meta, output: z.number() };
    await assert.rejects(run.cell(two, () => Promise.reject(new Error("no"))));
    run.fail(new Error("no"));
    assert.match(await printed(folder), /failed +1\/2 /);
    assert.equal((await listRuns(folder))[0]!.cells.ended, 1);
    const again = await beginRun(options(folder));
    await trainCell(again, "one", [3]);
    again.finish(emptyResults);
    assert.match(await printed(folder), /done +1\/2 /);
  }));

Deno.test("`listCommand()` sorts by the last, smallest or largest value of a metric; runs without it come last", () =>
  withFolder(async (folder) => {
    const seeds = await threeRuns(folder);
    assert.deepEqual(await seeds("--sort", "loss"), [2, 1, 3]);
    assert.deepEqual(await seeds("--sort", "loss:last", "--reverse"), [1, 2, 3]);
    assert.deepEqual(await seeds("--sort", "loss:min"), [1, 2, 3]);
    assert.deepEqual(await seeds("--sort", "loss:max"), [1, 2, 3]);
    assert.deepEqual(await seeds("--sort", "loss:max", "--reverse"), [2, 1, 3]);
    const runs = JSON.parse(await printed(folder, "--json", "--sort", "loss:max"));
    assert.deepEqual(runs.map(({ sortedBy }: { sortedBy: number | null }) => sortedBy), [9, 7, null]);
    const text = await printed(folder, "--sort", "loss:min");
    assert.match(text, /loss:min +tags\n/);
    assert.match(text, /The .*first +done .* 1 +good, kept\n/);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(text, /\x1b/);
  }));

Deno.test("`listCommand()` sorts by results and by the best value, in its own direction", () =>
  withFolder(async (folder) => {
    const task = (value: number) => ({ value, low: 0, high: 1, samples: 9 });
    const method = (mean: number, code: number, math: number) => ({
      bpb: { mean, code },
      tasks: { math: task(math) },
    });
    const made = [
      [1, 2.5, { bts: method(2, 5, 0.1), soup: method(1, 4, 0.9) }],
      [2, 1.5, { bts: method(3, 6, 0.5), soup: method(4, 7, 0.4) }],
      [3, 3.5, { btm: method(1.5, 1, 0.3) }],
    ] as const;
    for (const [seed, loss, methods] of made) {
      const run = await beginRun(options(folder, { seed }));
      await trainCell(run, "one", [loss, loss + 1]);
      run.finish(resultsOf(["code"], methods));
    }
    const seeds = async (sort: string) =>
      JSON.parse(await printed(folder, "--json", "--sort", sort)).map((run: { seed: number }) => run.seed);
    assert.deepEqual(await seeds("bpb"), [3, 1, 2], "of the own method, or of the best");
    assert.deepEqual(await seeds("bpb:best"), [1, 3, 2]);
    assert.deepEqual(await seeds("bpb:max"), [2, 1, 3]);
    assert.deepEqual(await seeds("bts/bpb/code"), [1, 2, 3]);
    assert.deepEqual(await seeds("soup/math:best"), [1, 2, 3]);
    assert.deepEqual(await seeds("math:best"), [1, 2, 3]);
    assert.deepEqual(await seeds("math"), [1, 3, 2], "of the own method, smallest first");
    assert.deepEqual(await seeds("loss:best"), [2, 1, 3]);
    assert.deepEqual(await seeds("one/loss:best"), [2, 1, 3]);
  }));

Deno.test("`listCommand()` lists from the index what `listRuns()` lists from the logs", () =>
  withFolder(async (folder) => {
    await threeRuns(folder);
    const listed: Record<string, unknown>[] = JSON.parse(await printed(folder, "--json"));
    const summaries = await listRuns(folder);
    const same = listed.map((run) => Object.fromEntries(Object.keys(summaries[0]!).map((key) => [key, run[key]])));
    assert.deepEqual(same, summaries);
  }));

Deno.test("`ls --sort` with an unknown name shows the nearest few of many, and a query that lists all", () =>
  withFolder(async (folder) => {
    const run = await beginRun(options(folder));
    const names = Array.from({ length: 60 }, (_, i) => `gradient-of-layer-${i}`);
    await run.cell(
      { name: "one", title: "One", description: "", inputs: {}, code: import.meta, output: z.number() },
      (cell) => {
        cell.metrics(1, 1, Object.fromEntries([...names, "loss"].map((name, i) => [name, i])));
        return Promise.resolve(1);
      },
    );
    run.finish(emptyResults);
    const error = await printed(folder, "--sort", "los").catch((error: unknown) => error);
    assert.ok(error instanceof UserError, String(error));
    const text = explainError(error);
    assert.match(text, /Cannot sort by "los": expected a column \(started, .*the nearest names are loss, /s);
    assert.ok(text.length < 400, text);
    const { rows } = await queryRuns(folder, /query "(.*)"/.exec(text)![1]!);
    assert.deepEqual(rows.flatMap((row) => Object.values(row)), [...names, "loss"].sort());
  }));

for (
  const [text, code] of [
    ["--status finished", "list.status"],
    ["--sort los", "list.sort"],
    ["--sort loss:worst", "list.sort"],
    ["--sort one/los", "list.sort"],
    ["--sort seed:min", "list.sort"],
    ["--sort __proto__", "list.sort"],
    ["--since yesterday", "list.since"],
    ["--since 2026-13-45", "list.since"],
    ["--limit 0", "command.malformed"],
  ] as const
) {
  Deno.test(`\`ls ${text}\` is refused as ${code}`, () =>
    withFolder(async (folder) => {
      await threeRuns(folder);
      await assert.rejects(printed(folder, ...text.split(" ")), (e) => e instanceof UserError && e.code === code);
    }));
}

Deno.test("names and values of a large index are found by its indexes, without reading its tables", () => {
  using db = new DatabaseSync(":memory:");
  db.exec(INDEX_SCHEMA);
  const insert = (table: string, values: readonly unknown[]) =>
    db.prepare(`insert or replace into ${table} values (${values.map(() => "?").join(", ")})`)
      .run(...values as string[]);
  const from = random(SEED, "names");
  for (let i = 0; i < 500; i++) {
    const [run, measure] = [`run-${from.int(50)}`, from.pick(["bpb", "math", "a/b"])];
    insert("results", [
      run,
      from.pick(["bts", "soup"]),
      measure,
      from.pick(["", "mean", "code"]),
      1,
      ...Array(5).fill(null),
    ]);
    const [cell, name] = [from.pick(["seed", "stitch", "x/y"]), from.pick(["loss", "lr", "validation/code"])];
    insert("metrics", [run, cell, name, 1, 0, 1, 1, 1, 1, 1, 1]);
  }
  const { results, metrics, inCells } = metricNamesIn(db);
  const all = (sql: string) => db.prepare(sql).all().map((row) => Object.values(row).join("/"));
  assert.deepEqual([...metrics].sort(), all("select distinct name from metrics order by 1"));
  assert.deepEqual([...inCells.keys()].sort(), all("select distinct cell || '/' || name from metrics order by 1"));
  const named = all("select distinct method, measure, nullif(group_name, '') from results").map((name) =>
    name.replace(/\/$/, "")
  );
  assert.deepEqual(
    [...results].flatMap(([name, { method }]) => method === undefined ? [] : [name]).sort(),
    named.sort(),
  );

  // What was asked, and which of it reads a whole table.
  const asked: string[] = [];
  const spy = new Proxy(db, {
    get(target, key) {
      if (key === "prepare") return (sql: string) => (asked.push(sql), target.prepare(sql));
      return Reflect.get(target, key);
    },
  });
  const names = metricNamesIn(spy);
  for (const name of ["bpb", "bts/math/code", "loss", "stitch/loss:min"]) metricValues(spy, name, names);
  const scans = asked.flatMap((sql) => db.prepare(`explain query plan ${sql}`).all())
    .map(({ detail }) => String(detail)).filter((detail) => /^SCAN (r|m|results|metrics)\b(?!.*INDEX)/.test(detail));
  assert.ok(asked.length >= 8);
  assert.deepEqual(scans, []);
});
