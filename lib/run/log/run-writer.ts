// Writing the events of a run: stamped, checked that the run is still ours, told to listeners, and ended once.
import { explainError, UserError } from "../../errors.ts";
import type { EventBody, RunEvent } from "../events/events.ts";
import type { RunResults } from "../events/results.ts";
import type { Lock } from "../process/lock.ts";
import type { EventLog } from "./log.ts";

/**
 * Called with every event right after it was written.
 *
 * @param replayed whether it tells again what a cell logged when it was built, or before a checkpoint
 */
export type RunListener = (event: RunEvent, replayed: boolean) => void;

/** Writes a run's events until it ends. */
export interface RunWriter {
  /** @param replayed see {@linkcode RunListener} */
  write(body: EventBody, replayed?: boolean): RunEvent;
  sync(): void;
  /** Spent on the run so far. */
  seconds(): number;
  end(outcome: { status: "done" | "failed" | "stopped"; results?: RunResults; error?: string }): void;
}

/** A writer of a run that earlier processes spent `before` seconds on. */
export function runWriter(log: EventLog, lock: Lock, listeners: readonly RunListener[], before: number): RunWriter {
  const began = performance.now();
  const seconds = () => before + (performance.now() - began) / 1000;
  let ended = false;
  const write = (body: EventBody, replayed = false): RunEvent => {
    const trouble = lock.lost();
    if (trouble !== undefined) {
      throw new UserError(
        "run.lost",
        `Cannot go on writing the run: ${trouble}`,
        "nothing else should touch its folder",
      );
    }
    const event = log.append(body);
    for (const listener of listeners) {
      try {
        listener(event, replayed);
      } catch (error) {
        console.error("A listener of the run's events failed:", error);
      }
    }
    return event;
  };
  return {
    write,
    sync: log.sync,
    seconds,
    end(outcome) {
      if (ended) return;
      const close = () => {
        ended = true;
        log.close();
        lock.release();
      };
      try {
        write({ kind: "run.end", seconds: seconds(), ...outcome });
        log.sync();
      } catch (error) {
        // Results that do not fit the schema are a bug: the run can still be failed. A full disk ends it here.
        if (outcome.status !== "done") close();
        if (outcome.status === "done") throw error;
        console.error(explainError(error));
        return;
      }
      close();
    },
  };
}
