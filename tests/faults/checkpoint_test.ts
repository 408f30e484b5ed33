// Checkpoints that are damaged, half written, too many or too few (reliability 1, 2, 7 and 8).
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { readRun, runIds, verifyRun } from "../../lib/run/mod.ts";
import { withFolder } from "../run/fixtures.ts";
import { checkpoints, count, COUNTED } from "./counter.ts";

/** Counts until it fails before step 8, so that checkpoints of the steps 4 and 6 are there. */
async function interrupted(runs: string): Promise<{ readonly id: string; readonly store: string }> {
  await assert.rejects(count(runs, { failAt: 8 }), /Failed at step 8/);
  const { store, steps } = await checkpoints(runs);
  assert.deepEqual(steps, [6, 4]);
  return { id: (await runIds(runs))[0]!, store };
}

async function assertWhole(runs: string, id: string): Promise<void> {
  const view = (await readRun(runs, id))!;
  assert.equal(view.status, "done");
  assert.deepEqual(view.cells[0]!.metrics.map(({ step }) => step), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
}

const FILES = ["sum.txt", "more.txt", "events.jsonl", "manifest.json"];
const HARMS: readonly (readonly [string, (path: string) => Promise<void>])[] = [
  ["cut by a byte", async (path) => await Deno.truncate(path, (await Deno.stat(path)).size - 1)],
  ["changed by a bit", async (path) => {
    const bytes = await Deno.readFile(path);
    bytes[bytes.length >> 1]! ^= 1;
    await Deno.writeFile(path, bytes);
  }],
  ["emptied", (path) => Deno.truncate(path)],
  ["deleted", (path) => Deno.remove(path)],
];
for (const [title, harm] of HARMS) {
  Deno.test(`Fault 7: with a checkpoint's file ${title}, the one before is used and the file is named`, async () => {
    for (const file of FILES) {
      await withFolder(async (runs) => {
        const { id, store } = await interrupted(runs);
        await harm(join(store, "step-000000006", file));
        assert.equal((await verifyRun(runs, id))!.ok, false);
        const { from, value, events } = await count(runs, { run: { continues: id } });
        assert.equal(from, 4);
        assert.equal(value, COUNTED);
        const warnings = events.filter((event) => event.kind === "note").map(({ text }) => text);
        assert.equal(warnings.length, 1);
        assert.ok(warnings[0]!.includes(`step-000000006 is damaged and passed over: `), warnings[0]);
        assert.ok(warnings[0]!.includes(file), warnings[0]);
        await assertWhole(runs, id);
        // The damaged one made way for a whole one.
        assert.equal((await verifyRun(runs, id))!.ok, true);
      });
    }
  });
}

Deno.test("Fault 7: with every checkpoint damaged, the cell begins again", () =>
  withFolder(async (runs) => {
    const { id, store } = await interrupted(runs);
    for (const step of ["step-000000004", "step-000000006"]) await Deno.remove(join(store, step, "manifest.json"));
    const { from, value } = await count(runs, { run: { continues: id } });
    assert.deepEqual([from, value], [0, COUNTED]);
    await assertWhole(runs, id);
  }));

Deno.test("Checkpoints 1: what a killed process left half written is never used, and goes with the next one", () =>
  withFolder(async (runs) => {
    const { id, store } = await interrupted(runs);
    const whole = join(store, "step-000000006");
    for (const left of [".tmp-half", ".tmp-removed"]) {
      await Deno.mkdir(join(store, left));
      await Deno.copyFile(join(whole, "sum.txt"), join(store, left, "sum.txt"));
    }
    const { from, value } = await count(runs, { run: { continues: id } });
    assert.deepEqual([from, value], [6, COUNTED]);
    assert.deepEqual((await checkpoints(runs)).steps, [10, 8]);
  }));

Deno.test("Checkpoints 2: the newest and the best stay, and an old one goes only after a new one was verified", () =>
  withFolder(async (runs) => {
    const seen: (readonly number[])[] = [];
    const scores: Record<number, number> = { 2: 3, 4: 1, 6: 2, 8: 5, 10: 4 };
    await count(runs, {
      score: (step) => scores[step]!,
      onStep: async (step) => void (step % 2 === 0 && seen.push((await checkpoints(runs)).steps)),
      // While one is being written, two whole ones are there.
      onSave: async (_, step) => {
        const { steps } = await checkpoints(runs);
        if (step > 4) assert.ok(steps.filter((step) => !Number.isNaN(step)).length >= 2);
      },
    });
    assert.deepEqual(seen, [[2], [4, 2], [6, 4], [8, 6, 4], [10, 8, 4]]);
  }));

Deno.test("Fault 8: a checkpoint that cannot be written ends the run with how much was needed; the ones before stay", () =>
  withFolder(async (runs) => {
    const onSave = (_: string, step: number) =>
      step === 8 ? Promise.reject(new Error("No space left on device (os error 28)")) : Promise.resolve();
    const refused = (error: unknown) =>
      error instanceof UserError && error.code === "checkpoint.write" &&
      /step 8, which needs about 1000 bytes.*No space left/.test(error.message);
    await assert.rejects(count(runs, { onSave }), refused);
    assert.deepEqual((await checkpoints(runs)).steps, [6, 4]);
    const [id] = await runIds(runs);
    assert.equal((await readRun(runs, id!))!.status, "failed");
    const { from, value } = await count(runs, { run: { continues: id! } });
    assert.deepEqual([from, value], [6, COUNTED]);
    await assertWhole(runs, id!);
  }));

Deno.test("An unfinished cell is resumed by any run, with its log; with `fresh` it begins again", () =>
  withFolder(async (runs) => {
    await interrupted(runs);
    const fresh = await count(runs, { failAt: 4, run: { fresh: true } }).catch((error) => error);
    assert.match(String(fresh), /Failed at step 4/);
    assert.deepEqual((await checkpoints(runs)).steps, [2]);
    const { id, from, value, events } = await count(runs);
    assert.deepEqual([from, value], [2, COUNTED]);
    const kinds = events.map((event) => event.kind === "metrics" ? event.step : event.kind);
    assert.deepEqual(kinds.slice(1, 7), ["cell.start", 1, 2, "cell.resume", 3, 4]);
    await assertWhole(runs, id);
  }));
