// Runs on a real Slurm of two nodes, for CI: an array over both nodes, a node that dies, a copy that goes on, USR1, a cell
// that fails, a command that is killed and attached again, a sweep whose trials share a cell, experts on a GPU, and an
// exported expert that is started again.
//
//     deno run -A tests/engine/slurm/real.ts [scenario …]
import { join } from "node:path";
import { startCluster } from "./real/cluster.ts";
import { devices } from "./real/devices.ts";
import { exportedJob } from "./real/exported_job.ts";
import { failures } from "./real/failures.ts";
import { handingIn } from "./real/handing_in.ts";
import type { Scenarios } from "./real/on_cluster.ts";

const scenarios: Scenarios = { ...failures, ...handingIn, ...devices, ...exportedJob };
const chosen = Deno.args;
const folder = await Deno.makeTempDir({ prefix: "stitchbook-cluster-" });
const cluster = await startCluster(folder);
try {
  for (const [i, [name, scenario]] of Object.entries(scenarios).entries()) {
    if (chosen.length > 0 && !chosen.some((text) => name.includes(text))) continue;
    const began = performance.now();
    const runs = join(folder, `runs-${i}`);
    await Deno.mkdir(runs);
    await scenario({ cluster, runs });
    console.log(`${name} ... ok (${Math.round((performance.now() - began) / 1000)} s)`);
  }
} finally {
  await cluster.stop();
}
await Deno.remove(folder, { recursive: true });
