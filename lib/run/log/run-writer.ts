// Writing the events of a run: check that the lock is still held, append, tell listeners, and end the run once.
import { explainError, UserError } from "../../errors.ts";
import type { EventBody, RunEvent } from "../events/events.ts";
import type { RunResults } from "../events/results.ts";
import type { Lock } from "../process/lock.ts";
import type { EventLog } from "./log.ts";

/**
 * Called with every event right after it is written.
 *
 * @param replayed whether it repeats what a cell logged when it was built, or before a checkpoint
 */
export type RunListener = (event: RunEvent, replayed: boolean) => void;

/** Writes a run's events until it ends. */
export interface RunWriter {
  /** @param replayed see {@linkcode RunListener} */
  write(body: EventBody, replayed?: boolean): RunEvent;
  sync(): void;
  /** Time spent on the run so far. */
  seconds(): number;
  end(outcome: { status: "done" | "failed" | "stopped"; results?: RunResults; error?: string }): void;
}

/** Creates a writer. @param before seconds that earlier processes spent on the run */
export function runWriter(log: EventLog, lock: Lock, listeners: readonly RunListener[], before: number): RunWriter {
  const began = performance.now();
  const seconds = () => before + (performance.now() - began) / 1000;
  let ended = false;
  const write = (body: EventBody, replayed = false): RunEvent => {
    const trouble = lock.lost();
    if (trouble !== undefined) {
      throw new UserError(
        "run.lost",
        `Cannot continue the run: ${trouble}`,
        "nothing else should change its folder while it runs",
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
        // Results that do not fit the schema are a bug, and the run can still be ended as failed. A full disk ends it here.
        if (outcome.status !== "done") close();
        if (outcome.status === "done") throw error;
        console.error(explainError(error));
        return;
      }
      close();
    },
  };
}
