// Reading the queue again and again, also while Slurm's controller is away.
import assert from "node:assert/strict";
import { queueReader } from "../../../lib/engine/slurm/queue.ts";

Deno.test("a controller that is away for a while ends nothing; one that stays away does", async () => {
  let time = 0;
  let calls = 0;
  let away = true;
  const reader = queueReader(() => {
    calls++;
    const said = "slurm_load_jobs error: Unable to contact slurm controller";
    return Promise.resolve(
      away ? { code: 1, stdout: "", stderr: said } : { code: 0, stdout: "7|7|RUNNING|n1|None", stderr: "" },
    );
  }, { now: () => time, sleep: () => Promise.resolve() });
  await assert.rejects(reader.read(), { code: "slurm.queue" }, "it has not been seen yet");
  away = false;
  assert.equal((await reader.read()).get("7")?.state, "RUNNING");
  away = true;
  const before = calls;
  for (time = 5_000; time < 600_000; time += 5_000) assert.equal((await reader.read()).get("7")?.state, "RUNNING");
  assert.ok(calls - before < 25, `it is asked ${calls - before} times in ten minutes`);
  time = 700_000;
  await assert.rejects(reader.read(), { code: "slurm.queue", message: /Unable to contact slurm controller/ });
  away = false;
  time = 800_000;
  assert.equal((await reader.read()).get("7")?.state, "RUNNING");
});
