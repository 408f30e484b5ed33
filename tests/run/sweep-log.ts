// A sweep written by hand: what the server reads, without running anything.
import { join } from "node:path";
import { createSweepLog, type SweepEventBody, sweepLine } from "../../lib/run/sweep/log.ts";

/** The run of a trial of {@linkcode fakeSweep}. */
export const fakeTrialRun = (trial: number) => `20261122-1010${10 + trial}-fake-trial-${trial}-aaaa`;

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
  const end = (trial: number, status: "done" | "failed", bpb: number | undefined): SweepEventBody => ({
    kind: "trial.end",
    trial,
    run: fakeTrialRun(trial),
    status,
    seconds: 2,
    error: status === "failed" ? "<b>no</b>" : null,
    cells: { total: 2, cached: 1 },
    values: bpb === undefined ? {} : { bpb, "fake/quiz": bpb / 10 },
  });
  for (
    const body of [
      { kind: "trial.start", trial: 1, run: fakeTrialRun(1) },
      end(1, "done", bpb[0]),
      { kind: "trial.start", trial: 2, run: fakeTrialRun(2) },
      end(2, "failed", undefined),
      { kind: "trial.start", trial: 3, run: fakeTrialRun(3) },
      end(3, "done", bpb[1]),
      { kind: "sweep.close", status: "failed" },
    ] satisfies SweepEventBody[]
  ) Deno.writeFileSync(path, sweepLine(body), { append: true });
  return path;
}

/** The run of a trial of {@linkcode variedSweep}. */
export const variedTrialRun = (trial: number) => `20261122-1011${10 + trial}-fake-trial-${trial}-aaaa`;

/** Writes a sweep of 12 trials over two settings and two seeds: 11 done, the last failed. */
export async function variedSweep(runsFolder: string, sweep: string, name = "Rates and stitches"): Promise<void> {
  const folder = join(runsFolder, "sweeps", sweep);
  await Deno.mkdir(folder, { recursive: true });
  const trials = Array.from({ length: 12 }, (_, i) => ({
    settings: {
      "train.stitch.lr": ["1e-3", "3e-3", "1e-2"][i % 3]!,
      "stitch.count": String(1 + Math.floor(i / 3) % 2),
    },
    seed: 1 + Math.floor(i / 6),
  }));
  await createSweepLog(folder, {
    kind: "sweep.start",
    schemaVersion: 1,
    sweep,
    name,
    experiment: "bts",
    script: "experiments/bts.ts",
    shared: [],
    configFile: null,
    metric: "bpb",
    keys: ["train.stitch.lr", "stitch.count"],
    random: null,
    trials,
    command: ["deno", "task", "sweep", "experiments/bts.ts", "--grid", "train.stitch.lr=1e-3,3e-3,1e-2"],
  });
  const bodies = trials.flatMap(({ settings }, i): SweepEventBody[] => {
    const [trial, run, failed] = [i + 1, variedTrialRun(i + 1), i === 11];
    const bpb = 2.3 - 40 * Number(settings["train.stitch.lr"]) * (i % 2 === 0 ? 1 : 0.9) / 10;
    return [{ kind: "trial.start", trial, run }, {
      kind: "trial.end",
      trial,
      run,
      status: failed ? "failed" : "done",
      seconds: 20 + i,
      error: failed ? "The loss became NaN" : null,
      cells: { total: 9, cached: 6 },
      values: failed ? {} : { bpb, "bts/bpb/code": bpb - 0.4 },
    }];
  });
  for (const body of [...bodies, { kind: "sweep.close", status: "failed" } satisfies SweepEventBody]) {
    Deno.writeFileSync(join(folder, "sweep.jsonl"), sweepLine(body), { append: true });
  }
}
