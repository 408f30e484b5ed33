// Resuming a run from the command line, and what readers see of a resumed run.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { resumeCommand } from "../../lib/cli/resume.ts";
import { beginRun, readRun, runIds, terminalView, unfinishedRun, withRun } from "../../lib/run/mod.ts";
import { secondsLeft } from "../../lib/run/view/mod.ts";
import { resumeArguments } from "../../lib/cli/resume.ts";
import { applyEvent, foldEvents } from "../../lib/run/view/view.ts";
import { collector, emptyResults, options, withFolder } from "../run/fixtures.ts";
import { runMainCommand } from "./process.ts";

const is = (code: string) => (error: unknown) => error instanceof UserError && error.code === code;

Deno.test("`resumeArguments()` keeps a run's own options, and lets new ones come after", () => {
  const of = (command: string, ...more: string[]) =>
    resumeArguments({ id: "x", seed: 2, command: command.split(" ") }, "/r", more);
  const end = (...more: string[]) => ["--runs", "/r", "--seed", "2", ...more, "--id", "x"];
  const bts = "experiments/bts.ts";
  assert.deepEqual(of("deno task bts --preset smoke"), { script: bts, args: ["--preset", "smoke", ...end()] });
  assert.deepEqual(
    of("deno task run copies/mine.ts --seeds 1,2 --runs=old --id y --fresh --set a=1 --set=b=2 --json", "--set", "a=3"),
    { script: "copies/mine.ts", args: ["--set=b=2", "--json", ...end("--set", "a=3")] },
  );
  assert.deepEqual(of("deno task bts --set a.b=1", "--set=a.b=2"), { script: bts, args: end("--set=a.b=2") });
  assert.throws(() => of("bts --preset smoke"), is("resume.command"));
});

Deno.test("`resumeArguments()` reads the run's copy of its --config file, where there is one", () => {
  const of = (command: string, copy?: string) =>
    resumeArguments({ id: "x", seed: 2, command: command.split(" ") }, "/r", [], copy).args.slice(0, -6);
  for (const command of ["deno task bts --config my.yaml --json", "deno task bts --config=my.yaml --json"]) {
    assert.deepEqual(of(command, "/r/x/c.yaml"), ["--config", "/r/x/c.yaml", "--json"]);
  }
  assert.deepEqual(of("deno task bts --config my.yaml"), ["--config", "my.yaml"]);
});

Deno.test("a failed run is resumed after its --config file was deleted", () =>
  withFolder(async (folder) => {
    const [config, runs] = [join(folder, "mine.yaml"), join(folder, "runs")];
    await Deno.writeTextFile(config, "x: 3\n");
    const options = ["--runs", runs, "--no-serve"];
    const start = ["run", "tests/cli/fixtures/small_experiment.ts", "--config", config, ...options];
    const first = await runMainCommand(start, { SMALL_FAILS: "1" });
    assert.deepEqual([first.code, /It failed as it was told to/.test(first.stderr)], [2, true], first.stderr);
    await Deno.remove(config);
    // Twice: the copy is there after the run was resumed, too.
    assert.equal((await runMainCommand(["resume", "last", ...options], { SMALL_FAILS: "1" })).code, 2);
    const { code, stderr } = await runMainCommand(["resume", "last", ...options]);
    assert.equal(code, 0, stderr);
    const ids = await runIds(runs);
    const view = await readRun(runs, ids[0]!);
    assert.deepEqual([ids.length, view!.status, view!.config], [1, "done", { x: 3 }]);
  }));

Deno.test("`resumeCommand()` refuses a run that is being written, and one that is not there", () =>
  withFolder(async (folder) => {
    await assert.rejects(resumeCommand(["last", "--runs", folder]), is("run.none"));
    const run = await beginRun(options(folder, { command: ["deno", "task", "bts"] }));
    await assert.rejects(
      resumeCommand(["--runs", folder]),
      (error) => is("run.locked")(error) && (error as Error).message.includes(`process ${Deno.pid} `),
    );
    run.finish(emptyResults);
    await assert.rejects(resumeCommand([`--runs=${folder}`, "nowhere"]), is("run.none"));
    let help = "";
    assert.equal(await resumeCommand(["--help"], (text) => help += text), 0);
    assert.match(help, /^Usage: resume/);
  }));

