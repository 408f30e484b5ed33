// The points of runs in memory for a server: a log is read once, and then only what was added to it.
import { join } from "node:path";
import { LOG_FILE } from "../log/log.ts";
import { LOG_START, type LogPosition, readPiece } from "../log/parse-log.ts";
import { runFolder, unreadable } from "../log/read.ts";
import { type FileStamp, isSame, stampOf } from "../log/summary.ts";
import { applyToPoints, bytesOf, noPoints, type RunPoints } from "./points.ts";

/** Reads the points of runs. */
export interface SeriesStore {
  /**
   * The points of a run up to the last whole line of its log; undefined when there is no such run. They change with the
   * next call.
   *
   * @throws UserError `run.unreadable`, `folder.unreadable`
   */
  read(id: string): Promise<RunPoints | undefined>;
}

/** What the store has of a run. */
interface Held {
  stamp: FileStamp | undefined;
  position: LogPosition;
  damaged: boolean;
  points: RunPoints;
}

/** A million values take 12 to 36 MB, depending on how many each step logs. */
const MOST_BYTES = 256 << 20;

/**
 * A store for the runs of a folder.
 *
 * @param mostBytes of points in memory; the run that was asked for last is kept even if it has more. @default 256 MiB
 */
export function createSeriesStore(runsFolder: string, mostBytes = MOST_BYTES): SeriesStore {
  /** Least recently used first. */
  const held = new Map<string, Held>();
  /** The last read of each run: they take turns. */
  const turns = new Map<string, Promise<unknown>>();

  const makeRoom = (id: string) => {
    let bytes = [...held.values()].reduce((sum, { points }) => sum + bytesOf(points), 0);
    for (const [other, { points }] of held) {
      if (bytes <= mostBytes) return;
      if (other === id) continue;
      bytes -= bytesOf(points);
      held.delete(other);
    }
  };

  const read = async (id: string): Promise<RunPoints | undefined> => {
    const folder = await runFolder(runsFolder, id);
    const before = held.get(id);
    held.delete(id);
    if (folder === undefined) return undefined;
    const path = join(folder, LOG_FILE);
    try {
      const stamp = await stampOf(path);
      if (stamp === undefined) return noPoints();
      const now = before !== undefined && continues(before, stamp) ? before : afresh();
      if (!isSame(now.stamp, stamp)) await readOn(now, path);
      now.stamp = stamp;
      held.set(id, now);
      makeRoom(id);
      return now.points;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined; // removed in between
      throw unreadable(id, folder, error);
    }
  };

  return {
    read(id) {
      const turn = (turns.get(id) ?? Promise.resolve()).then(() => read(id), () => read(id));
      turns.set(id, turn);
      const forget = () => {
        if (turns.get(id) === turn) turns.delete(id);
      };
      turn.then(forget, forget);
      return turn;
    },
  };
}

function afresh(): Held {
  return { stamp: undefined, position: LOG_START, damaged: false, points: noPoints() };
}

/** Whether a log with this stamp begins with what was read of it. One with damaged lines may have been repaired. */
function continues({ stamp, position, damaged }: Held, now: FileStamp): boolean {
  if (isSame(stamp, now)) return true;
  return !damaged && stamp?.file === now.file && now.size >= position.offset && now.size > stamp.size;
}

async function readOn(held: Held, path: string): Promise<void> {
  for (;;) {
    const { events, damage, position } = await readPiece(path, held.position);
    for (const event of events) applyToPoints(held.points, event);
    held.damaged ||= damage.length > 0;
    if (position.offset === held.position.offset) return;
    held.position = position;
  }
}
