// Folds in memory and beside their logs: a log is read once, then only what was added, whatever happens to it.
import assert from "node:assert/strict";
import { join } from "node:path";
import type { EventBody } from "../../../lib/run/events/events.ts";
import { createFoldStore } from "../../../lib/run/fold/fold-store.ts";
import { readRun } from "../../../lib/run/log/read.ts";
import { withRecentPoints } from "../../../lib/run/view/recent-points.ts";
import { foldKeeper } from "../../../lib/run/fold/fold-keeper.ts";
import { foldLogs } from "../../../lib/run/fold/fold-logs.ts";
import { FOLD_FILE, foldLog } from "../../../lib/run/fold/kept-fold.ts";
import type { RunPoints } from "../../../lib/run/series/points.ts";
import { demoBodies, stamp } from "../demo-log.ts";
import { type FakeRun, fakeRun, withRunsFolder } from "../fake-run.ts";

const ID = "20261122-101010-bts-demo-aaaa";
const OTHER = "20261122-101010-bts-demo-bbbb";
const point = (step: number): EventBody => ({ kind: "metrics", cell: "a", step, steps: 100, values: { loss: step } });
const stepsOf = (points: RunPoints | undefined) => {
  const { length, at } = points!.cells.get("a")!.step;
  return Array.from({ length }, (_, i) => at(i));
};

Deno.test("a log that grows, is half written, or is written anew is read as it is", () =>
  withRunsFolder(async (runsFolder) => {
    const store = createFoldStore(runsFolder);
    assert.equal(await store.points(ID), undefined);
    assert.equal(await store.points("../elsewhere"), undefined);
    const run = fakeRun(runsFolder, ID);
    assert.equal((await store.points(ID))?.lastSeq, -1);
    run.append([demoBodies({ id: ID })[0]!, point(1), point(2)]);
    assert.deepEqual(stepsOf(await store.points(ID)), [1, 2]);
    run.append([point(3)]);
    run.raw('{"seq":');
    const [first, second] = await Promise.all([store.points(ID), store.points(ID)]);
    assert.deepEqual([stepsOf(first), stepsOf(second)], [[1, 2, 3], [1, 2, 3]]);
    run.raw("nothing\n");
    run.append([point(4)]);
    assert.deepEqual(stepsOf(await store.points(ID)), [1, 2, 3, 4], "a damaged line is skipped");
    // Repaired: the damaged line is cut out.
    const path = join(run.folder, "events.jsonl");
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, text.replace('{"seq":nothing\n', ""));
    assert.deepEqual(stepsOf(await store.points(ID)), [1, 2, 3, 4]);
    run.append([point(5)]);
    assert.deepEqual(stepsOf(await store.points(ID)), [1, 2, 3, 4, 5]);
    await Deno.remove(path);
    assert.equal((await store.points(ID))?.lastSeq, -1);
    run.release();
    await Deno.remove(run.folder, { recursive: true });
    assert.equal(await store.points(ID), undefined);
  }));

Deno.test("runs that were not asked for lately make room", () =>
  withRunsFolder(async (runsFolder) => {
    const store = createFoldStore(runsFolder, { mostBytes: 1 });
    for (const id of [ID, OTHER]) {
      const run = fakeRun(runsFolder, id);
      run.append([demoBodies({ id })[0]!, point(1)]);
      run.release();
    }
    const first = await store.points(ID);
    assert.equal(await store.points(ID), first, "kept");
    await store.points(OTHER);
    assert.notEqual(await store.points(ID), first, "read again");
    assert.deepEqual(stepsOf(await store.points(ID)), [1]);
  }));

/** Steps whose log is long enough for its fold to be kept. */
const MANY = 9_000;
const metrics = (from: number, count: number): EventBody[] =>
  Array.from({ length: count }, (_, i) => ({
    kind: "metrics",
    cell: "seed",
    step: from + i,
    steps: 2 * MANY,
    values: { loss: 1 / (from + i), lr: 1e-3, ...((from + i) % 500 === 0 ? { validation: from + i } : {}) },
  }));

/** A long run whose writer is gone. */
function longRun(runsFolder: string): FakeRun {
  const run = fakeRun(runsFolder, ID);
  const [start, ...rest] = demoBodies({ id: ID, steps: 3 });
  run.append([start!, ...rest.slice(0, 5), ...metrics(1, MANY)], new Date(Date.UTC(2026, 0, 1)), 10);
  run.release();
  return run;
}

