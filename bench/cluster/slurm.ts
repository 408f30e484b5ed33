// A simulated Slurm: the decisions of its scheduler over many nodes that other people use, too, with failures, preemption
// and queue delays. It answers `sbatch`, `squeue`, `scontrol` and `scancel` as Slurm does, and does for each job what the
// job's script says.
import type { SlurmCommands } from "../../lib/engine/mod.ts";
import type { Random } from "../../lib/random.ts";
import type { VirtualClock } from "./clock.ts";
import type { ProcessEnd, StartedProcess } from "./process.ts";
import { readScript } from "./script.ts";

/** A partition and what happens on its nodes. Rates of 0: never. */
export interface SimulatedPartition {
  readonly nodes: number;
  /** Mean seconds that a job waits because of other people's jobs, besides waiting for a free node. */
  readonly queueSeconds: number;
  /** Preemptions of a running job per hour. */
  readonly preemptionsPerHour: number;
}

export interface SimulatedCluster {
  readonly partitions: Readonly<Record<string, SimulatedPartition>>;
  /** Mean hours between two failures of one node. */
  readonly nodeHours: number;
  /** Share of the failures in which the node's processes go on: Slurm does not reach it, but the shared folder does. */
  readonly split: number;
  /** Mean hours between two crashes of one process. */
  readonly processHours: number;
}

/** What a job became, for measures and properties. */
export interface SimulatedJob {
  readonly id: string;
  readonly raw: string;
  readonly cell: string;
  readonly partition: string;
  readonly after: readonly string[];
  state: "PENDING" | "RUNNING" | "COMPLETED" | "FAILED" | "CANCELLED" | "TIMEOUT";
  reason: string;
  node: string;
  restarts: number;
  failures: number;
  /** Changes with every start, so that events of an earlier one are not taken for its own. */
  start: number;
  process: StartedProcess | undefined;
}

export interface SimulatedSlurm {
  readonly commands: SlurmCommands;
  readonly jobs: readonly SimulatedJob[];
  /** Calls of Slurm's commands by minute, from the engine and from jobs. */
  readonly calls: { readonly engine: Map<number, number>; readonly jobs: Map<number, number> };
  /** Seconds of work that were lost, one entry for each time. */
  readonly lost: number[];
  readonly seen: { nodeFailures: number; splits: number; preemptions: number; crashes: number; notices: number };
  /** Seconds of node time that jobs had. */
  used(): number;
}

/** Seconds until Slurm takes a node for down that it does not reach, and until such a node is back. */
const [DETECTION, REPAIR] = [300, 3600];
/** Seconds that Slurm lets a job wait that it starts again, and that a job's process has to leave in. */
const [REQUEUE_DELAY, GRACE] = [120, 60];
const HOUR = 3600;

interface SlurmOptions {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly cluster: SimulatedCluster;
  readonly start: (job: SimulatedJob, onEnd: (end: ProcessEnd, unsaved: number) => void) => StartedProcess;
}

