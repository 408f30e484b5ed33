// Runs whose cells are jobs: what is handed in, followed, started again, refused, and left behind.
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../../../lib/errors.ts";
import {
  cancelJobs,
  driveCells,
  listAttempts,
  onKindDevices,
  readEnd,
  readKindDevices,
  readTable,
  slurmEngine,
  type SlurmEngineOptions,
  writeKindDevices,
} from "../../../lib/engine/mod.ts";
import { beginRun, type CellDevice, type CellRunner, readEvents, readRun, type Run } from "../../../lib/run/mod.ts";
import { openDevice } from "../../../lib/tensor/mod.ts";
import { countingExperiment, FAILS_VARIABLE, HELD_VARIABLE, KILLED_VARIABLE } from "../counting_experiment.ts";
import { type FakeSlurm, fakeSlurm } from "./fake_slurm.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const SCRIPT = join(root, "tests/engine/counting_experiment.ts");
const RUN = "20261201-000000-counting-smoke-abcd";
const OTHER = "20261201-000000-counting-smoke-efgh";

interface CountingConfig {
  readonly steps: number;
  readonly wait: number;
  readonly computes: boolean;
}

interface Lab {
  readonly runs: string;
  readonly slurm: FakeSlurm;
  begin(more?: { readonly id?: string; readonly continues?: string; readonly signal?: AbortSignal }): Promise<Run>;
  drive(run: Run, more?: Partial<SlurmEngineOptions>, own?: CountingConfig): Promise<void>;
  result(run: Run, own?: CountingConfig): ReturnType<typeof countingExperiment.body>;
  until(condition: () => boolean | Promise<boolean>): Promise<void>;
}

