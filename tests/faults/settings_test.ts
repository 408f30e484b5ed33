// Resuming a run with other settings (reliability 19), and cells that are trained further than was planned.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { beginRun, readRun, runIds, unfinishedRun, type Wanted } from "../../lib/run/mod.ts";
import type { MayChange } from "../../lib/run/cells/continuation.ts";
import { emptyResults, options, withFolder } from "../run/fixtures.ts";
import { checkpoints, count, COUNTED } from "./counter.ts";

const config = (steps: number, more: object = {}) => ({ train: { seed: { steps, lr: 0.1 } }, seeds: [1, 2], ...more });
const mayChange: MayChange = { "train.*.steps": "upwards", "checkpoint.*": "freely" };

Deno.test("Fault 19: settings that may change do, others are refused with both values, and nothing is written", () =>
  withFolder(async (runs) => {
    const first = await beginRun(options(runs, { config: config(10, { checkpoint: { keep: 2 } }) }));
    first.fail(new Error("x"));
    const log = `${first.folder}/events.jsonl`;
    const before = await Deno.readTextFile(log);
    const open = (changed: unknown, more = {}) =>
      beginRun(options(runs, { continues: first.id, mayChange, config: changed, ...more }));
    const refused: readonly (readonly [unknown, object, RegExp])[] = [
      [config(9, { checkpoint: { keep: 2 } }), {}, /train\.seed\.steps was 10 and is 9/],
      [{ ...config(10), checkpoint: { keep: 2 }, seeds: [1] }, {}, /seeds was \[1,2\] and is \[1\]/],
      [
        { train: { seed: { steps: 20, lr: 0.2 } } },
        {},
        /train\.seed\.lr was 0.1 and is 0.2; .*seeds was \[1,2\] and is absent/,
      ],
      [config(10, { checkpoint: { keep: 2 }, more: null }), {}, /more was absent and is null/],
      [config(10, { checkpoint: { keep: 2 } }), { seed: 2 }, /seed was 1 and is 2/],
      [config(10, { checkpoint: { keep: 2 } }), { experiment: "other" }, /experiment was "bts" and is "other"/],
    ];
    for (const [changed, more, message] of refused) {
      await assert.rejects(open(changed, more), (error) => {
        assert.ok(error instanceof UserError && error.code === "run.changed", String(error));
        assert.match(error.message, message);
        assert.match(error.hint!, /^train\.\*\.steps \(upwards\), checkpoint\.\* may change/);
        return true;
      });
    }
    assert.equal(await Deno.readTextFile(log), before);
    assert.deepEqual((await Array.fromAsync(Deno.readDir(first.folder))).map(({ name }) => name), ["events.jsonl"]);
    const again = await open(config(20, { checkpoint: { keep: 5 } }));
    again.finish(emptyResults);
    const view = (await readRun(runs, first.id))!;
    assert.deepEqual([view.status, view.config], ["done", config(20, { checkpoint: { keep: 5 } })]);
  }));

Deno.test("Settings that did not exist when a run was written have their defaults, and renamed ones their new names", () =>
  withFolder(async (runs) => {
    const first = await beginRun(options(runs, { config: { initialisation: "random" }, backend: "cpu" }));
    first.fail(new Error("x"));
    const config = { initialization: "random", added: 1 };
    const readConfig = (before: unknown) => {
      const { initialisation, ...others } = before as { initialisation?: string };
      return { ...(initialisation === undefined ? {} : { initialization: initialisation }), added: 1, ...others };
    };
    const wanted = { experiment: "bts", backend: "cpu", seed: 1, title: "A run" };
    assert.equal(await unfinishedRun(runs, { ...wanted, config }, false), undefined);
    assert.equal(await unfinishedRun(runs, { ...wanted, config, readConfig }, false), first.id);
    await assert.rejects(beginRun(options(runs, { continues: first.id, config })), /added was absent and is 1/);
    const other = { ...config, added: 2 };
    const changed = beginRun(options(runs, { continues: first.id, config: other, readConfig }));
    await assert.rejects(changed, /added was 1 and is 2/);
    (await beginRun(options(runs, { continues: first.id, config, readConfig }))).finish(emptyResults);
    assert.equal((await readRun(runs, first.id))!.status, "done");
  }));

Deno.test("A run that is done is resumed with more steps only", () =>
  withFolder(async (runs) => {
    const { id } = await count(runs, { run: { config: config(10) } });
    const again = count(runs, { run: { config: config(10), continues: id, mayChange } });
    await assert.rejects(again, (error) => error instanceof UserError && error.code === "run.over");
    const more = await count(runs, { steps: 14, run: { config: config(14), continues: id, mayChange } });
    assert.equal(more.from, 10);
    const view = (await readRun(runs, id))!;
    assert.deepEqual(view.cells[0]!.metrics.map(({ step }) => step), Array.from({ length: 14 }, (_, i) => i + 1));
    // What went on from 10 steps is not taken for what had 14 before it from the start.
    const straight = await count(runs, { steps: 14, run: { config: config(14) } });
    assert.deepEqual([straight.from, straight.value], [0, more.value]);
    assert.notEqual(straight.cellKey, more.cellKey);
  }));