export function simulatedSlurm({ clock, random, cluster, start }: SlurmOptions): SimulatedSlurm {
  const jobs: SimulatedJob[] = [];
  const limits = new Map<SimulatedJob, ReturnType<typeof readScript>>();
  const byName = new Map<string, SimulatedJob[]>();
  const calls = { engine: new Map<number, number>(), jobs: new Map<number, number>() };
  const lost: number[] = [];
  const seen = { nodeFailures: 0, splits: 0, preemptions: 0, crashes: 0, notices: 0 };
  const free = new Map(
    Object.entries(cluster.partitions).map(([name, { nodes }]) => [
      name,
      Array.from({ length: nodes }, (_, i) => `${name}${i + 1}`),
    ]),
  );
  const eligible = new Set<SimulatedJob>();
  let last = 100;
  let used = 0;
  const began = new Map<SimulatedJob, number>();

  const count = (by: Map<number, number>) => {
    const minute = Math.floor(clock.now() / 60_000);
    by.set(minute, (by.get(minute) ?? 0) + 1);
  };
  /** Seconds until something that happens so often per second. */
  const wait = (rate: number) => rate === 0 ? Infinity : -Math.log(1 - random.float()) / rate;
  const later = (seconds: number, act: () => void) => {
    if (Number.isFinite(seconds)) clock.at(1000 * seconds, act);
  };
  /** Does something later unless the job has been started again, or has ended. */
  const whileRunning = (job: SimulatedJob, seconds: number, act: () => void) => {
    const { start } = job;
    later(seconds, () => job.start === start && job.state === "RUNNING" && act());
  };
  const over = ({ state }: SimulatedJob) => state !== "PENDING" && state !== "RUNNING";
  const find = (id: string) => byName.get(id) ?? [];

  const leave = (job: SimulatedJob, nodeIsUp = true) => {
    if (job.state === "RUNNING") used += (clock.now() - began.get(job)!) / 1000;
    if (nodeIsUp && job.node !== "") free.get(job.partition)!.push(job.node);
  };
  const requeue = (job: SimulatedJob, nodeIsUp = true) => {
    leave(job, nodeIsUp);
    Object.assign(job, { state: "PENDING", reason: "BeginTime", node: "", restarts: job.restarts + 1 });
    job.start++;
    const { start } = job;
    later(REQUEUE_DELAY, () => job.start === start && job.reason === "BeginTime" && consider(job));
    schedule();
  };
  const finish = (job: SimulatedJob, state: SimulatedJob["state"], reason = "None") => {
    leave(job);
    eligible.delete(job);
    Object.assign(job, { state, reason });
    job.start++;
    for (const other of jobs) if (other.state === "PENDING" && other.reason === "Dependency") consider(other);
    schedule();
  };

  /** Whether a job may start: after those that it needs, and after a time in the queue. */
  const consider = (job: SimulatedJob) => {
    const needed = job.after.flatMap(find);
    if (needed.some((one) => over(one) && one.state !== "COMPLETED")) {
      return finish(job, "CANCELLED", "DependencyNeverSatisfied");
    }
    if (!needed.every(({ state }) => state === "COMPLETED")) return void (job.reason = "Dependency");
    job.reason = "Priority";
    const { start } = job;
    later(wait(1 / cluster.partitions[job.partition]!.queueSeconds), () => {
      if (job.start !== start || job.state !== "PENDING") return;
      job.reason = "Resources";
      eligible.add(job);
      schedule();
    });
  };
  const schedule = () => {
    for (const job of eligible) {
      const node = free.get(job.partition)!.shift();
      if (node === undefined) continue;
      eligible.delete(job);
      run(job, node);
    }
  };

  const run = (job: SimulatedJob, node: string) => {
    Object.assign(job, { state: "RUNNING", reason: "None", node });
    job.start++;
    began.set(job, clock.now());
    const { start: started } = job;
    job.process = start(job, (end, unsaved) => {
      if (end === "fenced") lost.push(unsaved);
      if (job.start === started) ended(job, end);
    });
    const { limit, notice } = limits.get(job)!;
    const { preemptionsPerHour } = cluster.partitions[job.partition]!;
    const told = () => {
      seen.notices++;
      count(calls.jobs); // the script asks when the job ends
      job.process!.notice();
    };
    whileRunning(job, limit - notice, told);
    whileRunning(job, limit, () => {
      gone(job);
      finish(job, "TIMEOUT", "TimeLimit");
    });
    whileRunning(job, wait(preemptionsPerHour / HOUR), () => {
      seen.preemptions++;
      told();
      whileRunning(job, GRACE, () => {
        gone(job);
        requeue(job);
      });
    });
    whileRunning(job, wait(1 / (HOUR * cluster.processHours)), () => {
      seen.crashes++;
      gone(job);
      ended(job, "killed");
    });
  };
  /** The process of a job is killed, and with it what it has not kept. */
  const gone = ({ process }: SimulatedJob) => {
    lost.push(process!.kill());
  };
  /** What the script does when its process has ended. */
  const ended = (job: SimulatedJob, end: ProcessEnd) => {
    const { retries } = limits.get(job)!;
    if (end === "done") return finish(job, "COMPLETED");
    if (end === "killed") job.failures++;
    if (end === "preempted" || (end === "killed" && job.failures <= retries)) {
      count(calls.jobs); // scontrol requeue
      return requeue(job);
    }
    finish(job, "FAILED", "NonZeroExitCode");
  };

  /** Failures of nodes of a partition, one after another. */
  const failing = (partition: string) => {
    const { nodes } = cluster.partitions[partition]!;
    later(wait(nodes / (HOUR * cluster.nodeHours)), () => {
      failing(partition);
      const name = `${partition}${1 + random.int(nodes)}`;
      const at = free.get(partition)!.indexOf(name);
      if (at >= 0) free.get(partition)!.splice(at, 1);
      const job = jobs.find(({ state, node }) => state === "RUNNING" && node === name);
      if (at < 0 && job === undefined) return; // it is down already
      later(REPAIR, () => {
        free.get(partition)!.push(name);
        schedule();
      });
      if (job === undefined) return;
      seen.nodeFailures++;
      const split = random.float() < cluster.split;
      if (split) seen.splits++;
      else gone(job);
      // Slurm hears no more of it.
      job.start++;
      whileRunning(job, DETECTION, () => requeue(job, false));
    });
  };
  for (const partition of Object.keys(cluster.partitions)) failing(partition);

  const answers: Record<string, (args: readonly string[]) => string> = {
    sbatch(args) {
      const script = readScript(Deno.readTextFileSync(args.at(-1)!));
      const after = args.find((arg) => arg.startsWith("--dependency=afterok:"))?.split(":").slice(1) ?? [];
      const array = String(++last);
      for (const [task, cell] of script.cells.entries()) {
        const single = script.cells.length === 1;
        const job: SimulatedJob = {
          ...{ id: single ? array : `${array}_${task}`, raw: single ? array : String(++last), cell, after },
          ...{ partition: script.partition, state: "PENDING", reason: "None", node: "" },
          ...{ restarts: 0, failures: 0, start: 0, process: undefined },
        };
        jobs.push(job);
        limits.set(job, script);
        for (const name of new Set([job.id, job.raw, array])) byName.set(name, [...find(name), job]);
        consider(job);
      }
      return array;
    },
    squeue: () => jobs.map(({ id, raw, state, node, reason }) => [id, raw, state, node, reason].join("|")).join("\n"),
    scontrol([, named]) {
      for (const job of find(named!.replace("JobId=", ""))) if (job.reason === "BeginTime") consider(job);
      return "";
    },
    scancel(ids) {
      for (const job of ids.flatMap(find)) {
        if (over(job)) continue;
        if (job.state === "RUNNING") gone(job);
        finish(job, "CANCELLED");
      }
      return "";
    },
  };
  return {
    ...{ jobs, calls, lost, seen },
    used: () => used,
    commands(name, args) {
      count(calls.engine);
      return Promise.resolve({ code: 0, stdout: answers[name]!(args), stderr: "" });
    },
  };
}
