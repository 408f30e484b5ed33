// Sweeps as processes: each trial once, cells shared, and whatever is killed is made up for by `resume`.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../../lib/errors.ts";
import { sweepCommand } from "../../../lib/cli/sweep.ts";
import { executeSweep } from "../../../lib/run/sweep/execute.ts";
import type { JobRequest, Launcher } from "../../../lib/run/process/launcher.ts";
import { listRuns } from "../../../lib/run/catalog/run-list.ts";
import { readRun } from "../../../lib/run/log/read.ts";
import { readSweep, sweepIds } from "../../../lib/run/sweep/read.ts";
import type { SweepView } from "../../../lib/run/sweep/view.ts";
import { pathInRepository } from "../../../lib/run/process/script.ts";
import { readLabels } from "../../../lib/run/catalog/labels.ts";
import { createSweepLog } from "../../../lib/run/sweep/log.ts";
import { withFolder } from "../fixtures.ts";

const FAKE = "tests/run/sweep/fake_experiment.ts";
const root = new URL("../../../", import.meta.url);

/** A sweep command in a process of its own. */
function spawnSweep(runs: string, ...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "main.ts", "sweep", ...args, "--runs", runs, "--no-serve", "--json"],
    cwd: root,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function finish(child: Deno.ChildProcess) {
  const { code, stdout, stderr } = await child.output();
  const [out, said] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, said: said!, json: out === "" ? undefined : JSON.parse(out!.trim().split("\n").at(-1)!) };
}

async function viewOf(runs: string): Promise<SweepView | undefined> {
  const [id] = await sweepIds(runs);
  return id === undefined ? undefined : await readSweep(runs, id);
}

