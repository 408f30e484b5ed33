// Killing a process with what it started, and bounds on time and output.
import assert from "node:assert/strict";
import { startGuarded } from "../../lib/sandbox/guarded.ts";
import { machineProtection } from "../../lib/sandbox/mod.ts";

const windows = Deno.build.os === "windows";

/** Waits until no such process runs. */
async function gone(pid: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    try {
      Deno.kill(pid, "SIGCONT");
      // A zombie, which its new parent has not asked for its status yet.
      if (Deno.build.os === "linux" && / Z /.test(Deno.readTextFileSync(`/proc/${pid}/stat`))) return;
    } catch (error) {
      return assert.ok(error instanceof Deno.errors.NotFound, String(error));
    }
    await new Promise((done) => setTimeout(done, 20));
  }
  assert.fail(`process ${pid} is still running`);
}

Deno.test({
  name: "a process is killed with the processes that it started, on time",
  ignore: windows,
  async fn() {
    await using process = startGuarded("sh", { args: ["-c", "sleep 100 & echo $!; sleep 100"] }, 1000);
    const grandchild = Number(await process.nextLine());
    assert.ok(grandchild > 0);
    process.killAfter(0.05);
    assert.equal(await process.nextLine(), undefined);
    assert.equal((await process.end()).stopped, "time");
    await gone(grandchild);
    await gone(process.pid);
  },
});

Deno.test({
  name: "what a process leaves behind is killed when it ends",
  ignore: windows,
  async fn() {
    await using process = startGuarded("sh", { args: ["-c", "sleep 100 >&- 2>&- & echo $!"] }, 1000);
    const orphan = Number(await process.nextLine());
    const { status, stopped } = await process.end();
    assert.ok(status.success || status.signal === "SIGKILL");
    assert.equal(stopped, undefined);
    await gone(orphan);
  },
});

Deno.test({
  name: "output is bounded, whole lines are read, and a process that does not read cannot block",
  ignore: windows,
  async fn() {
    await using process = startGuarded("sh", { args: ["-c", "printf 'a\\nb\\nc'; echo why >&2; sleep 0.1"] }, 1000);
    void process.write("x".repeat(1 << 20));
    assert.deepEqual([await process.nextLine(), await process.nextLine()], ["a", "b"]);
    assert.equal(await process.nextLine(), undefined, "c has no end");
    const { stopped, stderr } = await process.end();
    assert.deepEqual([stopped, stderr], [undefined, "why\n"]);
    for (const where of ["1", "2"]) {
      await using loud = startGuarded("sh", { args: ["-c", `while :; do echo 0123456789 >&${where}; done`] }, 1000);
      while (await loud.nextLine() !== undefined);
      assert.equal((await loud.end()).stopped, "output");
    }
  },
});

Deno.test({
  name: "a program ends with the process that started it, even if it is blocked",
  ignore: !(await machineProtection()).endsWithParent,
  fn: endsWithParent,
});

async function endsWithParent(): Promise<void> {
  const script = `
    import { startProgram } from ${JSON.stringify(new URL("../../lib/sandbox/mod.ts", import.meta.url).href)};
    const block = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)";
    const program = await startProgram(\`let calls = 0; const f = () => calls++ === 0 ? Deno.pid : \${block};\`, "f");
    console.log((await program.call([])).value);
    await program.call([]);`;
  const parent = startGuarded(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `data:application/typescript,${encodeURIComponent(script)}`],
    cwd: new URL("../../", import.meta.url).pathname,
  }, 10_000);
  const program = Number(await parent.nextLine());
  if (!(program > 0)) assert.fail((await parent.end()).stderr);
  Deno.kill(parent.pid, "SIGKILL"); // alone: the program has a session of its own
  await gone(program);
  await parent.end();
}
