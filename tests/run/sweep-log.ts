// A sweep written by hand: what the server reads, without running anything.
import { join } from "node:path";
import { createSweepLog, type SweepEventBody, sweepLine } from "../../lib/run/sweep/log.ts";

/** Writes a sweep of three trials over `x`, the first and the last done, with these bits per byte, the second failed; gives the path of its file. */
export async function fakeSweep(runsFolder: string, sweep: string, name = "A sweep", bpb = [2, 1.5]): Promise<string> {
  const folder = join(runsFolder, "sweeps", sweep);
  await Deno.mkdir(folder, { recursive: true });
  await createSweepLog(folder, {
    kind: "sweep.start",
    schemaVersion: 1,
    sweep,
    name,
    experiment: "fake",
    script: "experiments/bts.ts",
    shared: [],
    configFile: null,
    metric: "bpb",
    keys: ["x"],
    random: null,
    trials: ["1", "2", "3"].map((x) => ({ settings: { x }, seed: 1 })),
    command: ["deno", "task", "sweep", "experiments/bts.ts", "--grid", "x=1,2,3", "--name", name],
  });
  const path = join(folder, "sweep.jsonl");
  const run = (trial: number) => `20261122-1010${10 + trial}-fake-trial-${trial}-aaaa`;
  const end = (trial: number, status: "done" | "failed", bpb: number | undefined): SweepEventBody => ({
    kind: "trial.end",
    trial,
    run: run(trial),
    status,
    seconds: 2,
    error: status === "failed" ? "<b>no</b>" : null,
    cells: { total: 2, cached: 1 },
    values: bpb === undefined ? {} : { bpb, "fake/quiz": bpb / 10 },
  });
  for (
    const body of [
      { kind: "trial.start", trial: 1, run: run(1) },
      end(1, "done", bpb[0]),
      { kind: "trial.start", trial: 2, run: run(2) },
      end(2, "failed", undefined),
      { kind: "trial.start", trial: 3, run: run(3) },
      end(3, "done", bpb[1]),
      { kind: "sweep.close", status: "failed" },
    ] satisfies SweepEventBody[]
  ) Deno.writeFileSync(path, sweepLine(body), { append: true });
  return path;
}