const logOf = ({ folder }: FakeRun) => join(folder, "events.jsonl");
const keptOf = ({ folder }: FakeRun) => join(folder, FOLD_FILE);
const isThere = (path: string) => Deno.stat(path).then(() => true, () => false);

/** Makes bytes in the middle of a log unreadable, so that only who does not read them sees what they said. */
async function spoil(path: string): Promise<void> {
  const { mtime } = await Deno.stat(path);
  const bytes = await Deno.readFile(path);
  bytes.fill(120, 5_000, bytes.length - 10_000);
  await Deno.writeFile(path, bytes);
  await Deno.utime(path, mtime!, mtime!);
}

Deno.test("a view is that of the log, with recent points or all, from the log and from what is kept", () =>
  withRunsFolder(async (runsFolder) => {
    const run = longRun(runsFolder);
    const whole = (await readRun(runsFolder, ID))!;
    const wanted = withRecentPoints(whole);
    assert.equal(wanted.status, "lost");
    for (const writable of [false, true, false]) {
      const store = createFoldStore(runsFolder, { writable });
      assert.deepEqual(await store.view(ID), wanted);
      assert.deepEqual(await store.view(ID, "all"), whole);
    }
    assert.deepEqual(await createFoldStore(runsFolder).status(ID), { status: "lost", updatedAt: wanted.updatedAt });
    assert.ok(await isThere(keptOf(run)));
  }));

Deno.test("what is kept spares reading the log, and what was added since is read", () =>
  withRunsFolder(async (runsFolder) => {
    const run = longRun(runsFolder);
    await createFoldStore(runsFolder, { writable: true }).view(ID);
    await spoil(logOf(run));
    const store = createFoldStore(runsFolder);
    assert.equal((await store.points(ID))!.cells.get("seed")!.step.length, MANY);
    assert.equal((await store.view(ID))!.notes.length, 0, "no damage was seen");
    run.append(metrics(MANY + 1, 10));
    for (const one of [store, createFoldStore(runsFolder)]) {
      const { step, metrics } = (await one.points(ID))!.cells.get("seed")!;
      assert.deepEqual([step.length, step.at(step.length - 1)], [MANY + 10, MANY + 10]);
      assert.equal(metrics.get("loss")!.value.at(MANY + 9), 1 / (MANY + 10));
    }
  }));

Deno.test("nothing is kept of a short log, nor without being asked to", () =>
  withRunsFolder(async (runsFolder) => {
    const short = fakeRun(runsFolder, OTHER);
    short.append(demoBodies({ id: OTHER, steps: 3 }));
    short.release();
    const run = longRun(runsFolder);
    const read: string[] = [];
    const store = createFoldStore(runsFolder, { onRead: (id) => read.push(id) });
    for (const id of [ID, ID, OTHER]) await store.view(id);
    assert.deepEqual(read, [ID], "a long log is read once, and said to have been");
    await createFoldStore(runsFolder, { writable: true }).view(OTHER);
    assert.deepEqual(await Promise.all([run, short].map((one) => isThere(keptOf(one)))), [false, false]);
    assert.equal(await foldLogs(runsFolder), 1);
    assert.ok(await isThere(keptOf(run)));
    assert.equal(await foldLogs(runsFolder), 0, "all is kept");
    await createFoldStore(runsFolder, { onRead: () => assert.fail("it is read again") }).view(ID);
  }));

Deno.test("a run that goes on keeps its fold as its log grows, whatever becomes of it", () =>
  withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    const keeper = foldKeeper(() => run.folder, 1);
    const write = (bodies: EventBody[]) => {
      for (const event of run.append(bodies)) keeper.onEvent(event, false);
    };
    let steps = 0;
    const grow = (count: number) => {
      write(metrics(steps + 1, count));
      steps += count;
    };
    /** Writes a little more until what is kept has changed. @returns its size */
    const keptAfter = async (size: number) => {
      for (let look = 0; look < 1_000; look++) {
        grow(1);
        await new Promise((resolve) => setTimeout(resolve, 20));
        const now = await Deno.stat(keptOf(run)).then(({ size }) => size, () => 0);
        if (now !== size) return now;
      }
      throw new Error("Nothing is kept anew");
    };
    write([demoBodies({ id: ID })[0]!]);
    grow(MANY);
    const first = await keptAfter(0);
    assert.equal(await foldLogs(runsFolder), 0, "a run under way is left to its own process");
    grow(MANY);
    assert.ok(await keptAfter(first) > first);
    await keeper.close();
    // What is kept need not be read.
    run.release();
    await spoil(logOf(run));
    const { step } = (await createFoldStore(runsFolder).points(ID))!.cells.get("seed")!;
    assert.equal(step.length, steps);
  }));