async function withLab(
  body: (lab: Lab) => Promise<void>,
  { steps = 3, wait = 0, env = {}, held, device, nodes = ["n1", "n2"] }: {
    /** The device that the command computes on, and its cells. */
    readonly device?: CellDevice;
    readonly nodes?: readonly string[];
    readonly steps?: number;
    /** A part whose first process waits at its third step until there is a file `release` in the runs folder. */
    readonly held?: string;
    readonly wait?: number;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook-slurm-" });
  const slurm = await fakeSlurm(join(folder, "slurm"), nodes);
  const runs = join(folder, "runs");
  const config = { steps, wait, computes: device !== undefined };
  const none = { description: "none", numerics: "none", code: import.meta };
  const cells = (run: CellRunner, own: CountingConfig = config) =>
    countingExperiment.body({ run, config: own, rngSeed: 1, device: device ?? none, prepared: null });
  try {
    await body({
      runs,
      slurm,
      begin: (more = {}) =>
        beginRun({
          ...{ runsFolder: runs, experiment: "counting", title: "Counting", preset: "smoke", seed: 1, device: "none" },
          ...{ config, plan: [], command: [] },
          ...(more.continues === undefined ? { id: RUN } : {}),
          ...more,
        }),
      async drive(run, more = {}, own = config) {
        const sets = Object.entries(own).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
        const settings = [...sets, "--no-serve", "--seed", "1"];
        const engine = slurmEngine({
          run: run.id,
          runFolder: run.folder,
          cwd: root,
          command: [Deno.execPath(), "run", "-A", "--no-check", SCRIPT, ...settings, "--runs", runs, "--id", run.id],
          env: { ...env, ...(held === undefined ? {} : { [HELD_VARIABLE]: `${held}:${runs}/release` }) },
          device: { name: "cpu", chosen: true },
          settings: { all: { retries: 1 }, kinds: {} },
          secondsOf: () => undefined,
          attach: false,
          slurm: slurm.commands,
          pollMs: 50,
          patienceMs: 3_000,
          ...more,
        });
        const devices = await readKindDevices(run.folder);
        await driveCells(run, engine, (run) => cells(onKindDevices(run, devices), own));
      },
      result: async (run, own = config) => await cells(onKindDevices(run, await readKindDevices(run.folder)), own),
      async until(condition) {
        while (!await condition()) await new Promise((resolve) => setTimeout(resolve, 50));
      },
    });
  } finally {
    await slurm.close();
    await Deno.remove(folder, { recursive: true });
  }
}

const results = { domains: [], measures: [], methods: {} };
const submitted = ({ calls }: FakeSlurm) => calls.filter(([name]) => name === "sbatch");
const statuses = async ({ runs }: Lab) => (await readRun(runs, RUN))!.cells.map(({ name, status }) => [name, status]);

Deno.test("cells become jobs that wait for each other, an array runs on both nodes, and cached cells get no job", () =>
  withLab(async (lab) => {
    const { slurm, runs } = lab;
    const run = await lab.begin();
    await lab.drive(run);
    assert.deepEqual(submitted(slurm).map((call) => call.find((arg) => arg.startsWith("--dependency"))), [
      ...[undefined, "--dependency=afterok:101", "--dependency=afterok:102_0:102_1"],
    ]);
    assert.deepEqual([...slurm.seen.nodes].sort(), ["n1", "n2"]);
    assert.equal(slurm.seen.most, 2);
    const { cached, value } = await lab.result(run);
    assert.deepEqual([cached, value], [true, results]);
    run.finish(results);
    assert.deepEqual(Object.fromEntries(await statuses(lab)), {
      ...{ base: "done", "part:a": "done", "part:b": "done", sum: "done" },
    });
    const jobs = Object.fromEntries((await readRun(runs, RUN))!.cells.map(({ name, job }) => [name, job]));
    assert.equal(jobs["part:b"]!.job, "102_1");
    assert.match(jobs["part:b"]!.node, /^n\d$/);
    const { events } = (await readEvents(runs, RUN))!;
    const states = events.flatMap((event) => event.kind === "cell.job" && event.cell === "sum" ? [event.state] : []);
    assert.deepEqual([...new Set(states)].slice(0, 2), ["pending", "running"]);

    const again = await lab.begin({ continues: RUN }).catch((error) => error);
    assert.equal(again.code, "run.over");
    assert.equal(submitted(slurm).length, 3);
  }, { wait: 200 }));

Deno.test("a killed task and a preempted one go on from their checkpoints; a failure counts, a preemption does not", () =>
  withLab(async (lab) => {
    const { slurm, runs } = lab;
    const run = await lab.begin();
    const driven = lab.drive(run);
    // Told twice that its time is up, with one retry: that would be too many failures.
    for (const restarts of [0, 1]) {
      await lab.until(async () => {
        const b = slurm.jobs.find(({ id }) => id === "102_1");
        if (b?.state !== "RUNNING" || b.restarts !== restarts) return false;
        const [, step] = [b, (await readRun(runs, RUN))!.cells.find(({ name }) => name === "part:b")?.metrics.length];
        return (step ?? 0) > 2 * restarts;
      });
      slurm.signal("102_1", "SIGUSR1");
    }
    await driven;
    await lab.result(run);
    run.finish(results);
    const ends = async (cell: string) =>
      await Promise.all(
        (await listAttempts(run.folder, cell)).map(async ({ folder }) => (await readEnd(folder))?.status),
      );
    assert.deepEqual(await ends("part:b"), ["preempted", "preempted", "done"]);
    assert.deepEqual(await ends("part:a"), [undefined, "done"]);
    const { events } = (await readEvents(runs, RUN))!;
    for (const part of ["part:a", "part:b"]) {
      const steps = events.flatMap((event) => event.kind === "metrics" && event.cell === part ? [event.step] : []);
      assert.deepEqual(steps, [1, 2, 3, 4, 5, 6, 7, 8], part);
    }
  }, { steps: 8, wait: 300, env: { [KILLED_VARIABLE]: "a" } }));

Deno.test("a cell whose time is up again and again before its first checkpoint fails, and says what to raise", () =>
  withLab(async (lab) => {
    const { slurm } = lab;
    const run = await lab.begin();
    const driven = lab.drive(run).catch((error) => error);
    const tries = async () => {
      const attempts = await listAttempts(run.folder, "part:a");
      const begun = attempts.map(({ folder }) => Deno.stat(join(folder, "events.jsonl")).then(() => 1, () => 0));
      return (await Promise.all(begun)).filter((one) => one === 1).length;
    };
    // With one retry, two whole tries are enough.
    for (const count of [1, 2]) {
      await lab.until(async () => await tries() === count);
      slurm.signal("102_0", "SIGUSR1");
    }
    await lab.until(() => slurm.jobs.find(({ id }) => id === "102_1")!.state === "RUNNING");
    await slurm.commands("scancel", ["102_1"]);
    const failure = await driven;
    run.fail(failure);
    assert.match(failure.message, /part:a: It had its whole time limit 2 times, .* without a newer checkpoint: /);
    assert.equal((await listAttempts(run.folder, "part:a")).length, 3);
  }, { steps: 8, wait: 60_000 }));

Deno.test("a cell that fails ends what needs it and nothing else, and resuming hands in what is missing", () =>
  withLab(async (lab) => {
    const { slurm } = lab;
    const run = await lab.begin();
    const failure = await lab.drive(run).catch((error) => error);
    run.fail(failure);
    assert.equal(failure.code, "counting.failure");
    assert.match(
      failure.message,
      /^The cell part:a: It failed as it was told to; 1 cell not begun for want of others$/,
    );
    assert.deepEqual(Object.fromEntries(await statuses(lab)), {
      ...{ base: "done", "part:a": "failed", "part:b": "done", sum: "planned" },
    });
    assert.equal((await listAttempts(run.folder, "part:a")).length, 1, "a user's mistake is not tried again");

    const before = submitted(slurm).length;
    const resumed = await lab.begin({ continues: RUN });
    await lab.drive(resumed, { env: {} });
    assert.deepEqual(submitted(slurm).slice(before).map((call) => call.at(-1)!.split("/").at(-1)), [
      "part.sh",
      "sum.sh",
    ]);
    await lab.result(resumed);
    resumed.finish(results);
  }, { env: { [FAILS_VARIABLE]: "a" } }));

Deno.test("a task whose node is lost is built elsewhere, and the copy that goes on writes nothing more", () =>
  withLab(async (lab) => {
    const { slurm, runs } = lab;
    const run = await lab.begin();
    const driven = lab.drive(run);
    const attempts = () => listAttempts(run.folder, "part:a");
    await lab.until(async () => {
      const view = await readRun(runs, RUN);
      return (view?.cells.find(({ name }) => name === "part:a")?.metrics.length ?? 0) >= 2;
    });
    slurm.loseNode("102_0");
    await driven;
    await Deno.writeTextFile(`${lab.runs}/release`, "");
    await lab.until(async () => await readEnd((await attempts())[0]!.folder) !== undefined);
    const [old, newer] = await Promise.all((await attempts()).map(({ folder }) => readEnd(folder)));
    assert.equal(old!.status, "fenced");
    assert.equal(newer!.status, "done");
    assert.notEqual(old!.node, newer!.node);
    await lab.result(run);
    run.finish(results);
  }, { steps: 4, held: "a" }));

Deno.test("whoever follows the jobs may leave and come back, and nothing is handed in twice", () =>
  withLab(async (lab) => {
    const { slurm, runs } = lab;
    const leave = new AbortController();
    const run = await lab.begin({ signal: leave.signal });
    const driven = lab.drive(run).catch((error) => error);
    await lab.until(() => slurm.jobs.some(({ id, state }) => id === "102_0" && state === "RUNNING"));
    leave.abort(new Error("Left"));
    const left = await driven;
    assert.equal(left.message, "Left");
    run.fail(left);
    assert.equal(slurm.calls.filter(([name]) => name === "scancel").length, 0);
    const attached = await lab.begin({ continues: RUN });
    await lab.drive(attached, { attach: true });
    await lab.result(attached);
    attached.finish(results);
    assert.equal(submitted(slurm).length, 3);
    const { events } = (await readEvents(runs, RUN))!;
    const steps = events.flatMap((event) => event.kind === "metrics" && event.cell === "part:a" ? [event.step] : []);
    assert.deepEqual(steps, [1, 2, 3, 4, 5]);
  }, { steps: 5, wait: 200 }));

Deno.test("a cell that a job of another run builds gets no job, and what needs it waits for that job", () =>
  withLab(async (lab) => {
    const { slurm, runs } = lab;
    const [run, other] = [await lab.begin(), await lab.begin({ id: OTHER })];
    const config = { steps: 2, wait: 0, computes: false };
    const driven = Promise.all([lab.drive(run), lab.drive(other, {}, config)]);
    // No job ends before both runs have handed in theirs.
    await lab.until(() => submitted(slurm).length >= 5);
    slurm.addNode("n1");
    await driven;
    const scripts = submitted(slurm).map((call) => call.at(-1)!.split("/").slice(-3)).map(([id, , name]) => [id, name]);
    assert.equal(scripts.filter(([, name]) => name === "base.sh").length, 1);
    assert.equal(scripts.length, 5);
    await lab.result(run);
    await lab.result(other, config);
    for (const one of [run, other]) one.finish(results);
    const [mine, theirs] = await Promise.all([RUN, OTHER].map((id) => readRun(runs, id)));
    const base = [mine, theirs].map((view) => view!.cells.find(({ name }) => name === "base")!);
    assert.deepEqual(base.map(({ status }) => status).sort(), ["cached", "done"]);
    assert.equal(base[0]!.job!.job, base[1]!.job!.job);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(join(runs, ".jobs"))), [], "claims are given up");
  }, { nodes: [] }));