/** Waits until the newest sweep is as wanted; on a busy machine that takes minutes. */
async function until(runs: string, test: (view: SweepView) => boolean): Promise<SweepView> {
  for (const end = Date.now() + 240_000; Date.now() < end;) {
    const view = await viewOf(runs);
    if (view !== undefined && test(view)) return view;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("The sweep did not get there in 4 minutes");
}

const states = (view: SweepView) => view.trials.map(({ status }) => status).join(" ");
const kill = (pid: number) => Deno.kill(pid, "SIGKILL");

Deno.test("`sweepCommand()` runs every trial once, in order, shares cells, tags runs, and sorts by the metric", () =>
  withFolder(async (runs) => {
    const args = [FAKE, "--grid", "x=0,2,3", "--set", "wait=0", "--name", "A <b>sweep</b>"];
    const { code, json } = await finish(spawnSweep(runs, ...args));
    assert.equal(code, 0);
    assert.deepEqual(json.trials.map(({ trial }: { trial: number }) => trial), [2, 3, 1]);
    assert.deepEqual(json.trials.map(({ value }: { value: number }) => value), [0.01, 1.01, 4.01]);
    assert.deepEqual([json.status, json.best, json.metric, json.better], ["done", [2], "bpb", "lower"]);
    const view = (await viewOf(runs))!;
    assert.deepEqual(view.trials.map(({ cells }) => cells!.cached), [0, 1, 1]);
    const listed = await listRuns(runs);
    assert.equal(listed.length, 3);
    assert.deepEqual(listed.map(({ title }) => title).sort(), [1, 2, 3].map((n) => `A <b>sweep</b>, trial ${n} of 3`));
    assert.deepEqual((await readLabels(join(runs, listed[0]!.id))).tags, [`sweep:${view.start.sweep}`]);
    assert.deepEqual(view.trials.map(({ run }) => run).sort(), listed.map(({ id }) => id).sort());

    const shown = async (...more: string[]) => {
      let text = "";
      await sweepCommand(["show", "last", "--runs", runs, "--json", ...more], (piece) => text += piece);
      return JSON.parse(text).trials.map(({ trial, value }: { trial: number; value: number }) => [trial, value]);
    };
    assert.deepEqual(await shown("--metric", "quiz"), [[3, 0.3], [2, 0.2], [1, 0]]);
    assert.deepEqual(await shown("--metric", "own/loss:max"), [[1, 5], [3, 2], [2, 1]]);
    assert.deepEqual(await shown("--metric", "loss"), [[2, 0.25], [3, 1.25], [1, 4.25]]);
    await assert.rejects(shown("--metric", "los"), (error) => {
      assert(error instanceof UserError && error.code === "sweep.metric");
      return error.hint === "did you mean loss?";
    });
    const resume = (...more: string[]) =>
      sweepCommand(["resume", "--runs", runs, "--no-serve", "--json", ...more], () => {});
    await assert.rejects(resume("--metric", "los"), { code: "sweep.metric", hint: "did you mean loss?" });
    // Nothing is left to do, and nothing is done again.
    assert.equal(await resume(), true);
    assert.equal((await listRuns(runs)).length, 3);
  }));

Deno.test("After `kill -9` of the sweep alone, `resume` waits for the trial that still runs and runs only the rest", () =>
  withFolder(async (runs) => {
    const sweep = spawnSweep(runs, FAKE, "--grid", "x=1,2,3", "--set", "wait=1500");
    await until(runs, (view) => states(view) === "done running pending" && view.trials[1]!.progress !== null);
    kill(sweep.pid);
    await sweep.output();
    const left = (await viewOf(runs))!;
    assert.equal(left.status, "lost");
    assert.equal(states(left), "done running pending", "its process continues");
    const { code, json, said } = await finish(spawnSweep(runs, "resume", "last"));
    assert.equal(code, 0, said);
    assert.equal(json.status, "done");
    const view = (await viewOf(runs))!;
    assert.deepEqual(view.trials.map(({ attempts }) => attempts), [1, 1, 1]);
    assert.equal(view.trials[1]!.run, left.trials[1]!.run);
    assert.equal((await listRuns(runs)).length, 3);
  }));

Deno.test("After `kill -9` of a sweep and its trial, `resume` runs that trial again, and failed ones too", () =>
  withFolder(async (runs) => {
    const sweep = spawnSweep(runs, FAKE, "--grid", "fail=true,false", "--set", "wait=1000", "--set", "x=1");
    const view = await until(runs, (view) => states(view) === "failed running" && view.trials[1]!.progress !== null);
    kill(sweep.pid);
    kill(view.trials[1]!.process!.pid);
    await sweep.output();
    // On a busy machine a killed process takes a moment to go.
    await until(runs, (view) => states(view) === "failed lost");
    const { code, json } = await finish(spawnSweep(runs, "resume"));
    assert.equal(code, 1, "a trial failed again");
    assert.equal(json.status, "failed");
    assert.match(json.trials.at(-1).error, /It failed as it was told to/);
    const after = (await viewOf(runs))!;
    assert.equal(states(after), "failed done");
    assert.deepEqual(after.trials.map(({ attempts }) => attempts), [2, 2]);
    assert.equal(after.trials[1]!.run, view.trials[1]!.run, "what was interrupted continues");
    assert.notEqual(after.trials[0]!.run, view.trials[0]!.run, "what failed begins anew");
  }));

Deno.test("Ctrl-C stops a sweep and its trial cleanly; a second process is refused; `sweep stop` does the same", () =>
  withFolder(async (runs) => {
    const first = spawnSweep(runs, FAKE, "--grid", "x=1,2", "--set", "wait=60000");
    await until(runs, (view) => view.trials[0]!.progress !== null && view.trials[0]!.progress.ended === 1);
    await assert.rejects(
      sweepCommand(["resume", "--runs", runs, "--no-serve"], () => {}),
      (error) => error instanceof UserError && /Cannot work on .*: process \d+ is working on it/.test(error.message),
    );
    first.kill("SIGINT");
    const { code, said } = await finish(first);
    assert.equal(code, 130, said);
    const view = (await viewOf(runs))!;
    assert.deepEqual([view.status, states(view)], ["stopped", "stopped pending"]);
    assert.match(said, /Resume with: deno task sweep resume \S+-fake-sweep-\w+ --runs /);
    const again = spawnSweep(runs, "resume");
    await until(runs, (view) => view.status === "running" && states(view) === "running pending");
    let text = "";
    await sweepCommand(["stop", "last", "--runs", runs, "--json"], (piece) => text += piece);
    assert.equal(JSON.parse(text).status, "stopped");
    assert.equal((await finish(again)).code, 143);
  }));

Deno.test("a sweep whose metric no trial logs ends with exit code 1 and names those that exist", () =>
  withFolder(async (runs) => {
    const args = ["--grid", "x=1,2", "--set", "kind=b", "--metric", "validatoin:min"];
    const { code, said, json } = await finish(spawnSweep(runs, FAKE, ...args));
    assert.equal(code, 1);
    assert.equal(json.status, "done");
    assert.match(said, /No trial has the metric validatoin:min; --metric takes, for example, .*loss/);
    assert.deepEqual([json.best, json.trials.map(({ value }: { value: null }) => value)], [[], [null, null]]);
  }));

Deno.test("`sweep show` knows which direction is good before any trial has a result", () =>
  withFolder(async (runs) => {
    const sweep = spawnSweep(runs, FAKE, "--grid", "x=1,2", "--set", "wait=60000", "--metric", "quiz");
    const view = await until(runs, (view) => view.trials[0]!.progress !== null);
    kill(sweep.pid);
    kill(view.trials[0]!.process!.pid);
    await sweep.output();
    const better = async (...more: string[]) => {
      let text = "";
      await sweepCommand(["show", "last", "--runs", runs, "--json", ...more], (piece) => text += piece);
      const { better, status } = JSON.parse(text);
      return [status, better];
    };
    assert.deepEqual(await better(), ["lost", "higher"]);
  }));

Deno.test("when the first trial cannot even begin, the others are not tried, and `resume` tries again", () =>
  withFolder(async (runs) => {
    const first = await finish(spawnSweep(runs, FAKE, "--grid", "x=1,2,3", "--set", "failEarly=true"));
    assert.equal(first.code, 1);
    assert.match(first.said, /before its run began: .*It cannot begin/s);
    assert.match(first.said, /Trial 1 could not begin, so the 2 others are not tried/);
    assert.equal(states((await viewOf(runs))!), "failed pending pending");
    await finish(spawnSweep(runs, "resume"));
    assert.deepEqual((await viewOf(runs))!.trials.map(({ attempts }) => attempts), [2, 0, 0]);
  }));

Deno.test("`--parallel` runs so many trials at once", () =>
  withFolder(async (runs) => {
    const sweep = spawnSweep(runs, FAKE, "--grid", "x=1,2,3", "--set", "wait=1200", "--parallel", "2");
    await until(runs, (view) => states(view) === "running running pending");
    const { json } = await finish(sweep);
    assert.equal(json.status, "done");
  }));

Deno.test("a sweep of a script that was moved runs it where it is now, by whatever launcher it is given", () =>
  withFolder(async (runs) => {
    const id = "20260101-000000-initialisation-sweep-abcd";
    const folder = join(runs, "sweeps", id);
    await Deno.mkdir(folder, { recursive: true });
    await createSweepLog(folder, {
      kind: "sweep.start",
      schemaVersion: 1,
      sweep: id,
      name: "old",
      experiment: "initialisation",
      script: "experiments/initialisation.ts",
      shared: ["--preset", "smoke"],
      configFile: null,
      metric: "bpb",
      keys: ["stitch.count"],
      random: null,
      trials: ["1", "2"].map((count) => ({ settings: { "stitch.count": count }, seed: 1 })),
      command: ["deno", "task", "sweep", "experiments/initialisation.ts"],
    });
    const requests: JobRequest[] = [];
    const launcher: Launcher = {
      submit(request) {
        requests.push(request);
        return Promise.resolve({ process: null, output: request.output });
      },
      poll: () => Promise.resolve({ kind: "ended", how: "exit code 1" }),
      cancel: () => Promise.resolve(),
      logs: () => Promise.resolve("no such device"),
    };
    const signal = new AbortController().signal;
    const view = await executeSweep({ runsFolder: runs, id, parallel: 1, signal, launcher });
    assert.deepEqual(requests.map(({ script }) => pathInRepository(script)), ["experiments/studies/initialization.ts"]);
    assert.deepEqual(requests[0]!.args.slice(0, 6), ["--preset", "smoke", "--set", "stitch.count=1", "--seed", "1"]);
    assert.match(view.trials[0]!.error!, /\(exit code 1\) before its run began: no such device/);
  }));

Deno.test("With the smoke preset, experts train once however often a sweep is killed", () =>
  withFolder(async (runs) => {
    const settings = ["--grid", "stitch.count=1,2", "--preset", "smoke", "--set", "eval.items=1", "--device", "cpu"]
      .concat(["--set", "eval.tokens=64", "--set", "train.validationBatches=0"]);
    const sweep = spawnSweep(runs, "experiments/bts.ts", ...settings);
    const view = await until(runs, (view) => (view.trials[0]!.progress?.ended ?? 0) >= 4);
    kill(sweep.pid);
    kill(view.trials[0]!.process!.pid);
    await sweep.output();
    const { code, json, said } = await finish(spawnSweep(runs, "resume"));
    assert.equal(code, 0, said);
    assert.equal(json.status, "done");
    // Every seed and expert was built by one run of the three, and taken from the cache by the others.
    const built = (await listRuns(runs)).map(async ({ id }) => {
      const cells = (await readRun(runs, id))!.cells;
      return cells.filter(({ name, status }) => /^(seed|expert:.*)$/.test(name) && status === "done");
    });
    const names = (await Promise.all(built)).flat().map(({ name }) => name);
    assert.deepEqual(names.toSorted(), ["expert:code", "expert:math", "expert:multilingual", "seed"]);
    assert.ok((await viewOf(runs))!.trials[1]!.cells!.cached >= 6);
  }));
