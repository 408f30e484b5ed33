// Asking the process that works on a run or a sweep to stop.
import { hostname } from "node:os";
import { systemReason, UserError } from "../../errors.ts";
import { lockHolder } from "./lock.ts";

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
