// The process of a simulated job: the real code that builds a cell, with its leases, checkpoints and log, in virtual time.
import { dirname } from "node:path";
import { type AttemptEnd, makeAttempt, writeEnd } from "../../lib/engine/mod.ts";
import { runLoneCell } from "../../lib/run/mod.ts";
import type { VirtualClock } from "./clock.ts";
import { simulatedBody, type SimulatedCells, type VirtualProcess } from "./experiment.ts";

/** How a process ended, as the script of its job sees it. `killed`: by itself, without a word. */
export type ProcessEnd = AttemptEnd["status"] | "killed";

export interface StartedProcess {
  /** Tells it that its time is up. */
  notice(): void;
  /**
   * It is gone, with its node or by a signal that cannot be caught.
   *
   * @returns what it had computed and not kept in a checkpoint, in seconds; 0 when it had ended
   */
  kill(): number;
}

export interface ProcessOptions {
  readonly clock: VirtualClock;
  readonly runFolder: string;
  readonly run: string;
  readonly cell: string;
  readonly cells: SimulatedCells;
  readonly node: string;
  readonly job: string;
  readonly restarts: number;
  /** Called when it has ended by itself. @param unsaved seconds of work that nothing has come of */
  readonly onEnd: (end: ProcessEnd, unsaved: number) => void;
  /** Called when it has written something. */
  readonly onWrite: (attempt: string) => void;
}

/** A copy that is not the newest finds that out when it writes: looks in between would be at times of this machine. */
const NEVER_MS = 2 ** 31 - 1;

class NoticeError extends Error {
  override readonly name = "NoticeError";
}

/** Starts the process of a job. */
export function startProcess(options: ProcessOptions): StartedProcess {
  const { clock, runFolder, run, cell, cells, node, job, restarts, onEnd, onWrite } = options;
  const owner = {};
  const notice = new AbortController();
  const name = `${job}.${restarts}`;
  let unsaved = 0;
  let over = false;
  const process: VirtualProcess = {
    async compute(seconds, signal) {
      const began = clock.now();
      current = began;
      await clock.sleep(1000 * seconds, { signal, owner });
      current = undefined;
      unsaved += (clock.now() - began) / 1000;
    },
    wrote() {
      unsaved = 0;
      onWrite(name);
    },
  };
  /** When the step under way began. */
  let current: number | undefined;
  clock.spawn(async () => {
    const attempt = await makeAttempt(runFolder, cell, name);
    const end = async (status: AttemptEnd["status"]) => {
      over = true;
      await writeEnd(attempt.folder, { status, node, job, time: new Date().toISOString() });
      onEnd(status, unsaved);
    };
    try {
      await runLoneCell({
        ...{ runsFolder: dirname(runFolder), run, cell, folder: attempt.folder, job },
        ...{ signal: notice.signal, fresh: false, patienceMs: 0, lookMs: NEVER_MS },
      }, (runner) => simulatedBody(runner, cells, process));
      await end("done");
    } catch (error) {
      const fenced = (error as { readonly code?: string }).code === "cell.fenced";
      if (fenced) await end("fenced");
      else if (error === notice.signal.reason) await end("preempted");
      else throw error;
    }
  });
  return {
    notice: () => notice.abort(new NoticeError("The time is up")),
    kill() {
      if (over) return 0;
      over = true;
      clock.forget(owner);
      return unsaved + (current === undefined ? 0 : (clock.now() - current) / 1000);
    },
  };
}
