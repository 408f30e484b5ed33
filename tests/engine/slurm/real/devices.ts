// Scenarios on a real Slurm: experts on a GPU, which one node has, and everything else on processors.
import assert from "node:assert/strict";
import { join } from "node:path";
import { jobId, readTable } from "../../../../lib/engine/mod.ts";
import { findCell, readRun, runIds } from "../../../../lib/run/mod.ts";
import { optional } from "../../../optional.ts";
import { ends, type Scenarios, start, statuses } from "./on_cluster.ts";

export const devices: Scenarios = {
  async "experts that ask for a GPU compute on it, and the others where the command does"({ cluster, runs }) {
    if (!optional.vulkan) {
      assert.notEqual(Deno.env.get("STITCHBOOK_REQUIRE_ALL"), "1", "there is a Vulkan driver");
      return console.log("skipped: experts on a GPU, for want of a Vulkan driver");
    }
    // A GPU that is a processor is slow.
    const settings = ["--preset", "smoke", "--no-serve", "--device", "cpu", "--set", "train.expert.steps=5"];
    const onSlurm = ["--engine", "slurm", "--slurm.expert.gres", "gpu:1", "--slurm.expert.device", "webgpu"];
    const bts = (to: string, more: readonly string[]) =>
      start(cluster, ["experiments/bts.ts", "--runs", to, ...settings, ...more]);
    const said = await ends(bts(runs, onSlurm), 0);
    assert.match(said, /Cells of the kind expert compute on the device webgpu: webgpu /);
    const [id] = await runIds(runs);
    const view = (await readRun(runs, id!))!;
    const table = await readTable(join(runs, id!));
    for (const { name } of view.cells) {
      const about = await cluster.call("squeue", "-h", "-t", "all", "-j", jobId(table[name]!), "-o", "%b|%N");
      assert.match(about, name.startsWith("expert:") ? /^gres:gpu:1\|n2$/ : /^N\/A\|n[12]$/, name);
    }
    for (const { name, cellKey } of view.cells) {
      const cell = await findCell(runs, cellKey);
      assert.ok(cell.kind === "whole", `${name} is whole`);
      const { device } = cell.manifest.inputs as { readonly device?: string };
      if (device !== undefined) assert.match(device, name.startsWith("expert:") ? /^webgpu / : /^cpu /, name);
      else assert.doesNotMatch(name, /^(seed|expert|stitch)/);
    }

    // What computes as in a local run is the same, to the bit: cells are taken from the cache.
    await ends(bts(runs, ["--fresh"]), 0);
    const local = (await readRun(runs, (await runIds(runs)).find((one) => one !== id)!))!;
    const trained = Object.entries(statuses(local)).filter(([name]) => /^(seed|expert:.*|stitch)$/.test(name));
    for (const [name, status] of trained) assert.equal(status, name === "seed" ? "cached" : "done", name);

    // A third run finds all cells, and asks only what a node computes with.
    const again = await ends(bts(runs, [...onSlurm, "--fresh"]), 0);
    const third = (await runIds(runs)).find((one) => one !== id && one !== local.id)!;
    assert.ok((await readRun(runs, third))!.cells.every(({ status }) => status === "cached"), again);
    const names = await cluster.call("squeue", "-h", "-t", "all", "-o", "%j");
    assert.deepEqual(names.split("\n").filter((name) => name.startsWith(third)), [`${third}/device-1`]);
  },
};
