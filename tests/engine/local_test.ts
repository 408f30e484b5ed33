// `--parallel`: independent cells at once, in processes of their own, with the same outcome; and one cell alone.
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { listAttempts, readEnd } from "../../lib/engine/mod.ts";
import { readEvents, readRun, runIds } from "../../lib/run/mod.ts";
import { FAILS_VARIABLE } from "./counting_experiment.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const SCRIPT = "tests/engine/counting_experiment.ts";

async function deno(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", ...args],
    cwd: root,
    env: { NO_COLOR: "1", ...env },
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await command.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** The counting experiment, by the command that a run can be resumed with. */
const count = (runs: string, args: readonly string[], env = {}) =>
  deno(["main.ts", "run", SCRIPT, "--runs", runs, "--no-serve", "--threads", "1", "--json", ...args], env);

async function withRuns(body: (runs: string) => Promise<void>): Promise<void> {
  const runs = await Deno.makeTempDir({ prefix: "stitchbook-engine-" });
  try {
    await body(runs);
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
}

const keysOf = async (runs: string, id: string) =>
  new Map((await readRun(runs, id))!.cells.map(({ name, cellKey, status }) => [name, [cellKey, status]]));

Deno.test("`--parallel 2` builds independent cells at once, and comes to what one process comes to", async () => {
  await withRuns(async (runs) => {
    await withRuns(async (others) => {
      const [together, alone] = await Promise.all([
        count(runs, ["--parallel", "2", "--set", "wait=300", "--set", "steps=4"]),
        count(others, ["--set", "steps=4", "--set", "wait=300"]),
      ]);
      assert.equal(together.code, 0, together.stderr);
      assert.equal(alone.code, 0, alone.stderr);
      const [id] = await runIds(runs);
      assert.deepEqual(await keysOf(runs, id!), await keysOf(others, (await runIds(others))[0]!));
      const tables = (text: string) => JSON.parse(text.trim().split("\n").at(-1)!).tables;
      assert.deepEqual(tables(together.stdout), tables(alone.stdout));
      assert.deepEqual(tables(together.stdout), { sum: [{ sum: 9 }] });

      const { events } = (await readEvents(runs, id!))!;
      const at = (kind: string, cell: string) =>
        events.findIndex((event) => event.kind === kind && "cell" in event && event.cell === cell);
      for (const [a, b] of [["part:a", "part:b"], ["part:b", "part:a"]] as const) {
        assert.ok(at("cell.start", a) < at("cell.end", b), `${a} starts before ${b} ends`);
      }
      const steps = events.flatMap((event) => event.kind === "metrics" && event.cell === "part:b" ? [event.step] : []);
      assert.deepEqual(steps, [1, 2, 3, 4]);
      assert.equal(events.filter(({ kind }) => kind === "cell.end").length, 4);
      const attempts = await listAttempts(join(runs, id!), "part:a");
      assert.deepEqual(attempts.map(({ name }) => name), ["1.0"]);
      assert.equal((await readEnd(attempts[0]!.folder))!.status, "done");
    });
  });
});

Deno.test("a cell that fails ends what needs it and nothing else, and resuming builds only what is missing", async () => {
  await withRuns(async (runs) => {
    const failed = await count(runs, ["--parallel", "2"], { [FAILS_VARIABLE]: "a" });
    assert.equal(failed.code, 2);
    assert.match(failed.stderr, /The cell part:a: It failed as it was told to; 1 cell not begun for want of others/);
    assert.doesNotMatch(failed.stderr, /\n {4}at /);
    const [id] = await runIds(runs);
    const statuses = async () => (await readRun(runs, id!))!.cells.map(({ name, status }) => [name, status]);
    assert.deepEqual(await statuses(), [
      ...[["base", "done"], ["part:a", "failed"], ["part:b", "done"], ["sum", "planned"]],
    ]);
    const logs = await deno(["main.ts", "logs", id!, "part:a", "--runs", runs]);
    assert.match(logs.stdout, /── attempt 1\.0, failed on /);
    assert.match(logs.stdout, /It failed as it was told to/);

    // The cell alone, then the rest.
    const cell = await deno(["main.ts", "cell", id!, "part:a", "--runs", runs]);
    assert.equal(cell.code, 0, cell.stderr);
    assert.match(cell.stderr, /part:a: resumes at step 1/);
    const resumed = await deno(["main.ts", "resume", id!, "--runs", runs]);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.deepEqual(await statuses(), [
      ...[["base", "done"], ["part:a", "cached"], ["part:b", "done"], ["sum", "done"]],
    ]);
    for (const [name, times] of [["base", 1], ["part:a", 2], ["part:b", 1], ["sum", 1]] as const) {
      assert.equal((await listAttempts(join(runs, id!), name)).length, times, name);
    }
  });
});

Deno.test("Ctrl-C stops the cells that are being built, with checkpoints", async () => {
  await withRuns(async (runs) => {
    const args = ["--parallel", "2", "--set", "wait=200", "--set", "steps=100"];
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", SCRIPT, "--runs", runs, "--no-serve", "--threads", "1", ...args],
      cwd: root,
      stdout: "null",
      stderr: "null",
    }).spawn();
    const counted = async (name: string) => {
      const [id] = await runIds(runs);
      const view = id === undefined ? undefined : await readRun(runs, id);
      return view?.cells.find((cell) => cell.name === name)?.metrics.length ?? 0;
    };
    while (await counted("part:a") < 2 || await counted("part:b") < 2) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    child.kill("SIGINT");
    assert.equal((await child.status).code, 130);
    const [id] = await runIds(runs);
    const view = (await readRun(runs, id!))!;
    assert.equal(view.status, "stopped");
    for (const name of ["part:a", "part:b"]) {
      const { cellKey, status } = view.cells.find((cell) => cell.name === name)!;
      assert.equal(status, "stopped");
      const kept = await Array.fromAsync(Deno.readDir(join(runs, ".checkpoints", cellKey)));
      assert.ok(kept.length >= 2, `${name} has ${kept.length} checkpoints`);
      const [attempt] = await listAttempts(join(runs, id!), name);
      assert.equal((await readEnd(attempt!.folder))!.status, "stopped");
    }
  });
});
