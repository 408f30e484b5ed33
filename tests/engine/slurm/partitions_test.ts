// What `sinfo` prints, and plans for it.
import assert from "node:assert/strict";
import { planCommand } from "../../../lib/cli/plan.ts";
import { readPartitions, type SlurmCommands } from "../../../lib/engine/mod.ts";

const SINFO = [
  "cpu*|40|64|257000|(null)|infinite|up",
  "gpu|8|96|1031000|gpu:a100:4(S:0-1)|2-12:00:00|up",
  "gpu|2|96+|515000+|gpu:a100:2|2-12:00:00|up",
  "old|3|16|64000|gpu:2|30:00|up",
  "drained|3|16|64000|gpu:h100:8|1:00:00|down",
].join("\n");

const sinfo = (stdout: string, more = {}): SlurmCommands => () =>
  Promise.resolve({ code: 0, stdout, stderr: "", ...more });

Deno.test("`readPartitions()` reads nodes, memory, accelerators and limits of partitions that take jobs", async () => {
  const found = await readPartitions(sinfo(SINFO));
  assert.deepEqual(found.map(({ name, isDefault, nodes, cpus }) => [name, isDefault, nodes, cpus]), [
    ...[["cpu", true, 40, 64], ["gpu", false, 8, 96], ["gpu", false, 2, 96], ["old", false, 3, 16]],
  ]);
  assert.deepEqual(found.map(({ gpus }) => gpus), [
    ...[undefined, { type: "a100", count: 4 }, { type: "a100", count: 2 }, { type: undefined, count: 2 }],
  ]);
  assert.deepEqual(found.map(({ seconds }) => seconds), [undefined, 216_000, 216_000, 1800]);
  assert.equal(found[0]!.bytes, 257_000 * 2 ** 20);
  const limits = ["90|1", "1:30:00|1", "0:45|1"].map((limit) => `p|1|1|1|(null)|${limit.replace("|1", "")}|up`);
  assert.deepEqual((await readPartitions(sinfo(limits.join("\n")))).map(({ seconds }) => seconds), [5400, 5400, 45]);
  await assert.rejects(readPartitions(sinfo("Welcome!")), { code: "slurm.partitions", message: /printed "Welcome!"/ });
  const silent = sinfo("", { code: 1, stderr: "slurm_load_partitions: Unable to contact slurm controller" });
  await assert.rejects(readPartitions(silent), { code: "slurm.partitions", message: /Unable to contact/ });
});

Deno.test("`deno task plan --engine slurm` plans for the GPUs of a partition and says what exceeds its limit", async () => {
  const plan = async (...args: string[]) => {
    const lines: string[] = [];
    await planCommand(["--engine", "slurm", ...args], (line) => lines.push(line), sinfo(SINFO));
    return lines.join("\n");
  };
  const text = await plan("--slurm.partition", "gpu");
  assert.match(text, /36 × NVIDIA A100 80GB/);
  assert.match(text, /cpu +40 +64/);
  assert.match(text, /Longer than the time limit of gpu, 3 days: seed/);
  assert.match(await plan("--slurm.partition=old", "--gpu", "a10"), /6 × NVIDIA A10 /);
  for (
    const [args, code, message, hint = /./] of [
      [[], "plan.partition", /Several partitions have GPUs: gpu, old/],
      [["--slurm.partition", "cpu"], "plan.partition", /Slurm knows of no GPUs in the partition cpu/],
      [["--slurm.partition", "big"], "plan.partition", /There is no partition big: expected one of cpu, gpu, old/],
      [["--slurm.partition", "old"], "plan.gpu", /The GPUs of old are called gpu/, /--gpu: .*h100/],
      [["--slurm.mem", "8G"], "slurm.setting", /Cannot use --slurm\.mem in a plan/],
    ] as const
  ) {
    await assert.rejects(plan(...args), (error: Error & { readonly code: string; readonly hint?: string }) => {
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assert.match(error.hint ?? "none", hint);
      return true;
    });
  }
});