Deno.test("a cell that another run has built just before it could be claimed gets no job", () =>
  withLab(async (lab) => {
    const { slurm, runs } = lab;
    const run = await lab.begin();
    const config = { steps: 2, wait: 0, computes: false };
    let others: Promise<void> | undefined;
    // It builds its cells itself.
    const otherRun = async () => {
      const other = await lab.begin({ id: OTHER });
      await lab.result(other, config);
      other.finish(results);
    };
    const missing: Run["elsewhere"]["missing"] = async (...args) => {
      const found = await run.elsewhere.missing(...args);
      await (others ??= otherRun());
      return found;
    };
    await lab.drive({ ...run, elsewhere: { ...run.elsewhere, missing } });
    await lab.result(run);
    run.finish(results);
    const own = submitted(slurm).map((call) => call.at(-1)!.split("/").slice(-3)).filter(([id]) => id === RUN);
    assert.deepEqual(own.map(([, , name]) => name), ["part.sh", "sum.sh"]);
    assert.deepEqual(Object.fromEntries(await statuses(lab)), {
      ...{ base: "cached", "part:a": "done", "part:b": "done", sum: "done" },
    });
    assert.deepEqual(await Array.fromAsync(Deno.readDir(join(runs, ".jobs"))), [], "claims are given up");
  }));

