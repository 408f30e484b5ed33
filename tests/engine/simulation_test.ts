// The engine on a simulated cluster with failures of every kind: what must hold whatever happens. The simulator is that of
// `deno task bench:cluster`; its time is virtual, and everything else is the real engine.
import assert from "node:assert/strict";
import { type Scenario, simulate, type Simulated } from "../../bench/cluster/simulate.ts";
import { compareAttempts } from "../../lib/engine/attempts.ts";

const SEED = crypto.getRandomValues(new Uint32Array(1))[0]! % 1e6;
/** A checkpoint is late by a step and by the time that it takes to write. */
const LATE_SECONDS = 65;

/** So rough that each kind of failure all but surely happens. */
const ROUGH: Scenario = {
  experts: 5,
  durations: { text: 120, seed: 600, expert: 3600, stitch: 600, evaluate: 300 },
  checkpoint: 600,
  cluster: {
    partitions: {
      gpu: { nodes: 20, queueSeconds: 120, preemptionsPerHour: 1 },
      cpu: { nodes: 3, queueSeconds: 30, preemptionsPerHour: 0 },
    },
    nodeHours: 0.8,
    split: 0.7,
    processHours: 1,
  },
  partitionOf: (kind) => kind === "text" || kind === "evaluate" ? "cpu" : "gpu",
  limit: 40,
  retries: 20,
  seed: SEED,
};

async function simulated(changes: Partial<Scenario> = {}): Promise<Simulated> {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook-simulation-" });
  try {
    return await simulate({ ...ROUGH, ...changes }, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Processes that a simulated node took along stay behind, as they would on a lost node. */
const unsanitized = { sanitizeOps: false, sanitizeResources: false };
const ended = ({ ends }: Simulated) =>
  Object.fromEntries([...ends].map(([cell, how]) => [cell, how.filter((one) => one === "done").length]));

Deno.test({
  name: "whatever fails, all cells end once, copies never write by turns, and little work is lost",
  ...unsanitized,
  async fn() {
    console.log(`seeds from ${SEED}`);
    const seen = { nodeFailures: 0, splits: 0, preemptions: 0, crashes: 0, notices: 0 };
    for (let seed = SEED; seed < SEED + 2; seed++) {
      const run = await simulated({ seed });
      assert.equal(run.failure, undefined, `seed ${seed}: ${run.failure}`);
      const experts = Array.from({ length: ROUGH.experts }, (_, i) => `expert:${i + 1}`);
      const once = Object.fromEntries(["text", "seed", ...experts, "stitch", "evaluate"].map((cell) => [cell, 1]));
      assert.deepEqual(ended(run), once, `seed ${seed}`);
      for (const [cell, attempts] of run.writers) {
        assert.deepEqual(attempts, attempts.toSorted(compareAttempts), `seed ${seed}, ${cell}: an older copy wrote`);
      }
      const most = ROUGH.checkpoint + LATE_SECONDS;
      assert.ok(run.lost.every((seconds) => seconds <= most), `seed ${seed}: lost ${run.lost.join(", ")} s`);
      for (const name of Object.keys(seen) as (keyof typeof seen)[]) seen[name] += run.seen[name];
    }
    assert.ok(Object.values(seen).every((count) => count > 0), `seeds from ${SEED}: ${JSON.stringify(seen)}`);
  },
});

Deno.test({
  name: "a simulation depends on its seed alone",
  ...unsanitized,
  async fn() {
    const small = { experts: 2 };
    const one = await simulated(small);
    const same = await simulated(small);
    const other = await simulated({ ...small, seed: SEED + 7 });
    const { makespan, calls, lost, seen } = one;
    assert.deepEqual({ makespan: same.makespan, calls: same.calls, lost: same.lost, seen: same.seen }, {
      ...{ makespan, calls, lost, seen },
    });
    assert.notEqual(other.makespan, makespan);
  },
});

Deno.test({
  name: "a cell that fails too often ends what needs it and nothing else",
  ...unsanitized,
  async fn() {
    const calm = { ...ROUGH.cluster, nodeHours: Infinity, split: 0 };
    const run = await simulated({ retries: 0, cluster: { ...calm, processHours: 0.5 } });
    assert.equal((run.failure as { readonly code?: string } | undefined)?.code, "cell.failed", `seed ${SEED}`);
    const { stitch = 0, evaluate = 0, ...others } = ended(run);
    assert.deepEqual([stitch, evaluate], [0, 0], `seed ${SEED}`);
    assert.ok(Object.values(others).every((count) => count <= 1), `seed ${SEED}: ${JSON.stringify(others)}`);
  },
});
