// A run's current status, from its log and its writer.
import { isUnderWay, type RunStatus } from "../view/mod.ts";
import type { WriterState } from "../process/lock.ts";

/** The current status of a run: one that has not ended is running or stalled while its writer is alive, then lost. */
export function statusNow(logged: RunStatus, writer: WriterState): RunStatus {
  if (!isUnderWay({ status: logged })) return logged;
  return writer === "gone" ? "lost" : writer === "silent" ? "stalled" : logged;
}