Deno.test("a log that grows is kept anew only when it has grown by a third, or has ended", () =>
  withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    run.append([demoBodies({ id: ID })[0]!, ...metrics(1, MANY)]);
    const store = createFoldStore(runsFolder, { writable: true });
    const sizes: number[] = [];
    for (let part = 0; part < 3; part++) {
      await store.points(ID);
      sizes.push((await Deno.stat(keptOf(run))).size);
      run.append(metrics(MANY * (1 + part) + 1, part === 0 ? 500 : MANY));
    }
    assert.equal(sizes[1], sizes[0], "500 steps more are read again");
    assert.ok(sizes[2]! > sizes[0]!);
    run.release();
  }));

Deno.test("a file that is damaged, of another log or another version is not used, and is replaced", () =>
  withRunsFolder(async (runsFolder) => {
    const run = longRun(runsFolder);
    await foldLog(run.folder);
    const whole = await Deno.readFile(keptOf(run));
    const points = async () => (await createFoldStore(runsFolder, { writable: true }).points(ID))!.cells.get("seed")!;
    const flipped = (at: number) => whole.map((byte, i) => i === at ? byte ^ 1 : byte);
    for (
      const [what, bytes] of [
        ["half", whole.subarray(0, whole.length / 2)],
        ["empty", new Uint8Array(0)],
        ["another beginning", flipped(0)],
        ["another version", flipped(8)],
        ["a bit in the JSON", flipped(100)],
        ["a bit in the columns", flipped(whole.length - 1)],
      ] as const
    ) {
      await Deno.writeFile(keptOf(run), bytes);
      assert.equal((await points()).step.length, MANY, what);
      assert.deepEqual(await Deno.readFile(keptOf(run)), whole, `${what}: rebuilt`);
    }
    await Deno.remove(keptOf(run));
    await Deno.symlink(logOf(run), keptOf(run));
    assert.equal((await points()).step.length, MANY, "a link is not followed");
    await Deno.remove(keptOf(run)).catch(() => {});
    await Deno.writeFile(keptOf(run), whole);

    // Another log of the same length in its place: its end is different.
    const events = stamp([demoBodies({ id: ID })[0]!, ...metrics(1, MANY + 50)], new Date(0), 10);
    await Deno.writeTextFile(logOf(run), events.map((event) => JSON.stringify(event) + "\n").join(""));
    assert.equal((await points()).step.length, MANY + 50);
    // A log that was cut off.
    await Deno.writeTextFile(logOf(run), events.slice(0, -100).map((event) => JSON.stringify(event) + "\n").join(""));
    assert.equal((await points()).step.length, MANY - 50);
  }));

Deno.test("a folder that cannot be written stays as it is", () =>
  withRunsFolder(async (runsFolder) => {
    const run = longRun(runsFolder);
    // A folder in its place cannot be replaced by a file, whoever asks.
    await Deno.mkdir(keptOf(run));
    const before = [...Deno.readDirSync(run.folder)].map(({ name }) => name).sort();
    assert.equal((await createFoldStore(runsFolder, { writable: true }).view(ID))!.cells.length, 9);
    assert.deepEqual([...Deno.readDirSync(run.folder)].map(({ name }) => name).sort(), before);
  }));

Deno.test("places in a log lie before what follows them", () =>
  withRunsFolder(async (runsFolder) => {
    const run = longRun(runsFolder);
    const store = createFoldStore(runsFolder);
    const last = (await store.points(ID))!.lastSeq;
    const { size } = await Deno.stat(logOf(run));
    assert.deepEqual((await store.placeBefore(ID, Infinity)).position.offset, size);
    assert.equal((await store.placeBefore(ID, -1)).position.offset, 0);
    let before = 0;
    for (let seq = 0; seq < last; seq += 997) {
      const { position, ended } = await store.placeBefore(ID, seq);
      assert.ok(position.seq <= seq && !ended && position.offset >= before);
      before = position.offset;
    }
    assert.ok(before >= 1 << 19, "the last places are not the start of the log");
  }));
