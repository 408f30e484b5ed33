// Which device builds which kind of cell: nodes are asked how they compute, and only where that is not known.
import assert from "node:assert/strict";
import { slurmDevices } from "../../../lib/engine/mod.ts";
import type { KindDevices } from "../../../lib/engine/mod.ts";
import type { SlurmSettings } from "../../../lib/engine/slurm/settings.ts";
import { answering, type Left } from "./answering.ts";

const PLAN = ["seed", "expert:code", "expert:math", "stitch", "evaluate"].map((cell) => ({
  ...{ cell, title: "", tokens: 0, flops: 0, layers: 0, bytes: 0 },
  needs: cell.startsWith("expert") ? ["seed"] : [],
}));

const GPU = { partition: "gpu", gres: "gpu:1" } as const;

/** What comes out for settings of kinds, and what Slurm was asked for that. */
async function devicesOf(
  kinds: SlurmSettings["kinds"],
  nodes: Readonly<Record<string, Left>> | undefined,
  known?: KindDevices,
) {
  const runFolder = await Deno.makeTempDir({ prefix: "stitchbook-devices-" });
  const { slurm, clock, scripts } = answering(nodes);
  try {
    const jobs = {
      ...{ run: "the-run", runFolder, cwd: "/code", command: ["/bin/deno", "it.ts"], env: {} },
      settings: { all: {}, kinds },
      device: { name: "cpu", chosen: false } as const,
      secondsOf: () => undefined,
    };
    const result = await slurmDevices({ jobs, plan: PLAN, numerics: "avx2", known, code: "c1", slurm, clock })
      .catch((error) => error as Error & { readonly code: string; readonly hint?: string });
    return { result, scripts };
  } finally {
    await Deno.remove(runFolder, { recursive: true });
  }
}

const answered = (result: KindDevices | Error | undefined): KindDevices => {
  assert.ok(result !== undefined && !(result instanceof Error), String(result));
  return result;
};

Deno.test("cells that all compute on the device of the command ask no node", async () => {
  const { result, scripts } = await devicesOf({ expert: { cpus: 4 }, evaluate: { device: "cpu" } }, {});
  assert.deepEqual([result, scripts], [undefined, []]);
});

Deno.test("one node of each place says how the cells that go there compute", async () => {
  const kinds = { expert: GPU, stitch: GPU, evaluate: { device: "reference" as const } };
  const { result, scripts } = await devicesOf(kinds, { n1: { code: "c1", numerics: "webgpu A" } });
  assert.equal(scripts.length, 2);
  assert.match(scripts[0]!, /^#SBATCH --partition=gpu$[^]*^#SBATCH --gres=gpu:1$[^]*^#SBATCH --nodes=1$/m);
  assert.match(scripts[0]!, /it\.ts --device webgpu --probe/);
  assert.match(scripts[1]!, /it\.ts --device reference --probe/);
  const { numerics, kinds: found } = answered(result);
  assert.equal(numerics, "avx2");
  assert.deepEqual(Object.keys(found), ["expert", "stitch", "evaluate"]);
  assert.deepEqual([found.expert!.device, found.expert!.numerics], ["webgpu", "webgpu A"]);
  assert.equal(found.evaluate!.device, "reference");
});

Deno.test("what is known of a place is not asked again, unless its jobs ask for something else", async () => {
  const first = answered((await devicesOf({ expert: GPU }, { n1: { code: "c1", numerics: "webgpu A" } })).result);
  const again = await devicesOf({ expert: GPU }, undefined, first);
  assert.deepEqual([again.result, again.scripts], [first, []]);
  const moved = await devicesOf(
    { expert: { ...GPU, constraint: "h100" } },
    { n2: { code: "c1", numerics: "webgpu H" } },
    first,
  );
  assert.equal(answered(moved.result).kinds.expert!.numerics, "webgpu H");
  assert.equal(moved.scripts.length, 1);
});

Deno.test("a node that has no such device, and a place without a free node, are named", async () => {
  const without = (await devicesOf({ expert: GPU }, { n1: "error: There is no WebGPU adapter\n" })).result;
  assert.ok(without instanceof Error);
  assert.match(without.message, /cannot build its cells\. n1: it said: error: There is no WebGPU adapter$/);
  const busy = (await devicesOf({ expert: GPU, stitch: GPU }, undefined)).result as Error & { hint: string };
  assert.equal(
    busy.message,
    "Cannot hand in jobs: no node of gpu was free within 60 s to say how webgpu computes there, which the results of " +
      "expert, stitch depend on",
  );
  assert.match(busy.hint, /--slurm\.probe/);
});
