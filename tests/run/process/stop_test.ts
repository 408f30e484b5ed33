// Stopping a run from another process.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../../lib/errors.ts";
import { stopCommand } from "../../../lib/cli/stop.ts";
import { beginRun } from "../../../lib/run/mod.ts";
import { emptyResults, options, spawnScript, withFolder } from "../fixtures.ts";

const stop = async (folder: string, ...args: string[]) => {
  let text = "";
  await stopCommand([...args, "--runs", folder, "--json"], (piece) => text += piece);
  return JSON.parse(text);
};
const is = (code: string) => (error: unknown) => error instanceof UserError && error.code === code;

/** A process that writes a run until it is asked to stop, or for good. */
async function startRun(folder: string, deaf: boolean) {
  const child = spawnScript(`
    import { runMain, stopSignal, withRun } from "./lib/run/mod.ts";
    import { options } from "./tests/run/fixtures.ts";
    await runMain(() => withRun(options(${JSON.stringify(folder)}, { signal: stopSignal() }), async (run) => {
      console.log(run.id);
      await new Promise((_, reject) => {
        const timer = setInterval(() => {}, 1000);
        if (!${deaf}) run.signal.addEventListener("abort", () => { clearInterval(timer); reject(run.signal.reason); });
      });
    }));`);
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const id = (await reader.read()).value!.trim();
  const end = async () => {
    const { code } = await child.status;
    await reader.cancel();
    await child.stderr.cancel();
    return code;
  };
  return { id, child, end };
}

Deno.test("`stopCommand()` stops a run of another process; then there is nothing left to stop", () =>
  withFolder(async (folder) => {
    const { id, end } = await startRun(folder, false);
    assert.deepEqual(await stop(folder, "last"), { run: id, status: "stopped" });
    assert.equal(await end(), 143);
    await assert.rejects(stop(folder, id), is("stop.over"));
  }));

Deno.test("`stopCommand()` stops waiting for a run that does not stop", () =>
  withFolder(async (folder) => {
    const { id, child, end } = await startRun(folder, true);
    await assert.rejects(stop(folder, id, "--timeout", "1"), is("stop.timeout"));
    child.kill("SIGKILL");
    await end();
  }));

Deno.test("`stopCommand()` sends no signal to a run on another machine, or to a later process with the same pid", () =>
  withFolder(async (folder) => {
    const run = await beginRun(options(folder));
    const lock = join(run.folder, "run.lock");
    const own = JSON.parse(await Deno.readTextFile(lock));
    await Deno.writeTextFile(lock, JSON.stringify({ ...own, host: "elsewhere" }));
    await assert.rejects(stop(folder, run.id), is("stop.elsewhere"));
    if (own.started !== null) {
      await Deno.writeTextFile(lock, JSON.stringify({ ...own, started: "00000000" }));
      await assert.rejects(stop(folder, run.id), is("stop.over"));
    }
    run.finish(emptyResults);
  }));

/** A process whose thread computes without a pause until `heard` is true, at most a minute; then it prints `heard`. */
async function startBusy(heard: string) {
  const child = spawnScript(`
    import { hearStopsWhileBusy, stopSignal } from "./lib/run/mod.ts";
    const signal = stopSignal();
    await hearStopsWhileBusy();
    console.log("busy");
    const end = performance.now() + 60_000;
    while (!(${heard}) && performance.now() < end);
    console.log(${heard} ? signal.reason.message : "deaf");
    await new Promise((resolve) => setTimeout(resolve, 60_000));`);
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const next = async () => (await reader.read()).value?.trim();
  assert.equal(await next(), "busy");
  return { child, next, end: () => Promise.all([reader.cancel(), child.stderr.cancel()]) };
}

Deno.test("a busy thread learns of SIGTERM from `signal.aborted`, and a second SIGTERM ends the process at once", async () => {
  const { child, next, end } = await startBusy("signal.aborted");
  child.kill("SIGTERM");
  assert.equal(await next(), "Stopped by SIGTERM");
  child.kill("SIGTERM");
  assert.equal((await child.status).signal, "SIGTERM");
  await end();
});

Deno.test("a second Ctrl-C ends even a thread that is too busy to ask", async () => {
  const { child, end } = await startBusy("false");
  // The worker hears them one by one: two of a kind that come together count as one.
  const again = setInterval(() => child.kill("SIGINT"), 50);
  assert.equal((await child.status).signal, "SIGKILL");
  clearInterval(again);
  await end();
});

Deno.test("a Ctrl-C that comes twice at once stops cleanly, and another one ends the process", async () => {
  for (const again of [false, true]) {
    const child = spawnScript(`
      import { stopSignal } from "./lib/run/mod.ts";
      stopSignal().addEventListener("abort", () => {
        console.log("asked");
        setTimeout(() => Deno.exit(), 2_000);
      });
      setInterval(() => {}, 1_000);
      console.log("ready");`);
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    assert.equal((await reader.read()).value?.trim(), "ready");
    // As `deno task` does, which passes on what the terminal has sent to both.
    for (let i = 0; i < 3; i++) {
      child.kill("SIGINT");
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    assert.equal((await reader.read()).value?.trim(), "asked");
    if (again) child.kill("SIGINT");
    assert.equal((await child.status).code, again ? 130 : 0, `again: ${again}`);
    await Promise.all([reader.cancel(), child.stderr.cancel()]);
  }
});
