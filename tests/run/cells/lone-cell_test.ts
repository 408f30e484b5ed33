// One cell of a run built alone, what is missing of a run, and the run's log of what other processes logged.
import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../../../lib/errors.ts";
import type { CellRunner, Run } from "../../../lib/run/cells/cell.ts";
import { type LoneCellOptions, runLoneCell } from "../../../lib/run/cells/lone-cell.ts";
import { followLog } from "../../../lib/run/log/follow.ts";
import { beginRun } from "../../../lib/run/cells/run.ts";
import { readRun } from "../../../lib/run/log/read.ts";
import { collector, emptyResults, options, withFolder } from "../fixtures.ts";

const spec = { title: "", description: "", code: import.meta, output: z.number() };
const never = new AbortController().signal;

/** Three cells; the last builds on the key of one and on the content of the other. */
function body(steps: number, built: string[] = []) {
  return async (run: CellRunner) => {
    const cell = (name: string, inputs: object) =>
      run.cell({ ...spec, name, inputs: { name, ...inputs } }, async (context) => {
        built.push(name);
        const { last } = context.checkpoints;
        for (let step = (last?.step ?? 0) + 1; step <= steps; step++) {
          context.metrics(step, steps, { loss: 1 / step });
          const point = { step, score: null, bytes: 1, keep: 2 };
          await context.checkpoints.save(point, (folder) => Deno.writeTextFile(join(folder, "at"), String(step)));
          if (name === "sum" && step === 2 && last === undefined) throw new Error("It failed at step 2");
        }
        return steps;
      });
    const [a, b] = [await cell("a", {}), await cell("b", {})];
    return await cell("sum", { a: a.key, b: [b.content] });
  };
}

async function lone(run: Run, runsFolder: string, cell: string, make: ReturnType<typeof body>, more = {}) {
  const folder = await Deno.makeTempDir({ dir: run.folder });
  const shared: LoneCellOptions = {
    ...{ runsFolder, run: run.id, cell, folder, signal: never, fresh: false, patienceMs: 0 },
    ...more,
  };
  return { folder, built: await runLoneCell(shared, make).then((result) => result.key, (error) => error) };
}

Deno.test("`runLoneCell()` builds a cell as its run would, and nothing else", () =>
  withFolder(async (folder) => {
    const run = await beginRun(options(folder));
    const built: string[] = [];
    const make = body(1, built);
    const keys = [];
    for (const name of ["b", "a", "sum"]) keys.push((await lone(run, folder, name, make)).built);
    assert.deepEqual(built, ["b", "a", "sum"]);
    const result = await make(run);
    assert.deepEqual([result.key, result.cached], [keys[2], true]);
    assert.deepEqual(built, ["b", "a", "sum"]);
    run.finish(emptyResults);
  }));

Deno.test("`runLoneCell()` refuses a cell that is unknown, or lacks what it builds on", () =>
  withFolder(async (folder) => {
    const run = await beginRun(options(folder));
    const make = body(1);
    const unknown = (await lone(run, folder, "sun", make)).built;
    assert.equal(unknown.code, "cell.unknown");
    assert.match(unknown.message, /has no cell sun: expected one of a, b, sum/);
    await lone(run, folder, "b", make);
    const needs = (await lone(run, folder, "sum", make)).built;
    assert.equal(needs.code, "cell.needs");
    assert.match(needs.message, /the cell sum of .*: it builds on a, not in the cache/);
    const { built: key } = await lone(run, folder, "a", make);
    await Deno.writeTextFile(join(folder, ".cells", key, "cell.json"), "{");
    assert.equal((await lone(run, folder, "sum", make)).built.code, "cell.needs");
    run.finish(emptyResults);
  }));

Deno.test("`runLoneCell()` asks whether the code is the run's before it misses what other code has built", () =>
  withFolder(async (folder) => {
    const run = await beginRun(options(folder));
    const check = () => {
      throw new UserError("cell.code", "It has other code");
    };
    assert.equal((await lone(run, folder, "sum", body(1), { check, patienceMs: 60_000 })).built.code, "cell.code");
    run.finish(emptyResults);
  }));

