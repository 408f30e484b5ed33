// Points in memory: read once, then only what was added, whatever happens to the log.
import assert from "node:assert/strict";
import { join } from "node:path";
import type { EventBody } from "../../../lib/run/mod.ts";
import { createSeriesStore } from "../../../lib/run/series/series-store.ts";
import type { RunPoints } from "../../../lib/run/series/points.ts";
import { demoBodies } from "../demo-log.ts";
import { fakeRun, withRunsFolder } from "../fake-run.ts";

const ID = "20261122-101010-bts-demo-aaaa";
const OTHER = "20261122-101010-bts-demo-bbbb";
const point = (step: number): EventBody => ({ kind: "metrics", cell: "a", step, steps: 100, values: { loss: step } });
const stepsOf = (points: RunPoints | undefined) => {
  const { length, at } = points!.cells.get("a")!.step;
  return Array.from({ length }, (_, i) => at(i));
};

Deno.test("a log that grows, is half written, or is written anew is read as it is", () =>
  withRunsFolder(async (runsFolder) => {
    const store = createSeriesStore(runsFolder);
    assert.equal(await store.read(ID), undefined);
    assert.equal(await store.read("../elsewhere"), undefined);
    const run = fakeRun(runsFolder, ID);
    assert.equal((await store.read(ID))?.lastSeq, -1);
    run.append([demoBodies({ id: ID })[0]!, point(1), point(2)]);
    assert.deepEqual(stepsOf(await store.read(ID)), [1, 2]);
    run.append([point(3)]);
    run.raw('{"seq":');
    const [first, second] = await Promise.all([store.read(ID), store.read(ID)]);
    assert.deepEqual([stepsOf(first), stepsOf(second)], [[1, 2, 3], [1, 2, 3]]);
    run.raw("nothing\n");
    run.append([point(4)]);
    assert.deepEqual(stepsOf(await store.read(ID)), [1, 2, 3, 4], "a damaged line is skipped");
    // Repaired: the damaged line is cut out.
    const path = join(run.folder, "events.jsonl");
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, text.replace('{"seq":nothing\n', ""));
    assert.deepEqual(stepsOf(await store.read(ID)), [1, 2, 3, 4]);
    run.append([point(5)]);
    assert.deepEqual(stepsOf(await store.read(ID)), [1, 2, 3, 4, 5]);
    await Deno.remove(path);
    assert.equal((await store.read(ID))?.lastSeq, -1);
    run.release();
    await Deno.remove(run.folder, { recursive: true });
    assert.equal(await store.read(ID), undefined);
  }));

Deno.test("runs that were not asked for lately make room", () =>
  withRunsFolder(async (runsFolder) => {
    const store = createSeriesStore(runsFolder, 1);
    for (const id of [ID, OTHER]) {
      const run = fakeRun(runsFolder, id);
      run.append([demoBodies({ id })[0]!, point(1)]);
      run.release();
    }
    const first = await store.read(ID);
    assert.equal(await store.read(ID), first, "kept");
    await store.read(OTHER);
    assert.notEqual(await store.read(ID), first, "read again");
    assert.deepEqual(stepsOf(await store.read(ID)), [1]);
  }));
