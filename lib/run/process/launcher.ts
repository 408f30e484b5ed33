// Running scripts as jobs: submit, poll, cancel, logs. The local launcher starts processes; one for a cluster would have
// the same four functions.
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { attempt } from "../../errors.ts";
import { repositoryRoot } from "../files/repository.ts";
import { PARENT_VARIABLE } from "./parent.ts";
import { isAlive, type ProcessId, processOf } from "./process.ts";
import { scriptArguments } from "./script.ts";

export interface JobRequest {
  /** Absolute path. */
  readonly script: string;
  readonly args: readonly string[];
  /** Its working directory. @default the repository */
  readonly cwd?: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The file that the job's output is appended to. */
  readonly output: string;
  /** A file for stdout alone; `output` then gets only stderr. */
  readonly stdout?: string;
  /** Whether the job ends when the process that submits it does. @default false */
  readonly endsWithParent?: boolean;
}

/** A submitted job: plain data with which any process can poll or cancel it. */
export interface Job {
  /** Null when it could not start. */
  readonly process: ProcessId | null;
  readonly output: string;
}

/** Whether a job is running; `unknown` where this machine cannot tell. */
export type JobState =
  | { readonly kind: "running" | "unknown" }
  /** `how`: `exit code 1`, `SIGKILL`, or why it could not start; undefined when another process submitted the job. */
  | { readonly kind: "ended"; readonly how: string | undefined };

export interface Launcher {
  submit(request: JobRequest): Promise<Job>;
  poll(job: Job): Promise<JobState>;
  /** Asks the job to stop, as SIGTERM does, and does not wait. */
  cancel(job: Job): Promise<void>;
  /** The job's output so far. */
  logs(job: Job): Promise<string>;
}

/** How the jobs of this process ended; undefined while they are running. */
const endings = new WeakMap<Job, { how: string | undefined }>();

/**
 * Jobs as processes on this machine, each detached in a session of its own, so that neither the end of this process nor
 * Ctrl-C in its terminal affects them.
 */
export const localLauncher: Launcher = {
  submit({ script, args, cwd = repositoryRoot, env = {}, output, stdout, endsWithParent }) {
    const files = [stdout ?? output, output].map((path) => openSync(path, "a"));
    // Deno's own API cannot let a child write to a file.
    const child = spawn(Deno.execPath(), scriptArguments(script, args), {
      cwd,
      detached: true,
      stdio: ["ignore", ...files],
      env: {
        ...Deno.env.toObject(),
        NO_COLOR: "1",
        ...env,
        ...(endsWithParent ? { [PARENT_VARIABLE]: String(Deno.pid) } : {}),
      },
      windowsHide: true,
    });
    const job: Job = { process: child.pid === undefined ? null : processOf(child.pid), output };
    const ending: { how: string | undefined } = { how: undefined };
    endings.set(job, ending);
    child.on("error", (error) => ending.how ??= error.message);
    child.on("exit", (code, signal) => ending.how ??= signal === null ? `exit code ${code}` : String(signal));
    child.unref();
    files.forEach(closeSync);
    return Promise.resolve(job);
  },
  poll(job) {
    const own = endings.get(job);
    const alive = own === undefined ? (job.process && isAlive(job.process)) ?? undefined : own.how === undefined;
    return Promise.resolve(
      alive === undefined ? { kind: "unknown" } : alive ? { kind: "running" } : { kind: "ended", how: own?.how },
    );
  },
  async cancel(job) {
    const { process } = job;
    if (process === null || (await this.poll(job)).kind !== "running") return;
    attempt(() => Deno.kill(process.pid, "SIGTERM")); // unless it has just ended
  },
  logs: ({ output }) => Deno.readTextFile(output).catch(() => ""),
};

/** Milliseconds between two polls. */
const POLL_MS = 100;

/**
 * Waits until a job has ended, and asks it to stop when the signal is aborted.
 *
 * @param meanwhile called after every poll, and once more after the last
 * @param lives whether a job lives of which the launcher cannot tell
 * @returns how it ended, as `poll` says
 */
export async function jobEnd(
  launcher: Launcher,
  job: Job,
  meanwhile: () => Promise<void> | void = () => {},
  signal?: AbortSignal,
  lives: () => boolean = () => true,
): Promise<string | undefined> {
  const cancel = () => void launcher.cancel(job);
  if (signal?.aborted) cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    for (;;) {
      const state = await launcher.poll(job);
      await meanwhile();
      if (state.kind === "ended") return state.how;
      if (state.kind === "unknown" && !lives()) return undefined;
      await delay(POLL_MS);
    }
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
}

/** The file for the output of a job that has a run: `<runs>/.output/<id>.log`. */
export async function outputFile(runsFolder: string, run: string): Promise<string> {
  // For the owner alone: it may hold the link to the run's page, with its token.
  await Deno.mkdir(join(runsFolder, ".output"), { recursive: true, mode: 0o700 });
  return join(runsFolder, ".output", `${run}.log`);
}

/** The last lines of a log, for an error message. */
export function lastLines(text: string, count = 12): string {
  return text.trim().split("\n").slice(-count).join("\n");
}