Deno.test("when the run whose job builds a shared cell is stopped, the other one hands it in", () =>
  withLab(async (lab) => {
    const { slurm, runs } = lab;
    const leave = new AbortController();
    const [run, other] = [await lab.begin({ signal: leave.signal }), await lab.begin({ id: OTHER })];
    const driven = lab.drive(run).catch((error) => error);
    await lab.until(() => submitted(slurm).length === 3);
    const follows = lab.drive(other);
    await lab.until(async () => (await readTable(other.folder)).base?.of === RUN);
    const table = await readTable(run.folder);
    leave.abort(new Error("Left"));
    run.fail(await driven);
    await cancelJobs(slurm.commands, RUN, table);
    slurm.addNode("n1");
    await follows;
    await lab.result(other);
    other.finish(results);
    assert.deepEqual((await readRun(runs, OTHER))!.cells.map(({ status }) => status), ["done", "done", "done", "done"]);
    assert.match((await readRun(runs, OTHER))!.notes.map(({ text }) => text).join(), /has left base/);
  }, { nodes: [] }));

Deno.test("cells compute on the devices of their kinds, and are those of a run that computes so itself", async () => {
  const { numerics, code, close } = await openDevice("cpu", { threads: 1 });
  await close();
  const device = { description: "none", numerics, code };
  await withLab(async (lab) => {
    const { runs, slurm } = lab;
    const settings = { all: { retries: 0 }, kinds: { part: { device: "reference" as const } } };
    const kinds = (numerics: string) => ({ part: { device: "reference" as const, numerics, place: "" } });
    const run = await lab.begin();
    await writeKindDevices(run.folder, { numerics, kinds: kinds("another") });
    const failure = await lab.drive(run, { settings }).catch((error) => error);
    run.fail(failure);
    assert.equal(failure.code, "cell.numerics");
    assert.match(failure.message, /part:a: n\d computes with stock cpu, but the run with another/);

    const again = await lab.begin({ continues: RUN });
    await writeKindDevices(again.folder, { numerics, kinds: kinds("stock cpu") });
    await lab.drive(again, { settings });
    await lab.result(again);
    again.finish(results);
    const before = submitted(slurm).length;

    // A run on the stock device, of which all but the parts compute on the other one.
    const other = await lab.begin({ id: OTHER });
    const rest = { device: "cpu" as const, numerics, place: "" };
    await countingExperiment.body({
      run: onKindDevices(other, { numerics: "stock cpu", kinds: { base: rest, sum: rest } }),
      config: { steps: 3, wait: 0, computes: true },
      ...{ rngSeed: 1, device: { ...device, numerics: "stock cpu" }, prepared: null },
    });
    other.finish(results);
    const [mine, theirs] = await Promise.all([RUN, OTHER].map(async (id) => (await readRun(runs, id))!.cells));
    assert.deepEqual(theirs!.map(({ cellKey }) => cellKey), mine!.map(({ cellKey }) => cellKey));
    assert.ok(theirs!.every(({ status }) => status === "cached"));
    assert.equal(submitted(slurm).length, before);
  }, { device });
});

