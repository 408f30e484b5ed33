// Scenarios on a real Slurm: what is handed in, and what is refused before.
import assert from "node:assert/strict";
import { join } from "node:path";
import { readTable } from "../../../../lib/engine/mod.ts";
import { readRun, runIds } from "../../../../lib/run/mod.ts";
import { begun, count, COUNTING, ends, mayMount, type Scenarios, start, until } from "./on_cluster.ts";

export const handingIn: Scenarios = {
  async "the trials of a sweep share the cell that is theirs in common"({ cluster, runs }) {
    // Cells last longer than it takes a process to see that the one that started it is gone.
    const grid = ["--grid", "steps=2,3,4,5", "--set", "wait=800", "--metric", "part:a/count", "--parallel", "4"];
    await ends(
      start(cluster, [
        "main.ts",
        "sweep",
        COUNTING,
        ...grid,
        "--runs",
        runs,
        "--no-serve",
        "--engine",
        "slurm",
      ]),
      0,
    );
    const ids = await runIds(runs);
    assert.equal(ids.length, 4);
    const views = await Promise.all(ids.map((id) => readRun(runs, id)));
    assert.equal(new Set(views.map((view) => view!.cells.find(({ name }) => name === "base")!.cellKey)).size, 1);
    const base = views.map((view) => view!.cells.find(({ name }) => name === "base")!.status);
    assert.deepEqual(base.sort(), ["cached", "cached", "cached", "done"]);
  },

  async "a node that cannot build cells is named before anything is handed in"({ cluster, runs }) {
    const prelude = 'if [ "$SLURMD_NODENAME" = n2 ]; then echo "module: command not found"; exit 1; fi';
    const said = await ends(count(cluster, runs, ["--slurm.prelude", prelude]), 2);
    assert.match(
      said,
      /one node of the 2 that were checked cannot build its cells\. n2: it said: module: command not f/,
    );
    assert.match(said, /hint: leave it out with --slurm\.nodes\.exclude n2\n/);
    const jobs = await cluster.call("squeue", "-h", "-t", "all", "-o", "%j %T");
    const id = await begun(runs);
    assert.doesNotMatch(jobs, new RegExp(`${id}/(base|part|sum)`), "nothing is handed in");

    if (await mayMount()) {
      await cluster.killNode("n2");
      await cluster.startNode("n2", runs);
      const hidden = await ends(count(cluster, runs, ["--fresh"]), 2);
      assert.match(hidden, /n2: it does not see the folder of the run/);
      await cluster.killNode("n2");
      await cluster.startNode("n2");
    } else console.log("skipped: a node that does not see the folder, for want of the right to mount");

    const good = await ends(count(cluster, runs, ["--fresh", "--slurm.nodes.exclude", "n2"]), 0);
    assert.match(good, /Checked n1: folder, code and packages are there/);
  },

  async "what Slurm refuses is one sentence, and a stopped run has no jobs left"({ cluster, runs }) {
    const partition = await ends(count(cluster, runs, ["--slurm.partition", "gpu"]), 2);
    assert.match(partition, /error: Slurm refuses the job probe\. It said: .*partition/i);
    const memory = await ends(count(cluster, runs, ["--fresh", "--slurm.mem", "900G"]), 2);
    assert.match(memory, /error: Slurm refuses the job base\. It said: /);
    assert.match(memory, /hint: .*--slurm\.mem|hint: sinfo/);
    const run = count(cluster, runs, ["--fresh", "--set", "steps=500", "--set", "wait=500"]);
    const id = await until(async () => {
      const [newest] = await runIds(runs);
      return newest !== undefined && Object.keys(await readTable(join(runs, newest))).length === 4 ? newest : undefined;
    });
    const stopped = await ends(start(cluster, ["main.ts", "stop", id, "--runs", runs]), 0);
    assert.match(stopped, /of its jobs were cancelled/);
    await run.child.status;
    await until(async () => await cluster.call("squeue", "-h", "-o", "%i") === "" ? true : undefined);
  },
};
