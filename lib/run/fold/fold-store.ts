// The folds of runs in memory for a server: a log, or the fold that is kept beside it, is read once, and then only what
// was added to the log.
import { join } from "node:path";
import type { RunStatus, RunView } from "../events/views.ts";
import { LOG_FILE } from "../log/log.ts";
import type { LogPlace } from "../log/follow.ts";
import { evaluated, readRun, runFolder, unreadable } from "../log/read.ts";
import { refusalOf, stampOf } from "../log/summary.ts";
import { timeOfRunId } from "../files/run-id.ts";
import { writerLives, type WriterState, writerState } from "../process/lock.ts";
import { noPoints, type RunPoints } from "../series/points.ts";
import { emptyFold, foldBytes, placeBefore } from "./fold.ts";
import { foldedView } from "./folded-view.ts";
import {
  continues,
  isWorthKeeping,
  keepFold,
  readKeptFold,
  readOn,
  type StampedFold,
  WORTH_BYTES,
} from "./kept-fold.ts";

/** Reads runs. Every method throws UserError `run.unreadable` and `folder.unreadable` unless it says otherwise. */
export interface FoldStore {
  /**
   * The points of a run up to the last whole line of its log; undefined when there is no such run. They change with the
   * next call.
   */
  points(id: string): Promise<RunPoints | undefined>;
  /**
   * The run as `readRun()` gives it, but of each cell only its recent points, unless all are asked for; undefined while
   * it has not begun.
   */
  view(id: string, which?: "recent" | "all"): Promise<RunView | undefined>;
  /**
   * The run's status, and the time of its last event; undefined while it has not begun. A run that cannot be read is
   * `unreadable`.
   */
  status(id: string): Promise<{ readonly status: RunStatus; readonly updatedAt: string } | undefined>;
  /** A place in the run's log that all events after `seq` follow. */
  placeBefore(id: string, seq: number): Promise<LogPlace>;
}

export interface FoldStoreOptions {
  /** Whether folds of long logs are kept beside them. @default false */
  readonly writable?: boolean;
  /** Called after the reading of a long log of which nothing may be kept, with its time. @default nothing */
  readonly onRead?: (id: string, ms: number) => void;
  /** Bytes of folds in memory; the run that was asked for last stays even if it has more. @default 256 MiB */
  readonly mostBytes?: number;
}

/** A million values take 12 to 36 MB, depending on how many each step logs. */
const MOST_BYTES = 256 << 20;

interface Held extends StampedFold {
  /** Bytes of the log that the kept fold is about. */
  readonly keptBytes: number;
}

/** @throws UserError `run.unreadable` */
function writerOf(id: string, folder: string): WriterState {
  try {
    return writerState(folder);
  } catch (error) {
    throw unreadable(id, folder, error);
  }
}

/** A store for the runs of a folder. */
export function createFoldStore(runsFolder: string, options: FoldStoreOptions = {}): FoldStore {
  const { writable = false, onRead = () => {}, mostBytes = MOST_BYTES } = options;
  /** Least recently used first. */
  const held = new Map<string, Held>();
  /** The last read of each run: they take turns. */
  const turns = new Map<string, Promise<unknown>>();

  const makeRoom = (id: string) => {
    let bytes = [...held.values()].reduce((sum, { fold }) => sum + foldBytes(fold), 0);
    for (const [other, { fold }] of held) {
      if (bytes <= mostBytes) return;
      if (other === id) continue;
      bytes -= foldBytes(fold);
      held.delete(other);
    }
  };

  /** The fold of the log in `folder`; undefined when there is none. */
  const readNow = async (id: string, folder: string): Promise<StampedFold | undefined> => {
    const before = held.get(id);
    held.delete(id);
    const stamp = await stampOf(join(folder, LOG_FILE));
    if (stamp === undefined) return undefined;
    const known = before !== undefined && continues(before, stamp) ? before : undefined;
    const kept = known === undefined ? await readKeptFold(folder, stamp) : undefined;
    const { fold } = known ?? kept ?? { fold: emptyFold() };
    const began = performance.now();
    const from = fold.position.offset;
    let keptBytes = known?.keptBytes ?? kept?.fold.position.offset ?? 0;
    await readOn(fold, folder);
    if (writable && isWorthKeeping(fold.position.offset, keptBytes, writerLives(folder))) {
      await keepFold(folder, { fold, stamp });
      keptBytes = fold.position.offset;
    }
    if (!writable && fold.position.offset - from >= WORTH_BYTES) onRead(id, performance.now() - began);
    const now = { fold, stamp, keptBytes };
    held.set(id, now);
    makeRoom(id);
    return now;
  };

  /** The fold of a run, in turn with other calls; undefined when there is no log. */
  const read = async (id: string, folder: string): Promise<StampedFold | undefined> => {
    const inTurn = () => readNow(id, folder);
    const turn = (turns.get(id) ?? Promise.resolve()).then(inTurn, inTurn);
    turns.set(id, turn);
    try {
      return await turn;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined; // removed in between
      throw unreadable(id, folder, error);
    } finally {
      if (turns.get(id) === turn) turns.delete(id);
    }
  };

  /** The view with its present status, without what was evaluated later. */
  const view = async (
    id: string,
    folder: string,
    which: "recent" | "all" = "recent",
  ): Promise<RunView | undefined> => {
    // Checked before reading, so that a writer that ends in between does not look like one that died.
    const writer = writerOf(id, folder);
    const now = await read(id, folder);
    // Without a log, or with something else in its place, there is nothing to remember.
    return now === undefined ? undefined : foldedView(now, id, writer, which);
  };

  return {
    async points(id) {
      const folder = await runFolder(runsFolder, id);
      if (folder === undefined) {
        held.delete(id);
        return undefined;
      }
      const now = await read(id, folder);
      return now?.fold.points ?? (await runFolder(runsFolder, id) === undefined ? undefined : noPoints());
    },
    async view(id, which) {
      const folder = await runFolder(runsFolder, id);
      if (folder === undefined) return undefined;
      const found = await view(id, folder, which);
      return found === undefined ? await readRun(runsFolder, id) : await evaluated(found, folder);
    },
    async status(id) {
      const folder = await runFolder(runsFolder, id);
      if (folder === undefined) return undefined;
      try {
        const found = await view(id, folder) ?? await readRun(runsFolder, id);
        return found && { status: found.status, updatedAt: found.updatedAt };
      } catch (error) {
        if (refusalOf(error) === undefined) throw error;
        return { status: "unreadable", updatedAt: timeOfRunId(id) };
      }
    },
    async placeBefore(id, seq) {
      const folder = seq < 0 ? undefined : await runFolder(runsFolder, id);
      const now = folder === undefined ? undefined : await read(id, folder);
      return placeBefore(now?.fold ?? emptyFold(), seq);
    },
  };
}
