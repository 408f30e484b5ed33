// Starting, watching and finding a run again, with a fake experiment in a process of its own.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { attach, lab, type RunHandle, startRun } from "../../lib/notebook/mod.ts";
import { addLabel, trashRuns } from "../../lib/run/mod.ts";
import { printed } from "../printed.ts";
import { sampleEvents } from "../report/sample.ts";
import { fakeSweep } from "../run/sweep-log.ts";
import { DISPLAY, type MediaBundle, type Show } from "../../lib/notebook/display.ts";
import { startArguments } from "../../lib/notebook/start.ts";

const EXPERIMENT = "tests/notebook/fake_experiment.ts";
/** A value that a shell would take apart. */
const NASTY = `1; echo "$HOME" '$(id)' \`id\` * > x && y | z \\ #`;
// The detached process is a resource that is meant to outlive the test's own bookkeeping.
const detached = { sanitizeOps: false, sanitizeResources: false } as const;

function recorder(): { show: Show; bundles: MediaBundle[]; calls: { displayId: string; update: boolean }[] } {
  const bundles: MediaBundle[] = [], calls: { displayId: string; update: boolean }[] = [];
  return {
    bundles,
    calls,
    show: (bundle, call) => {
      bundles.push(bundle);
      calls.push(call);
      return Promise.resolve();
    },
  };
}

async function finishedRun(id = "20250506-090000-bts-quick-abcd", end?: number): Promise<string> {
  const runs = await Deno.makeTempDir();
  await Deno.mkdir(join(runs, id));
  const lines = sampleEvents({ id }).slice(0, end).map((event) => JSON.stringify(event) + "\n");
  await Deno.writeTextFile(join(runs, id, "events.jsonl"), lines.join(""));
  return runs;
}

const shown = async (handle: RunHandle) => await handle[DISPLAY]();

Deno.test({
  name: "`startRun()` starts a process of its own, `watch()` shows one card to the end, `attach()` finds the run again",
  ...detached,
  async fn() {
    const runs = await Deno.makeTempDir();
    const run = await startRun({ runs, experiment: EXPERIMENT, set: { "a.b": NASTY } });
    assert.match(run.id, /^\d{8}-\d{6}-fake-experiment-quick-[a-z0-9]{4}$/);
    const { show, bundles, calls } = recorder();
    await run.watch({ show, pause: () => 100 });
    assert.equal((await run.view()).status, "done");
    assert.equal(new Set(calls.map(({ displayId }) => displayId)).size, 1);
    assert.deepEqual(calls.map(({ update }) => update), calls.map((_, at) => at > 0));
    assert.ok(bundles.length >= 3, `${bundles.length} updates`);
    assert.match(bundles[0]!["text/plain"]!, /running/);
    assert.match(bundles.at(-1)!["text/plain"]!, /done, 3 min 41 s/);
    assert.match(bundles.at(-1)!["text/html"]!, /BTS ranks number 2 of 7/);
    const output = await Deno.readTextFile(join(runs, ".output", `${run.id}.log`));
    assert.ok(output.includes(`says hello to a.b=${NASTY}`), output);
    const again = await attach("last", { runs });
    assert.equal(again.id, run.id);
    assert.match((await shown(again))["text/html"]!, /✓ Train the stitches/);
    await Deno.remove(runs, { recursive: true });
  },
});

Deno.test({
  name: "`stop()` asks the run's process to end, waits until it has, and says the status then",
  ...detached,
  async fn() {
    const runs = await Deno.makeTempDir();
    Deno.env.set("FAKE_MS", "120000");
    try {
      const run = await startRun({ runs, experiment: EXPERIMENT });
      assert.equal((await run.view()).status, "running");
      // A real experiment ends its log; this one just dies.
      assert.equal(await run.stop(), "lost");
      await says(run.stop(), /no process is working on it/);
    } finally {
      Deno.env.delete("FAKE_MS");
      await Deno.remove(runs, { recursive: true });
    }
  },
});

Deno.test({
  name: "`startRun()` passes on what an experiment says that ends before its run begins, and leaves no run",
  ...detached,
  async fn() {
    const runs = await Deno.makeTempDir();
    await assert.rejects(startRun({ runs, experiment: EXPERIMENT, preset: "wrong" }), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /exit code 2.*Unknown preset "wrong".*did you mean quick/s);
      return true;
    });
    assert.deepEqual([...Deno.readDirSync(runs)].map(({ name }) => name), [".output"]);
    await Deno.remove(runs, { recursive: true });
  },
});

Deno.test("`startArguments()` gives one argument a word, whatever it holds", () => {
  const args = startArguments(
    { preset: "a b", set: { "x.y": "1 --force; rm" }, seed: 3, device: "cpu", runs: "/r" },
    "id",
  );
  assert.deepEqual(args, [
    "--preset",
    "a b",
    "--set",
    "x.y=1 --force; rm",
    "--seed",
    "3",
    "--device",
    "cpu",
    "--runs",
    "/r",
    "--id",
    "id",
  ]);
});