Deno.test("what Slurm refuses is said, and nothing stays half handed in", () =>
  withLab(async (lab) => {
    const { slurm } = lab;
    const run = await lab.begin();
    const refusal = async (answer: Parameters<FakeSlurm["answer"]>[1], at = 0) => {
      const commands: SlurmEngineOptions["slurm"] = (name, args) => {
        if (name === "sbatch" && at-- === 0) slurm.answer("sbatch", answer);
        return slurm.commands(name, args);
      };
      return await lab.drive(run, { slurm: commands }).catch((error) => error);
    };
    const partition = await refusal({
      code: 1,
      stderr:
        "sbatch: error: invalid partition specified: gpu\nsbatch: error: Batch job submission failed: Invalid partition name specified",
    });
    assert.equal(partition.code, "slurm.submit");
    assert.match(partition.message, /refuses the job base\. It said: Batch job submission failed: Invalid partition/);
    assert.match(partition.hint, /--slurm\.partition/);
    const strange = await refusal({ stdout: "Welcome to the cluster!" }, 1);
    assert.match(strange.message, /sbatch printed "Welcome to the cluster!" for the job part, where its number was/);
    assert.deepEqual(slurm.calls.filter(([name]) => name === "scancel"), [
      ["scancel", "--me", `--name=${RUN}/part`],
      ["scancel", "101"],
    ], "what Slurm may have taken is cancelled by its name");
    const memory = await refusal({ code: 1, stderr: "sbatch: error: Memory specification can not be satisfied" }, 2);
    assert.match(memory.hint, /--slurm\.mem/);
    assert.ok(slurm.jobs.every(({ state }) => state === "CANCELLED"));
    const none = await lab.drive(run, { attach: true }).catch((error) => error);
    assert.equal(none.code, "slurm.attach");
    slurm.answer("squeue", { code: 1, stderr: "slurm_load_jobs error: Unable to contact slurm controller" });
    const silent = await lab.drive(run).catch((error) => error);
    assert.match(silent.message, /Slurm cannot list jobs\. It said: .*Unable to contact slurm controller/);
    run.fail(silent);
  }));

