// Slurm's commands as processes: what is said of one that is not there, or does not answer.
import assert from "node:assert/strict";
import { join } from "node:path";
import { saidBy, slurmCommand } from "../../../lib/engine/slurm/commands.ts";

async function withCommand(text: string, body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook-commands-" });
  const path = Deno.env.get("PATH")!;
  try {
    await Deno.writeTextFile(join(folder, "sinfo"), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    Deno.env.set("PATH", `${folder}:${path}`);
    await body(folder);
  } finally {
    Deno.env.set("PATH", path);
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("what a command prints and returns is read", () =>
  withCommand("echo out; echo 'sinfo: error: no such thing' >&2; exit 3", async () => {
    const answer = await slurmCommand("sinfo", [], 10_000);
    assert.deepEqual(answer, { code: 3, stdout: "out", stderr: "sinfo: error: no such thing" });
    assert.equal(saidBy(answer), "no such thing");
  }));

Deno.test({
  name: "a command that does not answer is given up in time, whatever it leaves behind",
  // What the shell started holds its output until it ends by itself.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () =>
    withCommand('(sleep 4; touch "$0.ended") & sleep 4', async (folder) => {
      const late = { code: "slurm.timeout", message: "Slurm did not answer sinfo within 0.3 s" };
      await assert.rejects(slurmCommand("sinfo", [], 300), late);
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
      assert.deepEqual(names, ["sinfo"], "it was not waited for");
    }),
});

Deno.test("a command that is not there is no Slurm here", async () => {
  const path = Deno.env.get("PATH")!;
  Deno.env.set("PATH", "/nowhere");
  try {
    await assert.rejects(slurmCommand("sinfo", [], 1_000), { code: "slurm.absent" });
  } finally {
    Deno.env.set("PATH", path);
  }
});
