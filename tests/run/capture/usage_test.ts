// What a run's process takes of the machine.
import assert from "node:assert/strict";
import process from "node:process";
import { readUsage, watchUsage } from "../../../lib/run/capture/usage.ts";
import { withFolder } from "../fixtures.ts";

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** Keeps this thread busy. */
const work = (ms: number) => {
  for (const end = performance.now() + ms; performance.now() < end;);
};

Deno.test("`watchUsage()` samples cores and memory, also of the moments that the thread was busy", () =>
  withFolder(async (folder) => {
    const end = await watchUsage(folder, 10);
    const before = process.cpuUsage();
    for (let i = 0; i < 5; i++) {
      work(30);
      await wait(20);
    }
    end();
    const { user, system } = process.cpuUsage(before);
    const samples = await readUsage(folder);
    assert.ok(samples.length >= 4, `${samples.length} samples`);
    const busy = samples.reduce((sum, { cores, seconds }) => sum + cores * seconds, 0);
    const really = (user + system) / 1e6;
    assert.ok(busy > 0.8 * really && busy < 1.2 * really + 0.01, `${busy} of ${really} CPU seconds`);
    const total = Deno.systemMemoryInfo().total;
    for (const { memory } of samples) assert.ok(memory > 1e7 && memory < total, `${memory} bytes`);
    const { length } = samples;
    await wait(30);
    assert.equal((await readUsage(folder)).length, length, "it has ended");
  }));

Deno.test("`watchUsage()` keeps a bounded number of samples that cover all the time", () =>
  withFolder(async (folder) => {
    const before = performance.now();
    const end = await watchUsage(folder, 2, 8);
    const after = performance.now();
    // The file fills up, is halved, and fills up again.
    for (let turn = 0; turn < 100; turn++) await wait(4);
    const least = (performance.now() - after) / 1000;
    end();
    const most = (performance.now() - before) / 1000;
    const samples = await readUsage(folder);
    assert.ok(samples.length >= 3 && samples.length <= 8, `${samples.length} samples`);
    const covered = samples.reduce((sum, { seconds }) => sum + seconds, 0);
    // Each sample is rounded to a millisecond whenever the file is written.
    const rounding = 0.02;
    assert.ok(covered >= least - rounding && covered <= most + rounding, `${covered} s of ${least} to ${most} s`);
  }));

Deno.test("`readUsage()` continues a file, skips lines that are damaged, and follows no link", () =>
  withFolder(async (folder) => {
    assert.deepEqual(await readUsage(folder), []);
    const good = { time: "2026-01-01T00:00:00.000Z", seconds: 5, cores: 1.5, memory: 1e9 };
    const path = `${folder}/usage.jsonl`;
    await Deno.writeTextFile(path, `${JSON.stringify(good)}\n{"time":"no"}\n{"half\n`);
    assert.deepEqual(await readUsage(folder), [good]);
    (await watchUsage(folder))();
    assert.equal((await readUsage(folder)).length, 2);
    await Deno.rename(path, `${folder}/other`);
    await Deno.symlink(`${folder}/other`, path);
    assert.deepEqual(await readUsage(folder), []);
  }));
