// Keeping the fold of a run that is under way beside its log, so that the run opens at once whatever becomes of it.
import { join } from "node:path";
import { inWorker } from "../../in-worker.ts";
import { LOG_FILE } from "../log/log.ts";
import type { RunListener } from "../log/run-writer.ts";
import { foldLog, isWorthKeeping } from "./kept-fold.ts";

/** Keeps the fold of one run. */
export interface FoldKeeper {
  /** A listener of the run's events. */
  readonly onEvent: RunListener;
  /** Keeps the fold of all of the log, if it is long enough to be worth it. The run must have ended. */
  close(): Promise<void>;
}

/** About a quarter of a megabyte of metrics. */
const LOOK_EVENTS = 1_000;

/**
 * Keeps the fold of a run that this process writes whenever its log has grown by a third, in a thread of its own: a run
 * that is killed has all but the last quarter of its log in it, and all folds together cost about four times the last.
 *
 * @param folder of the run; undefined while it is not known
 * @param every so many events the log's size is looked at
 */
export function foldKeeper(folder: () => string | undefined, every = LOOK_EVENTS): FoldKeeper {
  let events = 0;
  let kept = 0;
  let keeping: Promise<unknown> | undefined;
  return {
    onEvent() {
      const place = folder();
      if (++events % every !== 0 || keeping !== undefined || place === undefined) return;
      const { size } = Deno.statSync(join(place, LOG_FILE));
      if (!isWorthKeeping(size, kept, true)) return;
      kept = size;
      const worker = () => new Worker(new URL("./fold-worker.ts", import.meta.url), { type: "module" });
      // A run does without: whoever opens it reads its log.
      keeping = inWorker(worker, place).catch(() => {}).finally(() => keeping = undefined);
    },
    async close() {
      await keeping;
      const place = folder();
      if (place !== undefined) await foldLog(place);
    },
  };
}
