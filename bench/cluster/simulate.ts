// One run on the simulated cluster: the real engine, the real code of cells, a simulated Slurm, and virtual time.
import { join } from "node:path";
import { driveCells, slurmEngine } from "../../lib/engine/mod.ts";
import { random } from "../../lib/random.ts";
import { beginRun, makeRunId, type RunEvent } from "../../lib/run/mod.ts";
import { virtualClock } from "./clock.ts";
import { type Durations, simulatedBody, type SimulatedCells } from "./experiment.ts";
import { startProcess } from "./process.ts";
import { type SimulatedCluster, simulatedSlurm } from "./slurm.ts";

export interface Scenario extends SimulatedCells {
  readonly cluster: SimulatedCluster;
  /** The partition of each kind of cell. */
  readonly partitionOf: (kind: string) => string;
  /** Minutes of the jobs' time limit. */
  readonly limit: number;
  /** How often a cell that failed is tried again. */
  readonly retries: number;
  readonly seed: number;
}

export interface Simulated {
  /** Seconds from handing in to the last cell, and those of an empty cluster without failures. */
  readonly makespan: number;
  readonly ideal: number;
  /** Seconds that jobs had nodes for. */
  readonly used: number;
  /** Seconds of work that were lost, one entry for each time. */
  readonly lost: readonly number[];
  readonly seen: ReturnType<typeof simulatedSlurm>["seen"];
  /** Calls of Slurm's commands per minute: of the engine and of jobs, on average, and at most in one minute. */
  readonly calls: { readonly engine: number; readonly jobs: number; readonly most: number };
  /** How often each cell ended, by how. */
  readonly ends: ReadonlyMap<string, readonly string[]>;
  /** Attempts that wrote something for each cell, in order, each as often as it wrote. */
  readonly writers: ReadonlyMap<string, readonly string[]>;
  /** What the engine threw, if it did. */
  readonly failure: Error | undefined;
}

const idealSeconds = ({ text, seed, expert, stitch, evaluate }: Durations) => text + seed + expert + stitch + evaluate;

/** Simulates a run. @param folder an empty folder for its files, best in memory */
export async function simulate(scenario: Scenario, folder: string): Promise<Simulated> {
  const { experts, durations, checkpoint, cluster, partitionOf, limit, retries, seed } = scenario;
  const cells: SimulatedCells = { experts, durations, checkpoint };
  const clock = virtualClock();
  const runsFolder = join(folder, "runs");
  const ends = new Map<string, string[]>();
  const writers = new Map<string, string[]>();
  const into = (map: Map<string, string[]>, key: string, value: string) => map.set(key, [...map.get(key) ?? [], value]);
  const run = await beginRun({
    ...{ runsFolder, id: makeRunId("simulated", "cluster"), experiment: "simulated", title: "", preset: "", seed },
    ...{ device: "", config: {}, plan: [], command: [] },
    onEvent: [(event: RunEvent) => void (event.kind === "cell.end" && into(ends, event.cell, event.status))],
  });
  const slurm = simulatedSlurm({
    ...{ clock, cluster, random: random(seed, "cluster") },
    start: ({ cell, node, raw, restarts }, onEnd) =>
      startProcess({
        ...{ clock, cell, cells, node, restarts, onEnd, job: raw, run: run.id, runFolder: run.folder },
        onWrite: (attempt) => into(writers, cell, attempt),
      }),
  });
  const kinds = ["text", "seed", "expert", "stitch", "evaluate"];
  const engine = slurmEngine({
    ...{
      run: run.id,
      runFolder: run.folder,
      cwd: "/",
      command: ["true"],
      env: {},
      device: { name: undefined, chosen: false },
      attach: false,
    },
    settings: {
      all: { time: String(limit), retries },
      kinds: Object.fromEntries(kinds.map((kind) => [kind, { partition: partitionOf(kind) }])),
    },
    ...{ secondsOf: () => undefined, slurm: slurm.commands, clock },
  });
  let failure: Error | undefined;
  await clock.run(() => driveCells(run, engine, (runner) => simulatedBody(runner, cells, undefined)))
    .catch((error) => failure = error);
  const makespan = clock.now() / 1000;
  const minutes = makespan / 60;
  const sum = (by: ReadonlyMap<number, number>) => [...by.values()].reduce((sum, calls) => sum + calls, 0);
  const { engine: own, jobs } = slurm.calls;
  const most = Math.max(
    ...[...new Set([...own.keys(), ...jobs.keys()])].map((minute) => (own.get(minute) ?? 0) + (jobs.get(minute) ?? 0)),
  );
  if (failure === undefined) run.finish({ domains: [], measures: [], methods: {} });
  else run.fail(failure);
  return {
    ...{ makespan, ideal: idealSeconds(durations), used: slurm.used(), lost: slurm.lost, seen: slurm.seen },
    calls: { engine: sum(own) / minutes, jobs: sum(jobs) / minutes, most },
    ...{ ends, writers, failure },
  };
}