Deno.test("`results()`, `figure()`, `metrics()` and `settings()` are values that show themselves", async () => {
  const runs = await finishedRun();
  const run = await attach("last", { runs });
  for (const name of ["mean", "matrix", "gates", "parameters", "time", "loss"] as const) {
    const figure = await run.figure(name);
    assert.equal(figure.name, name);
    assert.match((await figure[DISPLAY]())["image/svg+xml"]!, /^<svg /);
  }
  const results = await run.results();
  assert.ok("bts" in results.methods);
  const table = await results[DISPLAY]();
  assert.match(table["text/html"]!, /<table>.*<strong>.*BTS beats the soup/s);
  assert.match(table["text/plain"]!, /\| Seed \| 2\.2/);
  const rows = await run.metrics("seed");
  assert.equal(rows.length, 201);
  assert.deepEqual([rows[0]!.step, rows[0]!.seconds, rows.at(-1)!.step], [0, 0, 400]);
  assert.ok(Number(rows[5]!["loss"]) > 0);
  const metrics = await rows[DISPLAY]();
  assert.match(metrics["text/html"]!, /201 rows, 181 of them between the first and the last 10 left out/);
  assert.match(metrics["text/plain"]!, /^step +seconds +loss/m);
  const settings = await run.settings();
  assert.deepEqual(settings["stitch"], { count: 4 });
  assert.match((await settings[DISPLAY]())["text/plain"]!, /stitch\.count +4/);
  await Deno.remove(runs, { recursive: true });
});

Deno.test("outside of a kernel, `watch()` prints the card as text", async () => {
  const runs = await finishedRun();
  const run = await attach("last", { runs });
  const text = await printed(() => run.watch());
  assert.match(text, /^Branch-Train-Stitch \(quick, seed 1\): done/);
  await Deno.remove(runs, { recursive: true });
});

Deno.test("what is asked of a run shows itself without `await`", async () => {
  const runs = await finishedRun();
  const run = await attach("last", { runs });
  assert.match((await run.figure("loss", { smooth: 0.9, log: false })[DISPLAY]())["image/svg+xml"]!, /Loss by step/);
  assert.match((await run.results()[DISPLAY]())["text/html"]!, /<table>/);
  assert.match((await lab.attach("last", { runs })[DISPLAY]())["text/plain"]!, /done/);
  await Deno.remove(runs, { recursive: true });
});

/** What a notebook says of a mistake: one sentence with the remedy, and no stack. */
async function says(promise: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    assert.equal(error.hint, undefined);
    assert.equal(error.stack, `UserError: ${error.message}`);
    return true;
  });
}

Deno.test("mistakes name what was wrong and what there is", async () => {
  const id = "20250506-090000-bts-quick-abcd";
  const runs = await finishedRun(id);
  const run = await attach("last", { runs });
  await says(run.figure("toString" as "loss"), /There is no figure "toString": the figures are mean, matrix/);
  await says(run.figure("loss", { smooth: 1 }), /smooth must be at least 0 and below 1, not 1/);
  await says(run.figure("loss", { x: "date" as "step" }), /no axis "date": the axes are step, tokens, flops, time/);
  await says(run.figure("loss", { x: "flops" }), /has logged nothing for the figure "loss" over flops/);
  await says(run.figure("mean", { log: true }), /The figure "mean" has no curves, so it has no log/);
  await says(run.metrics("sed"), /has no cell "sed": it has data, seed, .*\(did you mean seed\?\)/);
  await says(run.table("gate"), /has logged no table "gate": it has .*\(did you mean gates\?\)/);
  await says(run.stop(), /Cannot stop .*: no process is working on it/);
  await says(lab.compare(run), /Give two or more runs to compare, not 1/);
  await says(lab.compare("last", "nosuchrun"), /There is no run/);
  const log = join(runs, id, "events.jsonl");
  const text = await Deno.readTextFile(log);
  await Deno.writeTextFile(log, text.replace('"schemaVersion":1', '"schemaVersion":99'));
  await says(attach(id, { runs }), /format version is 99; this version .* reads .* up to/);
  await Deno.writeTextFile(log, text);
  await trashRuns(runs, [id]);
  await says(attach(id, { runs }), /is in the trash .*deno task undo restores it/);
  await says(run.view(), /is in the trash .*deno task undo restores it/);
  await Deno.remove(runs, { recursive: true });
});

