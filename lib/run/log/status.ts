// A run's status: what its log says, and whether its writer lives.
import { isUnderWay, type RunStatus } from "../view/mod.ts";
import type { WriterState } from "../process/lock.ts";

/** The status of a run whose log says `logged`: one that has not ended runs, or stalls, as long as its writer lives. */
export function statusNow(logged: RunStatus, writer: WriterState): RunStatus {
  if (!isUnderWay({ status: logged })) return logged;
  return writer === "gone" ? "lost" : writer === "silent" ? "stalled" : logged;
}
