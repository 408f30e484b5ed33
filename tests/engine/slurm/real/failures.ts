// Scenarios on a real Slurm: nodes, processes and cells that fail, and a command that is killed.
import assert from "node:assert/strict";
import { join } from "node:path";
import { jobId, listAttempts, readEnd, readTable } from "../../../../lib/engine/mod.ts";
import { readEvents, readRun, runIds } from "../../../../lib/run/mod.ts";
import { FAILS_VARIABLE, HELD_VARIABLE } from "../../counting_experiment.ts";
import {
  begun,
  count,
  COUNTING,
  ends,
  killProcesses,
  nodeOf,
  type Scenarios,
  start,
  statuses,
  until,
  weights,
} from "./on_cluster.ts";

export const failures: Scenarios = {
  async "a node dies during training, and the weights are those of a local run"({ cluster, runs }) {
    // Long enough that no expert has ended when its node dies.
    const settings = ["--preset", "smoke", "--set", "train.expert.steps=400", "--set", "checkpoint.steps=20"];
    const bts = (to: string, more: readonly string[]) =>
      start(cluster, ["experiments/bts.ts", "--runs", to, "--no-serve", ...settings, ...more]);
    const run = bts(runs, ["--engine", "slurm"]);
    const id = await begun(runs);
    const folder = join(runs, id);
    const expert = await until(async () => {
      const { cells } = (await readRun(runs, id))!;
      return cells.find(({ name, metrics }) => name.startsWith("expert:") && metrics.length >= 5);
    });
    const [attempt] = await listAttempts(folder, expert.name);
    const job = jobId((await readTable(folder))[expert.name]!);
    const node = await cluster.call("squeue", "-h", "-j", job, "-o", "%N");
    assert.match(node, /^n[12]$/, `${expert.name} is still being trained`);
    await cluster.killNode(node);
    killProcesses(`--cell ${expert.name}`);
    await ends(run, 0);
    await cluster.startNode(node);

    const attempts = await listAttempts(folder, expert.name);
    assert.equal(attempts.length, 2);
    assert.equal(await readEnd(attempt!.folder), undefined);
    assert.notEqual((await readEnd(attempts[1]!.folder))!.node, node);
    const local = join(runs, "local");
    await ends(bts(local, ["--threads", "1"]), 0);
    assert.deepEqual(await weights(runs, id), await weights(local, (await runIds(local))[0]!));
    const { events } = (await readEvents(runs, id))!;
    const steps = events.flatMap((event) => event.kind === "metrics" && event.cell === expert.name ? [event.step] : []);
    assert.deepEqual(steps, [...new Set(steps)], "every step is logged once");
  },

  async "an array runs on both nodes, and a copy on a node that Slurm took for lost is fenced"({ cluster, runs }) {
    const release = join(runs, "release");
    const run = count(cluster, runs, ["--set", "steps=4"], { [HELD_VARIABLE]: `a:${release}` });
    const id = await begun(runs);
    const folder = join(runs, id);
    await until(async () => (await readRun(runs, id))!.cells.find(({ name }) => name === "part:a")?.metrics[1]);
    const nodes = new Set(await Promise.all(["part:a", "part:b"].map((cell) => nodeOf(cluster, folder, cell))));
    assert.deepEqual([...nodes].sort(), ["n1", "n2"]);
    const lost = await nodeOf(cluster, folder, "part:a");
    await cluster.killNode(lost);
    await ends(run, 0);
    await Deno.writeTextFile(release, "");
    const old = await until(async () => readEnd((await listAttempts(folder, "part:a"))[0]!.folder));
    assert.equal(old.status, "fenced");
    assert.equal((await listAttempts(folder, "part:a")).length, 2);
    await cluster.startNode(lost);
  },

  async "a job that gets USR1 leaves a checkpoint and is started again"({ cluster, runs }) {
    const run = count(cluster, runs, ["--set", "steps=12", "--set", "wait=500"]);
    const id = await begun(runs);
    const folder = join(runs, id);
    await until(async () => (await readRun(runs, id))!.cells.find(({ name }) => name === "part:b")?.metrics[2]);
    const job = jobId((await readTable(folder))["part:b"]!);
    await cluster.call("scancel", "--signal=USR1", "--batch", job);
    await ends(run, 0);
    const attempts = await Promise.all((await listAttempts(folder, "part:b")).map(({ folder }) => readEnd(folder)));
    assert.deepEqual(attempts.map((end) => end?.status), ["preempted", "done"]);
    const { events } = (await readEvents(runs, id))!;
    const steps = events.flatMap((event) => event.kind === "metrics" && event.cell === "part:b" ? [event.step] : []);
    assert.deepEqual(steps, Array.from({ length: 12 }, (_, i) => i + 1));
  },

  async "a cell that fails ends what needs it and nothing else, and resuming hands in what is missing"(
    { cluster, runs },
  ) {
    const said = await ends(count(cluster, runs, [], { [FAILS_VARIABLE]: "a" }), 2);
    assert.match(said, /The cell part:a: It failed as it was told to; 1 cell not begun for want of others/);
    const id = await begun(runs);
    assert.deepEqual(statuses((await readRun(runs, id))!), {
      base: "done",
      "part:a": "failed",
      "part:b": "done",
      sum: "planned",
    });
    await until(async () => {
      const { sum } = await readTable(join(runs, id));
      return /CANCELLED/.test(await cluster.call("squeue", "-h", "-t", "all", "-j", jobId(sum!), "-o", "%T"));
    });
    const resumed = await ends(start(cluster, ["main.ts", "resume", id, "--runs", runs]), 0);
    assert.doesNotMatch(resumed, /^ *base +base/m);
    assert.deepEqual(statuses((await readRun(runs, id))!), {
      base: "done",
      "part:a": "done",
      "part:b": "done",
      sum: "done",
    });
    assert.equal((await listAttempts(join(runs, id), "part:b")).length, 1);
  },

  async "a command that is killed can be attached again, and nothing is handed in twice"({ cluster, runs }) {
    const run = count(cluster, runs, ["--set", "steps=12", "--set", "wait=500"]);
    const id = await begun(runs);
    await until(async () => (await readRun(runs, id))!.cells.find(({ name }) => name === "part:a")?.metrics[2]);
    killProcesses(`${COUNTING} --runs ${runs}`);
    await run.child.status;
    const table = await readTable(join(runs, id));
    const queue = await ends(start(cluster, ["main.ts", "queue", id, "--runs", runs]), 0);
    assert.match(queue, /part:a +\d+_0 +(running|done) +n\d/);
    await ends(start(cluster, ["main.ts", "attach", id, "--runs", runs]), 0);
    assert.deepEqual(await readTable(join(runs, id)), table);
    const view = (await readRun(runs, id))!;
    assert.deepEqual(view.cells.find(({ name }) => name === "part:a")!.metrics.map(({ step }) => step), [
      ...Array.from({ length: 12 }, (_, i) => i + 1),
    ]);
  },
};