Deno.test("A resumed run shows its latest settings, keeps its history, and ends again", () =>
  withFolder(async (folder) => {
    const first = await beginRun(options(folder, { title: "Before" }));
    first.note("kept");
    first.fail(new Error("broken"));
    const { events, onEvent } = collector();
    const lines: string[] = [];
    const terminal = terminalView({ live: false, write: (text) => lines.push(text) });
    const run = await beginRun(options(folder, {
      continues: first.id,
      title: "After",
      device: "other",
      config: { a: 2 },
      mayChange: { a: "freely" },
      onEvent: [...onEvent, terminal.onEvent],
      onPast: terminal.onPast,
    }));
    assert.equal(run.id, first.id);
    let view = (await readRun(folder, run.id))!;
    assert.deepEqual([view.status, view.title, view.device, view.error], ["running", "After", "other", null]);
    assert.deepEqual([view.config, view.notes.length, view.cells.length], [{ a: 2 }, 1, 2]);
    assert.equal(events[0]!.kind, "run.resume");
    assert.equal(events[0]!.seq, 3);
    run.finish(emptyResults);
    terminal.close();
    view = (await readRun(folder, run.id))!;
    assert.equal(view.status, "done");
    assert.match(lines.join(""), /After smoke · seed 1 · other\nrun \S+ resumed: 0 of 2 cells are done\n/);
  }));

Deno.test("a run of a study that was renamed since is resumed under the new name", () =>
  withFolder(async (folder) => {
    const first = await beginRun(options(folder, { experiment: "initialisation", backend: "cpu" }));
    first.fail(new Error("broken"));
    const wanted = { experiment: "initialization", backend: "cpu", seed: 1, title: "A run", config: { a: 1 } };
    assert.equal(await unfinishedRun(folder, wanted, false), first.id);
    const run = await beginRun(options(folder, { continues: first.id, experiment: "initialization" }));
    assert.equal(run.id, first.id);
    run.finish(emptyResults);
    await assert.rejects(beginRun(options(folder, { continues: first.id, experiment: "hub" })), is("run.changed"));
  }));

Deno.test("A damaged line's number is not used again", () =>
  withFolder(async (folder) => {
    const first = await beginRun(options(folder));
    first.note("one");
    first.fail(new Error("x"));
    const log = join(first.folder, "events.jsonl");
    const lines = (await Deno.readTextFile(log)).split("\n");
    lines[2] = lines[2]!.slice(0, -3);
    await Deno.writeTextFile(log, lines.join("\n"));
    const { events, onEvent } = collector();
    (await beginRun(options(folder, { continues: first.id, onEvent }))).finish(emptyResults);
    assert.deepEqual(events.map(({ seq }) => seq), [3, 4]);
    const view = (await readRun(folder, first.id))!;
    assert.deepEqual([view.status, view.notes.filter(({ level }) => level === "warning").length], ["done", 1]);
  }));

Deno.test("`withRun()` does not wait for work on a failed device", () =>
  withFolder(async (folder) => {
    const failure = Promise.resolve(new Error("The GPU is gone"));
    const run = withRun(options(folder, { id: "20260101-000000-a", failure }), () => new Promise(() => {}));
    await assert.rejects(run, (error) => is("device.failed")(error) && (error as Error).message === "The GPU is gone");
    assert.equal((await readRun(folder, "20260101-000000-a"))!.status, "failed");
  }));

Deno.test("A cell that rewinds loses later points, and one that starts over loses all", () =>
  withFolder(async (folder) => {
    const { events, onEvent } = collector();
    const run = await beginRun(options(folder, { onEvent }));
    run.finish(emptyResults);
    let seq = 9;
    const stamp = () => ({ seq: seq++, time: `2026-01-01T00:00:${String(seq).padStart(2, "0")}Z` });
    const start = () => ({
      ...stamp(),
      kind: "cell.start" as const,
      cell: "one",
      title: "One",
      description: "",
      cellKey: "k",
    });
    const metrics = (step: number) => ({
      ...stamp(),
      kind: "metrics" as const,
      cell: "one",
      step,
      steps: 9,
      values: { loss: step },
    });
    const view = foldEvents([events[0]!, start(), metrics(1), metrics(2), metrics(3)])!;
    applyEvent(view, { ...stamp(), kind: "cell.rewind", cell: "one", step: 1 });
    applyEvent(view, metrics(2));
    assert.deepEqual(view.cells[0]!.metrics.map(({ step }) => step), [1, 2]);
    applyEvent(view, start());
    assert.deepEqual(view.cells[0]!.metrics, []);
  }));

Deno.test("`secondsLeft()` does not count the pause of a resumed run", () => {
  const cell = foldEvents([
    {
      kind: "run.start",
      seq: 0,
      time: "2026-01-01T00:00:00Z",
      schemaVersion: 2,
      run: "r",
      experiment: "",
      title: "",
      preset: "",
      seed: 1,
      device: "",
      config: null,
      plan: [{ cell: "one", title: "" }],
      command: [],
      versions: {},
      pid: 1,
    },
    ...[1, 2, 3, 4, 5].map((step) => ({
      kind: "metrics" as const,
      seq: step,
      cell: "one",
      step,
      steps: 10,
      values: { loss: 1 },
      // Two seconds a step, and a night between steps 3 and 4.
      time: new Date(Date.UTC(2026, 0, 1) + 2000 * step + (step > 3 ? 8 * 3600_000 : 0)).toISOString(),
    })),
  ])!.cells[0]!;
  cell.startedAt = "2026-01-01T00:00:00Z";
  assert.equal(secondsLeft(cell), 10);
});
