// The scripts of jobs: what bash thinks of them, and how long before its end a job is told.
import assert from "node:assert/strict";
import { join } from "node:path";
import { ATTEMPT_OUTPUT } from "../../../lib/engine/attempts.ts";
import { type JobScript, jobScript } from "../../../lib/engine/slurm/script.ts";
import { secondsOfTime } from "../../../lib/engine/slurm/time.ts";

const JOB: JobScript = {
  name: "run/expert",
  cells: [{ cell: "expert:code", attempts: "/runs/it's/a" }, { cell: "expert:x", attempts: "/runs/it's/b" }],
  jobsFolder: "/runs/it's/jobs",
  runFolder: "/runs/it's",
  cwd: "/code",
  command: ["/bin/deno", "run", "a script.ts"],
  env: { DENO_DIR: "/cache of mine" },
  request: { prelude: ["module load deno"], device: "cpu" },
};

const noticeOf = (request: JobScript["request"]) =>
  Number(/--signal=B:USR1@(\d+)/.exec(jobScript({ ...JOB, request }))![1]);

Deno.test("a script is one that bash can read, whatever is in its names", async () => {
  const check = new Deno.Command("bash", { args: ["-n"], stdin: "piped", stderr: "piped" }).spawn();
  const writer = check.stdin.getWriter();
  await writer.write(new TextEncoder().encode(jobScript(JOB)));
  await writer.close();
  const { code, stderr } = await check.output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
});

Deno.test("a job starts its cell on its device, with as many threads as processors where that has threads", () => {
  const lineOf = (request: JobScript["request"]) =>
    jobScript({ ...JOB, request }).split("\n").find((line) => line.includes("--cell"))!;
  assert.match(
    lineOf({ device: "cpu" }),
    /'a script\.ts' --device cpu --threads "\$\{SLURM_CPUS_ON_NODE:-1\}" --cell /,
  );
  assert.match(lineOf({ device: "webgpu" }), /'a script\.ts' --device webgpu --cell /);
  assert.match(lineOf({}), /'a script\.ts' --cell /);
});

Deno.test("a job runs its cell in the container that is asked for, with arguments and variables as they are", async () => {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook it's " });
  try {
    // A container's runtime that writes down what it is given, and runs the command.
    const runtime = `${folder}/runtime`.replaceAll("'", "'\\''"), called = join(folder, "called");
    const text = '#!/bin/sh\nprintf "%s\\n" "$DENO_DIR" "$STITCHBOOK_NODE" "$@" > "$CALLED"\nshift 2\nexec "$@"\n';
    await Deno.writeTextFile(join(folder, "runtime"), text, { mode: 0o755 });
    const script = jobScript({
      ...JOB,
      cells: [{ cell: "expert:it's", attempts: join(folder, "attempts") }],
      runFolder: folder,
      command: ["/bin/sh", "-c", 'echo "in the container"; exit 7', "a script.ts"],
      request: { container: `'${runtime}' exec image.sif`, device: "cpu", retries: 0 },
    });
    const env = { CALLED: called, SLURM_JOB_ID: "5", SLURMD_NODENAME: "n1", SLURM_CPUS_ON_NODE: "3" };
    const { code } = await new Deno.Command("bash", { args: ["-c", script], env, stdin: "null" }).output();
    assert.equal(code, 7, "the job ends as the command did");
    assert.deepEqual((await Deno.readTextFile(called)).trimEnd().split("\n"), [
      ...["/cache of mine", "n1", "exec", "image.sif"],
      ...["/bin/sh", "-c", 'echo "in the container"; exit 7', "a script.ts"],
      ...["--device", "cpu", "--threads", "3", "--cell", "expert:it's"],
    ]);
    const printed = await Deno.readTextFile(join(folder, "attempts", "5.0", ATTEMPT_OUTPUT));
    assert.equal(printed, "in the container\n", "what it prints is in the log of the attempt");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a job is told in time, also of a short limit, and never when it starts", () => {
  assert.equal(noticeOf({}), 90);
  assert.equal(noticeOf({ time: "2:00:00" }), 90);
  assert.equal(noticeOf({ time: "2" }), 30);
  assert.equal(noticeOf({ time: "2", notice: 100 }), 100);
  const refused = { code: "slurm.setting", message: /--slurm\.notice 300 with --slurm\.time 5: / };
  assert.throws(() => noticeOf({ time: "5", notice: 300 }), refused);
});

Deno.test("times are read as Slurm reads them", () => {
  for (
    const [text, seconds] of [
      ["90", 5400],
      ["1:30", 90],
      ["2:00:00", 7200],
      ["1-12", 129_600],
      ["1-12:30:00", 131_400],
      ["UNLIMITED", undefined],
      ["soon", null],
    ] as const
  ) assert.equal(secondsOfTime(text), seconds, text);
});
