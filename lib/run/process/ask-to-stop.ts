// Asking the process that writes a run to stop.
import { hostname } from "node:os";
import { UserError } from "../../errors.ts";
import { lockHolder } from "./lock.ts";

/**
 * Sends SIGTERM to the process that writes a run, and does not wait.
 *
 * @returns its pid
 * @throws UserError `stop.over` when nobody writes the run, `stop.elsewhere`, `stop.refused`
 */
export function askToStop(folder: string, id: string): number {
  const pid = writerOf(folder, id);
  try {
    Deno.kill(pid, "SIGTERM");
    return pid;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError("stop.refused", `Cannot stop ${id}, which process ${pid} writes: ${reason}`);
  }
}

function writerOf(folder: string, id: string): number {
  const holder = lockHolder(folder);
  if (holder === undefined) {
    throw new UserError(
      "stop.over",
      `Cannot stop ${id}: no process writes it`,
      "deno task ls shows which runs are running",
    );
  }
  if (holder.host !== hostname()) {
    throw new UserError("stop.elsewhere", `Cannot stop ${id} from here: it runs on ${holder.host}`, "stop it there");
  }
  return holder.pid;
}