Deno.test("`runLoneCell()` waits for a cell that is seen late", () =>
  withFolder(async (folder) => {
    const run = await beginRun(options(folder));
    const make = body(1);
    await lone(run, folder, "a", make);
    const waiting = lone(run, folder, "sum", make, { patienceMs: 30_000 });
    await lone(run, folder, "b", make);
    assert.match((await waiting).built, /^[0-9a-f]{64}$/);
    run.finish(emptyResults);
  }));

Deno.test("a run says what is missing, in which order, and takes the rest from the cache", () =>
  withFolder(async (folder) => {
    const { events, onEvent } = collector();
    const run = await beginRun(options(folder, { onEvent }));
    const make = body(1);
    const all = await run.elsewhere.missing(make);
    assert.deepEqual(all.map(({ cell, needs }) => [cell, needs]), [["a", []], ["b", []], ["sum", ["a", "b"]]]);
    assert.equal(events.filter(({ kind }) => kind !== "run.start").length, 0);
    const { built } = await lone(run, folder, "a", make);
    assert.equal(built, all[0]!.key);
    const rest = await run.elsewhere.missing(make);
    assert.deepEqual(rest.map(({ cell, needs }) => [cell, needs]), [["b", []], ["sum", ["b"]]]);
    assert.deepEqual(events.flatMap((event) => event.kind === "cell.end" ? [[event.cell, event.status]] : []), [
      ["a", "cached"],
    ]);
    run.finish(emptyResults);
  }));

Deno.test("a run's log has what attempts at a cell logged, every point once, whatever is told again", () =>
  withFolder(async (folder) => {
    const { events, onEvent } = collector();
    const run = await beginRun(options(folder, { onEvent }));
    const make = body(4);
    for (const name of ["a", "b"]) await lone(run, folder, name, make);
    const first = await lone(run, folder, "sum", make);
    assert.match(first.built.message, /failed at step 2/);
    const second = await lone(run, folder, "sum", make);
    for (const attempt of [first, first, second]) {
      const tell = run.elsewhere.relay("sum", false);
      for (const event of await followLog(attempt.folder)()) tell(event);
    }
    const ofSum = () => events.filter((event) => "cell" in event && event.cell === "sum");
    assert.deepEqual(ofSum().flatMap((event) => event.kind === "metrics" ? [event.step] : []), [1, 2, 3, 4]);
    assert.deepEqual(ofSum().map(({ kind }) => kind), [
      ...["cell.start", "metrics", "metrics", "cell.end", "cell.resume", "metrics", "metrics", "cell.end"],
    ]);
    const before = ofSum().length;
    const result = await make(run);
    assert.equal(result.key, second.built);
    assert.equal(ofSum().length, before);
    run.finish(emptyResults);
    const view = (await readRun(folder, run.id))!;
    assert.deepEqual(view.cells.map(({ name, status }) => [name, status]), [
      ...[["one", "planned"], ["two", "planned"], ["sum", "done"], ["a", "cached"], ["b", "cached"]],
    ]);
  }));

Deno.test("an older copy of a cell stops at its next checkpoint, and the newer one finishes", () =>
  withFolder(async (folder) => {
    const run = await beginRun(options(folder));
    let release = () => {};
    const held = new Promise<void>((resolve) => release = resolve);
    let hold = () => {};
    const holding = new Promise<void>((resolve) => hold = resolve);
    const copies = (own: string) => async (cells: CellRunner) =>
      await cells.cell({ ...spec, name: "cell", inputs: {} }, async (context) => {
        for (let step = (context.checkpoints.last?.step ?? 0) + 1; step <= 3; step++) {
          if (own === "old" && step === 2) {
            hold(); // it has its turn, and a checkpoint
            await held;
          }
          const point = { step, score: null, bytes: 1, keep: 2 };
          await context.checkpoints.save(point, (folder) => Deno.writeTextFile(join(folder, "by"), own));
        }
        return 1;
      });
    const old = lone(run, folder, "cell", copies("old"), { job: "7" });
    await Promise.race([holding, old]);
    const newer = await lone(run, folder, "cell", copies("new"), { job: "7" });
    assert.match(newer.built, /^[0-9a-f]{64}$/);
    release();
    assert.equal((await old).built.code, "cell.fenced");
    const kept = join(folder, ".checkpoints", newer.built, "step-000000003", "by");
    assert.equal(await Deno.readTextFile(kept), "new");
    run.finish(emptyResults);
  }));
