// Starting an experiment in a process of its own that outlives the one that starts it.
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";

/** A process that was started. */
export interface Launched {
  readonly pid: number | undefined;
  /** How it ended: `exit code 1`, `SIGKILL`, or why it could not start; undefined while it lives. */
  ended(): string | undefined;
  /** Resolves with the same when it has ended. */
  readonly end: Promise<string>;
}

/** Where the output of a run goes that was started in the background: `<runs>/.output/<id>.log`. */
export async function outputFile(runsFolder: string, run: string): Promise<string> {
  await Deno.mkdir(join(runsFolder, ".output"), { recursive: true });
  return join(runsFolder, ".output", `${run}.log`);
}

/**
 * Starts `deno` with arguments, detached: in a session of its own, so that neither the end of this process nor Ctrl-C
 * in its terminal reaches it. What it prints goes to the end of a file: Deno's own API cannot do that, Node's can.
 */
export function launch(args: readonly string[], output: string, cwd: string): Launched {
  const descriptor = openSync(output, "a");
  const child = spawn(Deno.execPath(), [...args], {
    cwd,
    detached: true,
    stdio: ["ignore", descriptor, descriptor],
    env: { ...Deno.env.toObject(), NO_COLOR: "1" },
    windowsHide: true,
  });
  let ended: string | undefined;
  const end = new Promise<string>((resolve) => {
    const settle = (how: string) => resolve(ended ??= how);
    child.on("error", (error) => settle(error.message));
    child.on("exit", (code, signal) => settle(signal === null ? `exit code ${code}` : String(signal)));
  });
  child.unref();
  closeSync(descriptor);
  return { pid: child.pid, ended: () => ended, end };
}

/** The last lines of what a process printed, for an error message; empty when it printed nothing. */
export async function lastLines(output: string, count = 12): Promise<string> {
  const text = await Deno.readTextFile(output).catch(() => "");
  return text.trim().split("\n").slice(-count).join("\n");
}
