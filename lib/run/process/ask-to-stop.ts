// Asking the process that works on a run or a sweep to stop.
import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { systemReason, UserError } from "../../errors.ts";
import { lockHolder, writerLives } from "./lock.ts";

/**
 * Sends SIGTERM to the process that holds a folder's lock, and does not wait.
 *
 * @param id the run or the sweep, for messages
 * @returns the process's pid
 * @throws UserError `stop.over` when no process holds it, `stop.elsewhere`, `stop.refused`
 */
export function askToStop(folder: string, id: string): number {
  const pid = writerOf(folder, id);
  try {
    Deno.kill(pid, "SIGTERM");
    return pid;
  } catch (error) {
    const reason = systemReason(error) ?? error;
    throw new UserError("stop.refused", `Cannot stop ${id}: signaling process ${pid} failed (${reason})`);
  }
}

/** Milliseconds between two looks at what is stopping. */
const LOOK_MS = 100;

/**
 * Asks the process that holds a folder's lock to stop, and waits until it has.
 *
 * @param id the run or the sweep, for messages
 * @throws UserError `stop.over` when no process holds it, `stop.elsewhere`, `stop.refused`, `stop.timeout`
 */
export async function stopAndWait(folder: string, id: string, seconds: number): Promise<void> {
  const pid = askToStop(folder, id);
  const until = performance.now() + seconds * 1000;
  while (writerLives(folder)) {
    if (performance.now() > until) {
      throw new UserError("stop.timeout", `${id} was asked to stop, but process ${pid} still runs after ${seconds} s`);
    }
    await delay(LOOK_MS);
  }
}

function writerOf(folder: string, id: string): number {
  const holder = lockHolder(folder);
  if (holder === undefined) {
    throw new UserError(
      "stop.over",
      `Cannot stop ${id}: no process is working on it`,
      "deno task ls and deno task sweep ls show what is running",
    );
  }
  if (holder.host !== hostname()) {
    throw new UserError("stop.elsewhere", `Cannot stop ${id} from here: it runs on ${holder.host}`, "stop it there");
  }
  return holder.pid;
}
