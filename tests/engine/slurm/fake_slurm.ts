// A small Slurm for tests: `sbatch`, `squeue`, `scontrol`, `scancel` over jobs that are bash scripts on this machine, with
// arrays, dependencies, requeues, and nodes that can be lost.
import { join } from "node:path";
import type { SlurmCommands } from "../../../lib/engine/mod.ts";

type SlurmAnswer = Awaited<ReturnType<SlurmCommands>>;

interface FakeJob {
  readonly id: string;
  readonly raw: string;
  readonly array: string;
  readonly task: number | null;
  readonly script: string;
  readonly after: readonly string[];
  state: "PENDING" | "RUNNING" | "COMPLETED" | "FAILED" | "CANCELLED" | "NODE_FAIL";
  node: string;
  reason: string;
  restarts: number;
  child?: Deno.ChildProcess;
}

export interface FakeSlurm {
  readonly commands: SlurmCommands;
  /** What was called, with its arguments. */
  readonly calls: readonly (readonly string[])[];
  readonly jobs: readonly FakeJob[];
  /** The most jobs that ran at once, and the nodes that jobs ran on. */
  readonly seen: { most: number; readonly nodes: Set<string> };
  /** What the next call of a command answers instead. */
  answer(name: string, answer: Partial<SlurmAnswer>): void;
  /** Takes the node of a running job down: the job is started again elsewhere, and its process goes on. */
  loseNode(id: string): void;
  addNode(name: string): void;
  /** Sends a signal to a job's script. */
  signal(id: string, signal: Deno.Signal): void;
  /** Waits until every process has ended, those of lost nodes included. */
  close(): Promise<void>;
}

/** @param folder for its own files */
export async function fakeSlurm(folder: string, nodes: readonly string[]): Promise<FakeSlurm> {
  const jobs: FakeJob[] = [];
  const calls: string[][] = [];
  const answers = new Map<string, Partial<SlurmAnswer>>();
  const children: Promise<unknown>[] = [];
  const seen = { most: 0, nodes: new Set<string>() };
  let up = [...nodes];
  let last = 100;
  // Scripts call `scontrol` themselves.
  const bin = join(folder, "bin");
  await Deno.mkdir(bin, { recursive: true });
  await Deno.writeTextFile(join(bin, "scontrol"), `#!/bin/sh\ntouch ${folder}/requeue-$2\n`, { mode: 0o755 });
  await Deno.writeTextFile(join(bin, "squeue"), "#!/bin/sh\n", { mode: 0o755 });
  const requeued = (raw: string) => {
    try {
      Deno.removeSync(join(folder, `requeue-${raw}`));
      return true;
    } catch {
      return false;
    }
  };

  const over = ({ state }: FakeJob) => state !== "PENDING" && state !== "RUNNING";
  const find = (id: string) => jobs.filter((job) => job.id === id || job.raw === id || job.array === id);

  const start = (job: FakeJob, node: string) => {
    Object.assign(job, { state: "RUNNING", node, reason: "None" });
    seen.nodes.add(node);
    seen.most = Math.max(seen.most, jobs.filter(({ state }) => state === "RUNNING").length);
    const child = new Deno.Command("bash", {
      args: [job.script],
      stdout: "null",
      stderr: "null",
      stdin: "null",
      env: {
        PATH: `${bin}:${Deno.env.get("PATH")}`,
        SLURM_JOB_ID: job.raw,
        SLURM_CPUS_ON_NODE: "1",
        SLURMD_NODENAME: node,
        SLURM_RESTART_COUNT: String(job.restarts),
        ...(job.task === null ? {} : { SLURM_ARRAY_TASK_ID: String(job.task) }),
      },
    }).spawn();
    job.child = child;
    children.push(child.status.then(({ code }) => {
      if (job.child !== child || over(job)) return; // given up meanwhile
      if (requeued(job.raw)) {
        Object.assign(job, { state: "PENDING", node: "", reason: "BeginTime", restarts: job.restarts + 1 });
      } else {Object.assign(job, {
          state: code === 0 ? "COMPLETED" : "FAILED",
          reason: code === 0 ? "None" : "NonZeroExitCode",
        });}
    }));
    // The script sleeps after it asked to be started again; Slurm would end it.
    const timer = setInterval(() => {
      try {
        Deno.statSync(join(folder, `requeue-${job.raw}`));
        child.kill("SIGKILL");
      } catch {
        // not asked, or over
      }
    }, 50);
    child.status.then(() => clearInterval(timer));
  };

  const schedule = () => {
    for (const job of jobs) {
      if (job.state !== "PENDING" || job.reason === "BeginTime") continue;
      const needed = job.after.flatMap(find);
      if (needed.some((one) => over(one) && one.state !== "COMPLETED")) {
        Object.assign(job, { state: "CANCELLED", reason: "DependencyNeverSatisfied" });
      } else if (needed.every(({ state }) => state === "COMPLETED")) {
        const free = up.find((node) => !jobs.some((one) => one.state === "RUNNING" && one.node === node));
        if (free === undefined) job.reason = "Resources";
        else start(job, free);
      } else job.reason = "Dependency";
    }
  };

  const run: Record<string, (args: readonly string[]) => SlurmAnswer> = {
    sbatch(args) {
      const script = args.at(-1)!;
      const after = args.find((arg) => arg.startsWith("--dependency=afterok:"))?.split(":").slice(1) ?? [];
      const tasks = Number(/^#SBATCH --array=0-(\d+)$/m.exec(Deno.readTextFileSync(script))?.[1] ?? -1) + 1;
      const array = String(++last);
      const common = { array, script, after, state: "PENDING" as const, node: "", reason: "None", restarts: 0 };
      if (tasks === 0) jobs.push({ ...common, id: array, raw: array, task: null });
      for (let task = 0; task < tasks; task++) {
        jobs.push({ ...common, id: `${array}_${task}`, raw: String(++last), task });
      }
      return { code: 0, stdout: array, stderr: "" };
    },
    squeue() {
      schedule();
      const lines = jobs.map(({ id, raw, state, node, reason }) => [id, raw, state, node, reason].join("|"));
      return { code: 0, stdout: lines.join("\n"), stderr: "" };
    },
    scancel(ids) {
      for (const job of ids.flatMap(find)) {
        if (over(job)) continue;
        job.state = "CANCELLED";
        try {
          job.child?.kill("SIGTERM");
        } catch {
          // it has just ended
        }
      }
      return { code: 0, stdout: "", stderr: "" };
    },
    scontrol([action, named]) {
      const raw = named!.replace("JobId=", "");
      for (const job of find(raw)) if (action === "update" && job.reason === "BeginTime") job.reason = "None";
      return { code: 0, stdout: "", stderr: "" };
    },
  };

  return {
    calls,
    jobs,
    seen,
    commands(name, args) {
      calls.push([name, ...args]);
      const given = answers.get(name);
      answers.delete(name);
      if (given !== undefined) return Promise.resolve({ code: 0, stdout: "", stderr: "", ...given });
      return Promise.resolve(run[name]!(args));
    },
    answer: (name, answer) => void answers.set(name, answer),
    loseNode(id) {
      const [job] = find(id);
      up = up.filter((node) => node !== job!.node);
      Object.assign(job!, { state: "PENDING", node: "", reason: "BeginTime", restarts: job!.restarts + 1 });
      delete job!.child;
    },
    addNode: (name) => void (up = [...up, name]),
    signal: (id, signal) => find(id)[0]!.child!.kill(signal),
    close: async () => void await Promise.all(children),
  };
}
