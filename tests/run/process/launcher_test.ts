// Jobs: their arguments, output and end, and polling them from any process.
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { type Job, jobEnd, localLauncher, outputFile } from "../../../lib/run/process/launcher.ts";
import { spawnScript, withFolder } from "../fixtures.ts";

// A detached process is a resource that outlives the test's bookkeeping.
const detached = { sanitizeOps: false, sanitizeResources: false } as const;

async function script(folder: string, text: string): Promise<string> {
  const path = join(folder, "a job.ts");
  await Deno.writeTextFile(path, text);
  return path;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 300; i++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail("It did not come to that in 15 s");
}

Deno.test({
  name: "a job gets its arguments, logs both streams, and says how it ended",
  ...detached,
  fn: () =>
    withFolder(async (folder) => {
      const path = await script(
        folder,
        "console.log(JSON.stringify(Deno.args)); console.error('to stderr'); Deno.exit(3);",
      );
      const output = join(folder, "job.log");
      const args = ["a b", "", "--x='$HOME'"];
      const job = await localLauncher.submit({ script: path, args, output });
      assert.equal(await localLauncher.logs({ ...job, output: join(folder, "none") }), "");
      let looks = 0;
      assert.equal(await jobEnd(localLauncher, job, () => void looks++), "exit code 3");
      assert.ok(looks >= 1);
      assert.deepEqual(await localLauncher.poll(job), { kind: "ended", how: "exit code 3" });
      const said = (await localLauncher.logs(job)).trim().split("\n");
      assert.deepEqual(said.sort(), [JSON.stringify(args), "to stderr"].sort());
      // Canceling what has ended does nothing.
      await localLauncher.cancel(job);
      // The log is added to; stdout can be kept apart.
      const stdout = join(folder, "job.json");
      await jobEnd(localLauncher, await localLauncher.submit({ script: path, args, output, stdout }));
      assert.deepEqual(JSON.parse(await Deno.readTextFile(stdout)), args);
      assert.equal((await localLauncher.logs(job)).match(/to stderr/g)!.length, 2);
    }),
});

Deno.test({
  name: "any process that has a job's data can look at it and cancel it",
  ...detached,
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (folder) => {
      const path = await script(
        folder,
        "Deno.addSignalListener('SIGTERM', () => { console.log('canceled'); Deno.exit(0); });\n" +
          "console.log('ready'); setTimeout(() => {}, 60_000);",
      );
      const job = await localLauncher.submit({ script: path, args: [], output: join(folder, "job.log") });
      const other: Job = JSON.parse(JSON.stringify(job));
      await until(async () => (await localLauncher.logs(other)).includes("ready"));
      assert.deepEqual(await localLauncher.poll(other), { kind: "running" });
      await localLauncher.cancel(other);
      assert.equal(await jobEnd(localLauncher, job), "exit code 0");
      assert.deepEqual(await localLauncher.poll(other), { kind: "ended", how: undefined });
      assert.match(await localLauncher.logs(other), /canceled/);
      const elsewhere = { ...job, process: { ...job.process!, host: "elsewhere" } };
      assert.deepEqual(await localLauncher.poll(elsewhere), { kind: "unknown" });
      // Nothing is sent to a process of this machine that only has the same pid.
      await localLauncher.cancel({ ...job, process: { ...job.process!, pid: Deno.pid, started: "00000000" } });
    }),
});

Deno.test({
  name: "a job outlives the process that submitted it, unless it is to end with it",
  ...detached,
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (folder) => {
      const path = await script(
        folder,
        `import { endWithParent } from ${JSON.stringify(new URL("../../../lib/run/mod.ts", import.meta.url).href)};
endWithParent();
console.log("ready");
setTimeout(() => {}, 60_000);
`,
      );
      const [kept, bound] = ["kept.log", "bound.log"].map((name) => join(folder, name));
      const parent = spawnScript(`
        import { localLauncher } from "./lib/run/mod.ts";
        const jobs = [];
        for (const [output, endsWithParent] of ${JSON.stringify([[kept, false], [bound, true]])}) {
          jobs.push(await localLauncher.submit({ script: ${JSON.stringify(path)}, args: [], output, endsWithParent }));
        }
        console.log(JSON.stringify(jobs));
        setTimeout(() => {}, 60_000);
      `);
      const { value } = await parent.stdout.pipeThrough(new TextDecoderStream()).getReader().read();
      const [first, second] = JSON.parse(value!) as Job[];
      const ready = async (job: Job) => (await localLauncher.logs(job)).includes("ready");
      await until(async () => await ready(first!) && await ready(second!));
      parent.kill("SIGKILL");
      await parent.status;
      await parent.stderr.cancel();
      await until(async () => (await localLauncher.poll(second!)).kind === "ended");
      assert.match(await localLauncher.logs(second!), /Parent process exited/);
      assert.deepEqual(await localLauncher.poll(first!), { kind: "running" });
      await localLauncher.cancel(first!);
      await until(async () => (await localLauncher.poll(first!)).kind === "ended");
    }),
});

Deno.test("`outputFile()` is in a folder that only its owner may open", async () => {
  const runs = await Deno.makeTempDir({ prefix: "stitchbook-output-" });
  try {
    const path = await outputFile(runs, "a-run");
    const { mode } = await Deno.stat(dirname(path));
    if (Deno.build.os !== "windows") assert.equal(mode! & 0o777, 0o700);
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
});
