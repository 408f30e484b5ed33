// Faults that hit the process of a whole run: kills, stops, full disks, folders that vanish, a second process.
import assert from "node:assert/strict";
import { join } from "node:path";
import { runIds } from "../../lib/run/mod.ts";
import { killAtRandom } from "./kills.ts";
import { checkLog, finish, inFolder, newest, startSubject, type Subject, until, weightsHash } from "./subject.ts";

/** The phases that are hit at a certain step are long enough for it, where this process waits for its turn; the others are short. */
const LONG = { set: ["train.seed.steps=250", "train.expert.steps=5", "train.stitch.steps=120"] } as const;
/** A long run that keeps no checkpoint before its end. */
const SELDOM = { set: [...LONG.set, "checkpoint.steps=1000"] } as const;

let reference: Promise<string> | undefined;
/** Weights of a long run that was left alone. */
function undisturbed(): Promise<string> {
  return reference ??= inFolder(async (runs) => {
    await finish(runs, SELDOM);
    return await weightsHash(runs);
  });
}

/** Waits until a cell has logged a step; throws what the run printed when it ends before. */
async function reached(runs: string, { end }: Subject, cell: string, step: number): Promise<void> {
  const there = async () => {
    const found = (await newest(runs))?.cells.find(({ name }) => name === cell);
    return (found?.metrics.at(-1)?.step ?? 0) >= step || undefined;
  };
  if (await until(there, { over: end, every: 40 }) === undefined) {
    throw new Error(`It ended too early:\n${(await end).output}`);
  }
}

Deno.test("Fault 5: killed at three random instants, a run ends with the weights of an undisturbed one", async () => {
  const seed = Date.now() % 100_000;
  console.log(`seed of the kills: ${seed}`);
  const { kills, hashes, undisturbed } = await killAtRandom({ count: 3, seed, lanes: 1, say: console.log });
  const what = JSON.stringify({ seed, kills });
  assert.equal(kills.length, 3, what);
  assert.deepEqual(new Set(hashes), new Set([undisturbed]), what);
});

Deno.test("Fault 6: SIGTERM and Ctrl-C keep a checkpoint of the last step and end the run as stopped, within 10 s", () =>
  inFolder(async (runs) => {
    const stops = [["SIGTERM", "seed", 12, 143], ["SIGINT", "stitch", 7, 130]] as const;
    for (const [signal, name, step, expected] of stops) {
      const subject = startSubject(runs, SELDOM);
      await reached(runs, subject, name, step);
      const began = performance.now();
      subject.child.kill(signal);
      const { code, output } = await subject.end;
      assert.equal(code, expected, output);
      assert.ok(performance.now() - began < 10_000);
      const view = (await newest(runs))!;
      assert.equal(view.status, "stopped");
      const cell = view.cells.find((cell) => cell.name === name)!;
      const last = cell.metrics.at(-1)!.step;
      const kept = await Array.fromAsync(Deno.readDir(join(runs, ".checkpoints", cell.cellKey)), ({ name }) => name);
      const names = [last, last + 1].map((step) => `step-${String(step).padStart(9, "0")}`);
      // A step whose validation was interrupted is kept, and reported when the run is resumed.
      assert.ok(kept.length === 1 && names.includes(kept[0]!), `${kept} after step ${last}`);
    }
    assert.equal((await runIds(runs)).length, 1);
    await finish(runs, SELDOM);
    await checkLog(runs);
    assert.equal(await weightsHash(runs), await undisturbed());
  }));

/** A command under which no file can grow beyond a size: writing more fails as on a full disk. */
const limited = (kilobytes: number) => ["bash", "-c", `trap "" XFSZ; ulimit -f ${kilobytes}; exec "$@"`, "bash"];

Deno.test({
  name:
    "Fault 8: a line of the log or a checkpoint that does not fit ends the run with how much was needed; it resumes later",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inFolder(async (runs) => {
      const subject = startSubject(runs, LONG);
      await reached(runs, subject, "seed", 12);
      subject.child.kill("SIGKILL");
      await subject.end;

      const log = join(runs, (await runIds(runs))[0]!, "events.jsonl");
      const { size } = await Deno.stat(log);
      const line = await startSubject(runs, { ...LONG, under: limited(Math.floor(size / 1024) + 1) }).end;
      assert.equal(line.code, 2, line.output);
      assert.match(line.output, /Cannot write event \d+ \(\d+ bytes\) to .*[Tt]oo large/);
      assert.equal((await newest(runs))!.notes.length, 0, "a line of the log is damaged");

      const key = (await newest(runs))!.cells.find(({ name }) => name === "seed")!.cellKey;
      const names = async () =>
        await Array.fromAsync(Deno.readDir(join(runs, ".checkpoints", key)), ({ name }) => name);
      // The kill may have hit a checkpoint that was being written.
      const before = await names();
      const checkpoint = await startSubject(runs, { ...LONG, under: limited(120) }).end;
      assert.equal(checkpoint.code, 2, checkpoint.output);
      assert.match(
        checkpoint.output,
        /Cannot keep the checkpoint of step \d+, which needs about \d{6} bytes, in .*[Tt]oo large/,
      );
      const view = (await newest(runs))!;
      assert.equal(view.status, "failed");
      assert.match(view.error!, /which needs about/);
      assert.ok((await names()).every((name) => name.startsWith("step-") || before.includes(name)));

      await finish(runs, LONG);
      assert.equal((await newest(runs))!.status, "done");
      await checkLog(runs);
      assert.equal(await weightsHash(runs), await undisturbed());
    }),
});

Deno.test("Fault 9: a run whose folder vanishes ends at once with a sentence", () =>
  inFolder(async (runs) => {
    const subject = startSubject(runs, { set: ["train.seed.steps=20000", "checkpoint.steps=1000"] });
    await reached(runs, subject, "seed", 5);
    await Deno.remove(join(runs, (await runIds(runs))[0]!), { recursive: true });
    const began = performance.now();
    const { code, output } = await subject.end;
    assert.ok(performance.now() - began < 10_000);
    assert.equal(code, 2, output);
    assert.match(output, /Cannot continue the run: its folder is gone/);
    await finish(runs, { set: ["train.seed.steps=5", "train.expert.steps=2", "train.stitch.steps=2"] });
  }));

Deno.test("Fault 10: a second process refuses a run that is being written and names the first one's pid", () =>
  inFolder(async (runs) => {
    const first = startSubject(runs, { set: ["train.seed.steps=20000", "checkpoint.steps=1000"] });
    await reached(runs, first, "seed", 5);
    const second = await startSubject(runs, { set: ["train.seed.steps=20000", "checkpoint.steps=1000"] }).end;
    assert.equal(second.code, 2, second.output);
    assert.ok(second.output.includes(`process ${first.child.pid} is writing it`), second.output);
    first.child.kill("SIGKILL");
    await first.end;
    const lost = (await newest(runs))!;
    assert.equal(lost.status, "lost");
    const third = startSubject(runs, { set: ["train.seed.steps=20000", "checkpoint.steps=1000"] });
    await reached(runs, third, "seed", lost.cells.find(({ name }) => name === "seed")!.metrics.at(-1)!.step + 1);
    third.child.kill("SIGTERM");
    assert.equal((await third.end).code, 143);
    assert.deepEqual([(await runIds(runs)).length, (await newest(runs))!.status], [1, "stopped"]);
  }));
