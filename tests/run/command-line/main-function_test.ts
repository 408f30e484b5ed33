// How programs end: exit codes, messages and signals.
import assert from "node:assert/strict";
import { listCommand } from "../../../lib/cli/ls.ts";
import { UserError } from "../../../lib/errors.ts";
import { endingOf } from "../../../lib/run/command-line/main-function.ts";
import { heedsHangUp, StopError } from "../../../lib/run/process/stop.ts";
import { spawnScript, withFolder } from "../fixtures.ts";

Deno.test("`endingOf()` gives 2 for a mistake, 1 for a bug, 130 and 143 for stops", () => {
  const mistake = endingOf(new UserError("a.b", "Cannot do it", "do that"));
  assert.deepEqual(mistake, { exitCode: 2, message: "error: Cannot do it\n  hint: do that" });
  const bug = endingOf(new TypeError("x"));
  assert.equal(bug.exitCode, 1);
  assert.match(bug.message, /TypeError: x\n +at /);
  assert.equal(endingOf(new Error("aborted"), new StopError("SIGINT")).exitCode, 130);
  assert.equal(endingOf(new StopError("SIGTERM")).exitCode, 143);
  assert.equal(endingOf(new Deno.errors.BrokenPipe("x")).exitCode, 0);
  const full = endingOf(Object.assign(new Error("No space left on device: writefile 'a'"), { code: "ENOSPC" }));
  assert.equal(full.exitCode, 2);
  assert.match(full.message, /^error: The disk is full: .*hint: /s);
});

Deno.test("`endingOf()` makes one sentence of whatever the system refuses", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/file`, "");
    await Deno.symlink("loop", `${folder}/loop`);
    const attempts = [
      [() => Deno.stat(`${folder}/file/x`), `Cannot access ${folder}/file/x: part of the path is a file, not a folder`],
      [() => Deno.stat(`${folder}/loop`), `Cannot access ${folder}/loop: its symbolic links lead in a circle`],
      [() => Deno.readTextFile(folder), `Cannot access ${folder}: it is a folder, not a file`],
      [() => Deno.stat(`${folder}/missing`), `Cannot access ${folder}/missing: it does not exist`],
      [
        () => Deno.stat(`${folder}/${"n".repeat(300)}`),
        `Cannot access ${folder}/${"n".repeat(300)}: the name is too long`,
      ],
    ] as const;
    for (const [attempt, message] of attempts) {
      const error = await attempt().then(() => assert.fail("it should fail"), (error: unknown) => error);
      assert.deepEqual(endingOf(error), { exitCode: 2, message: `error: ${message}` });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

for (const [name, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
  const ignore = name === "SIGHUP" && !heedsHangUp();
  Deno.test({
    name: `${name} stops a run cleanly with exit code ${code}`,
    ignore,
    fn: () =>
      withFolder(async (folder) => {
        const script = `
        import { runMain, stopSignal, withRun } from "./lib/run/mod.ts";
        import { options } from "./tests/run/fixtures.ts";
        await runMain(async () => {
          await withRun(options(${JSON.stringify(folder)}, { signal: stopSignal() }), async (run) => {
            console.log(run.id);
            await new Promise((_, reject) => {
              const timer = setInterval(() => {}, 1000);
              run.signal.addEventListener("abort", () => { clearInterval(timer); reject(run.signal.reason); });
            });
          });
        });`;
        const child = spawnScript(script);
        const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
        await reader.read();
        child.kill(name);
        // A terminal that closes and its shell both send one.
        if (name === "SIGHUP") child.kill(name);
        assert.equal((await child.status).code, code);
        await reader.cancel();
        await child.stderr.cancel();
        let shown = "";
        await listCommand(["--runs", folder, "--json"], (text) => shown = text);
        assert.equal(JSON.parse(shown)[0].status, "stopped");
      }),
  });
}

Deno.test("A second Ctrl-C exits at once, whatever the process is computing", async () => {
  const child = spawnScript(`
    import { stopSignal } from "./lib/run/mod.ts";
    stopSignal().addEventListener("abort", () => {
      console.log("asked");
      for (;;);
    });
    setInterval(() => {}, 1000);
    console.log("ready");`);
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  await reader.read();
  child.kill("SIGINT");
  assert.match((await reader.read()).value!, /asked/);
  child.kill("SIGINT");
  assert.equal((await child.status).code, 130);
  await reader.cancel();
  await child.stderr.cancel();
});

Deno.test("Listening for signals keeps no program alive", async () => {
  const child = spawnScript('import { stopSignal } from "./lib/run/mod.ts"; stopSignal();');
  assert.equal((await child.output()).code, 0);
});
