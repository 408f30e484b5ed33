// Starting, watching and finding a run again, with a fake experiment in a process of its own.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { attach, type RunHandle, startRun } from "../../lib/notebook/mod.ts";
import { addLabel } from "../../lib/run/mod.ts";
import { sampleEvents } from "../report/sample.ts";
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

const shown = async (handle: RunHandle) => await (handle[DISPLAY] as () => Promise<MediaBundle>)();

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

Deno.test("`table()` and `figure()` show results and figures", async () => {
  const runs = await finishedRun();
  const run = await attach("last", { runs });
  const bundle = async (name: Parameters<typeof run.figure>[0]) => await (await run.figure(name))[DISPLAY]!();
  assert.match((await bundle("loss"))["text/html"]!, /<svg.*Figure|<svg/s);
  for (const name of ["mean", "matrix", "gates", "parameters", "time"] as const) {
    assert.match((await bundle(name))["text/html"]!, /<svg /);
  }
  const table = (await run.table())[DISPLAY]!();
  assert.match(table["text/html"]!, /<table>.*<strong>.*BTS beats the soup/s);
  assert.match(table["text/plain"]!, /\| Seed \| 2\.2/);
  await assert.rejects(run.figure("toString" as "loss"), /There is no figure "toString"/);
  await Deno.remove(runs, { recursive: true });
});

Deno.test("`table()` of a run without results says why, and `watch()` ends when its process is gone", async () => {
  const runs = await finishedRun(undefined, 200);
  const run = await attach("last", { runs });
  await assert.rejects(run.table(), /has no results \(lost\)/);
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