Deno.test("a job that waits for what will not be ends the run, and nothing stays in the queue", () =>
  withLab(async (lab) => {
    const { slurm } = lab;
    const run = await lab.begin();
    const driven = lab.drive(run).catch((error) => error);
    await lab.until(() => slurm.jobs.length === 4);
    Object.assign(slurm.jobs[0]!, { reason: "PartitionConfig" });
    slurm.answer("squeue", {
      stdout: slurm.jobs.map(({ id, raw }) => `${id}|${raw}|PENDING||PartitionConfig`).join("\n"),
    });
    const failure = await driven;
    run.fail(failure);
    assert.equal(failure.code, "slurm.vain");
    assert.match(
      failure.message,
      /^Slurm has no place for base, .*: job 101 waits with \(PartitionConfig\), which does/,
    );
    assert.match(failure.hint, /sinfo/);
    assert.ok(slurm.jobs.every(({ state }) => state === "CANCELLED"));
  }, { nodes: [] }));

Deno.test("a job that was cancelled by hand fails its cell with what the queue says", () =>
  withLab(async (lab) => {
    const { slurm } = lab;
    const run = await lab.begin();
    const driven = lab.drive(run).catch((error) => error);
    await lab.until(() => slurm.jobs.some(({ id, state }) => id === "102_0" && state === "RUNNING"));
    await slurm.commands("scancel", ["102_0"]);
    const failure = await driven;
    run.fail(failure);
    assert.match(failure.message, /The cell part:a: .*job 102_0 is cancelled on n\d.*; 1 cell not begun/);
    const { base, "part:b": other, sum } = Object.fromEntries(await statuses(lab));
    assert.deepEqual([base, other, sum], ["done", "done", "planned"]);
  }, { steps: 10, wait: 200 }));

Deno.test("an error that ends the following says that the jobs go on", () =>
  withLab(async (lab) => {
    const run = await lab.begin();
    const relay = () => () => {
      throw new UserError("file.write", "The disk is full: cannot write it", "free some space");
    };
    const failure = await lab.drive({ ...run, elsewhere: { ...run.elsewhere, relay } }).catch((error) => error);
    run.fail(failure);
    assert.equal(failure.message, "The disk is full: cannot write it");
    assert.match(failure.hint, /^free some space\. The jobs go on\. Follow them with deno task attach /);
    assert.equal(lab.slurm.calls.filter(([name]) => name === "scancel").length, 0);
    const attached = await lab.begin({ continues: RUN });
    await lab.drive(attached, { attach: true });
    await lab.result(attached);
    attached.finish(results);
  }));

Deno.test("a job that leaves nothing is one whose node may not see the run's folder", () =>
  withLab(async (lab) => {
    const { slurm } = lab;
    const run = await lab.begin();
    const driven = lab.drive(run, { patienceMs: 100 }).catch((error) => error);
    await lab.until(() => slurm.jobs.length > 0);
    Object.assign(slurm.jobs[0]!, { state: "FAILED", node: "n1", reason: "NonZeroExitCode" });
    const failure = await driven;
    run.fail(failure);
    assert.match(failure.message, /^The cell base: job 101 is failed on n1 \(NonZeroExitCode\), and left nothing in /);
    assert.match(failure.message, /which its node may not see; 3 cells not begun/);
  }, { nodes: [] }));
