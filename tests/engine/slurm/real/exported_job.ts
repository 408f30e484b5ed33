// A scenario on a real Slurm: an expert that is trained by the exported script, as the job's README says.
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { pythonCommand } from "../../../../lib/host/mod.ts";
import { runIds } from "../../../../lib/run/mod.ts";
import { optional } from "../../../optional.ts";
import { ends, type Scenarios, start, until } from "./on_cluster.ts";

const STEPS = 200;

export const exportedJob: Scenarios = {
  async "the script of an exported expert leaves a checkpoint when its time is up, and goes on elsewhere"(
    { cluster, runs },
  ) {
    if (!optional["python-torch"]) {
      assert.notEqual(Deno.env.get("STITCHBOOK_REQUIRE_ALL"), "1", "there is PyTorch");
      return console.log("skipped: an exported expert, for want of PyTorch");
    }
    const settings = ["--preset", "smoke", "--no-serve", "--set", `train.expert.steps=${STEPS}`];
    await ends(start(cluster, ["experiments/bts.ts", "--runs", runs, ...settings]), 0);
    const [id] = await runIds(runs);
    const job = join(runs, "job");
    await ends(start(cluster, ["main.ts", "export", "job", id!, "expert:code", "--runs", runs, "--out", job]), 0);

    const readme = await Deno.readTextFile(join(job, "README.md"));
    const command = /^sbatch [^]*?'$/m.exec(readme)![0];
    const python = pythonCommand();
    const path = `${python.includes("/") ? dirname(python) : "/usr/bin"}:${Deno.env.get("PATH")}`;
    const env = { ...cluster.env, PATH: path, OMP_NUM_THREADS: "1", SBATCH_OUTPUT: join(job, "slurm.out") };
    const handedIn = await new Deno.Command("bash", { args: ["-c", command], cwd: job, env, stdout: "piped" }).output();
    const [number] = /\d+/.exec(new TextDecoder().decode(handedIn.stdout))!;
    const log = async () => await Deno.readTextFile(join(job, "log.jsonl")).catch(() => "");
    await until(async () => (await log()).split("\n").length > 20);
    await cluster.call("scancel", "--signal=USR1", number!);
    await until(async () => /left a checkpoint/.test(await Deno.readTextFile(join(job, "slurm.out"))));
    let hurried = false;
    await until(async () => {
      const [state, restarts] = (await about(number!)).split("|");
      // Slurm lets a job that it starts again wait for two minutes, and a node refuses it within a second.
      if (state === "PENDING" && !hurried) {
        hurried = true;
        await cluster.call("scontrol", "update", `JobId=${number}`, "StartTime=now+3");
      }
      assert.match(state!, /^(PENDING|RUNNING|COMPLETING|COMPLETED|CONFIGURING|REQUEUED)$/);
      return state === "COMPLETED" && restarts === "1";
    });
    async function about(job: string): Promise<string> {
      const text = await cluster.call("scontrol", "show", "job", job);
      return `${/JobState=(\S+)/.exec(text)![1]}|${/Restarts=(\d+)/.exec(text)![1]}`;
    }
    const printed = await Deno.readTextFile(join(job, "slurm.out"));
    const [, left] = /left a checkpoint of step (\d+)/.exec(printed)!;
    assert.match(printed, new RegExp(`Goes on from the checkpoint of step ${left}\n`));
    const steps = (await log()).trimEnd().split("\n").map((line) => JSON.parse(line).step);
    assert.deepEqual(steps, Array.from({ length: STEPS }, (_, i) => i + 1), "every step is logged once");
    assert.ok((await Deno.stat(join(job, "expert", "config.json"))).isFile);
  },
};