Deno.test("A cell that was trained further and interrupted resumes from its own checkpoints", () =>
  withFolder(async (runs) => {
    const { id } = await count(runs, { run: { config: config(10) } });
    const longer = { steps: 16, run: { config: config(16), continues: id, mayChange } };
    await assert.rejects(count(runs, { ...longer, failAt: 15 }), /step 15/);
    const again = await count(runs, longer);
    assert.equal(again.from, 14);
    const view = (await readRun(runs, id))!;
    assert.deepEqual(view.cells[0]!.metrics.map(({ step }) => step), Array.from({ length: 16 }, (_, i) => i + 1));
    assert.equal(view.cells[0]!.cellKey, again.cellKey);
  }));

Deno.test("`unfinishedRun()` tells a copy of a script from the script, and knows where scripts have moved", () =>
  withFolder(async (runs) => {
    const start = async (...command: string[]) => {
      const run = await beginRun(options(runs, { backend: "cpu", command: ["deno", "task", ...command] }));
      run.fail(new Error("x"));
      return run.id;
    };
    const wanted = { experiment: "bts", backend: "cpu", seed: 1, title: "A run", config: { a: 1 } };
    const find = (script: string) => unfinishedRun(runs, { ...wanted, script }, false);
    const original = await start("bts", "--preset", "smoke");
    assert.equal(await find("experiments/bts.ts"), original);
    assert.equal(await find("experiments/mine.ts"), undefined);
    assert.equal(await find("copies/bts.ts"), undefined);
    const mine = await start("run", "experiments/mine.ts", "--preset", "smoke");
    assert.deepEqual([await find("experiments/bts.ts"), await find("experiments/mine.ts")], [original, mine]);
    const named = (script: string) => unfinishedRun(runs, { ...wanted, script }, true);
    assert.deepEqual([await named("experiments/bts.ts"), await named("experiments/mine.ts")], [original, mine]);
    const moved = await start("run", "experiments/hub.ts");
    assert.equal(await find("experiments/studies/hub.ts"), moved);
  }));

Deno.test("`unfinishedRun()` finds the newest run of the same settings that did not finish", () =>
  withFolder(async (runs) => {
    const wanted = (more: Partial<Wanted> = {}): Wanted => ({
      experiment: "bts",
      backend: "cpu",
      seed: 1,
      title: "A run",
      config: { a: 1 },
      ...more,
    });
    const find = (more?: Partial<Wanted>, named = false) => unfinishedRun(runs, wanted(more), named);
    assert.equal(await find(), undefined);
    const ids = ["20260101-000000-a", "20260102-000000-b", "20260103-000000-c"];
    const open = (id: string, more = {}) => beginRun(options(runs, { id, backend: "cpu", config: { a: 1 }, ...more }));
    (await open(ids[0]!)).fail(new Error("x"));
    assert.equal(await find(), ids[0]);
    for (
      const other of [{ seed: 2 }, { backend: "webgpu" }, { config: { a: 2 } }, { title: "b" }, { experiment: "c" }]
    ) {
      assert.equal(await find(other), undefined, JSON.stringify(other));
    }
    assert.equal(await find({ config: { a: 2 } }, true), ids[0]);
    // One that is being written is found, so that resuming it is refused.
    const running = await open(ids[1]!);
    assert.equal(await find(), ids[1]);
    running.finish(emptyResults);
    assert.equal(await find(), undefined);
    // Under changed settings it is another one's.
    const changed = await open(ids[2]!, { config: { a: 1 } });
    changed.fail(new Error("x"));
    (await beginRun(
      options(runs, { continues: ids[2]!, backend: "cpu", config: { a: 3 }, mayChange: { a: "freely" } }),
    ))
      .fail(new Error("x"));
    assert.equal(await find(), undefined);
    assert.equal(await find({ config: { a: 3 } }), ids[2]);
    assert.deepEqual((await runIds(runs)).length, 3);
  }));

Deno.test("A cell of a continued run whose result is gone from the cache is built again, with an account of its own", () =>
  withFolder(async (runs) => {
    const first = await beginRun(options(runs, { plan: [] }));
    first.fail(new Error("x"));
    await count(runs, { run: { continues: first.id } }).then(async ({ cellKey }) => {
      await Deno.remove(`${runs}/.cells/${cellKey}`, { recursive: true });
    });
    const view = (await readRun(runs, first.id))!;
    assert.equal(view.cells[0]!.status, "done");
    const { store } = await checkpoints(runs);
    await Deno.remove(store, { recursive: true });
    const again = await count(runs, { run: { continues: first.id, config: { a: 2 }, mayChange: { a: "freely" } } });
    assert.deepEqual([again.from, again.value], [0, COUNTED]);
    assert.equal((await readRun(runs, first.id))!.cells[0]!.metrics.length, 10);
  }));