Deno.test("`compare()` shows settings that differ, results and losses of all runs", async () => {
  const runs = await finishedRun("20250506-090000-bts-quick-abcd");
  const other = "20250506-100000-bts-quick-abce";
  await Deno.mkdir(join(runs, other));
  const events = sampleEvents({ id: other, seed: 2 }).map((event) =>
    event.kind === "run.start"
      ? { ...event, config: { train: { seed: { steps: 400 } }, stitch: { count: "<b>" } } }
      : event
  );
  await Deno.writeTextFile(join(runs, other, "events.jsonl"), events.map((one) => JSON.stringify(one) + "\n").join(""));
  const comparison = await lab.compare(await attach("20250506-09", { runs }), attach(other, { runs }));
  assert.deepEqual(comparison.columns.map(({ id }) => id), ["20250506-090000-bts-quick-abcd", other]);
  assert.ok(comparison.settings.some(({ key, values }) => key === "stitch.count" && values[1] === "<b>"));
  const { "text/html": html, "text/plain": text } = await comparison[DISPLAY]();
  assert.match(text!, /stitch\.count +4 +"<b>"/);
  assert.deepEqual(comparison.labels, ["seed 1, count 4", "seed 2, count <b>"]);
  const bts = comparison.results.find(({ method, measure }) => method === "bts" && measure.group === "mean")!;
  const [first, second] = bts.values as number[];
  assert.deepEqual(bts.differences[1], { kind: "unpaired", value: second! - first! });
  assert.match(text!, new RegExp(`bts +bits per byte, mean +${first!.toFixed(3)} +${second!.toFixed(3)}`));
  assert.match(html!, /count &lt;b&gt;.*<svg.*Loss by step/s);
  assert.doesNotMatch(html!, /<b>/);
  assert.match((await comparison.figure({ x: "time" })[DISPLAY]())["image/svg+xml"]!, /seconds/);
  const listed = await lab.runs({ runs, preset: "quick", limit: 1 });
  assert.equal(listed.length, 1);
  assert.match((await listed[DISPLAY]())["text/plain"]!, new RegExp(listed[0]!.id));
  await Deno.remove(runs, { recursive: true });
});

Deno.test("`lab.sweep()` shows trials, best first", async () => {
  const runs = await Deno.makeTempDir();
  const id = "20261122-101010-fake-aaaa";
  await fakeSweep(runs, id);
  const sweep = await lab.sweep("last", { runs });
  assert.equal(sweep.trials.length, 3);
  const { "text/plain": text } = await sweep[DISPLAY]();
  assert.match(text!, /Trials by bpb, lower is better\n[^]*\n +3 +3[^]*\n +1 +1/);
  await says(lab.sweep("nosuchsweep", { runs }), /no sweep "nosuchsweep"/i);
  await Deno.remove(runs, { recursive: true });
});

Deno.test("a run without results says why, and `watch()` ends when its process is gone", async () => {
  const runs = await finishedRun(undefined, 200);
  const run = await attach("last", { runs });
  await assert.rejects(run.results(), /has no results \(lost\)/);
  const { show, bundles } = recorder();
  await run.watch({ show, pause: () => 50 });
  assert.equal((await run.view()).status, "lost");
  assert.match(bundles.at(-1)!["text/plain"]!, /its process is gone/);
  await Deno.remove(runs, { recursive: true });
});

Deno.test("`watch()` stops when it is told to", async () => {
  const runs = await finishedRun(undefined, 200);
  const abort = new AbortController();
  const run = await attach("last", { runs });
  const started = performance.now();
  setTimeout(() => abort.abort(), 100);
  await run.watch({ show: recorder().show, signal: abort.signal, pause: () => 50 });
  assert.ok(performance.now() - started < 1_500);
  await Deno.remove(runs, { recursive: true });
});

Deno.test("`attach()` finds a run by its id, the start of it and its name; several that fit are an error", async () => {
  const runs = await finishedRun();
  const id = "20250506-090000-bts-quick-abcd";
  await addLabel(join(runs, id), { kind: "name", name: "The best one" });
  for (const word of [id, "20250506-09", "The best one", "last"]) {
    assert.equal((await attach(word, { runs })).id, id);
  }
  const second = "20250506-100000-bts-quick-abce";
  await Deno.mkdir(join(runs, second));
  await Deno.copyFile(join(runs, id, "events.jsonl"), join(runs, second, "events.jsonl"));
  await assert.rejects(attach("20250506", { runs }), /"20250506" begins 2 runs/);
});

Deno.test("`attach()` to what is not there names the newest runs and the command that starts one", async () => {
  const runs = await finishedRun();
  for (const id of ["20250506-090000-bts-quick-zzzz", "../../etc/passwd", "<b>"]) {
    await assert.rejects(attach(id, { runs }), /newest are 20250506-090000-bts-quick-abcd\. Start one.*deno task bts/);
  }
  await assert.rejects(attach("last", { runs: join(runs, "none") }), /There is no run in .*deno task bts/);
  await Deno.remove(runs, { recursive: true });
});
