// Following a run's log as it grows, for server-sent events and notebooks.
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { RunEvent } from "../events/events.ts";
import { writerLives } from "../process/lock.ts";
import { LOG_FILE } from "./log.ts";
import type { LogDamage } from "../events/views.ts";
import { LOG_START, type LogPosition, readPiece } from "./parse-log.ts";
import { runFolder, unreadable } from "./read.ts";

export interface FollowOptions {
  /** Only events with a greater `seq` are returned. @default -1 */
  readonly after?: number;
  /** Ends the iteration when aborted. */
  readonly signal?: AbortSignal;
  /** Called for every damaged line, which is then skipped. */
  readonly onDamage?: (damage: LogDamage) => void;
}

/** Time between two polls of a log that is growing, and at most of one that is not. Watching does not work everywhere. */
const POLL_MS = { growing: 50, idle: 400 };
/** How often to check that the process of a silent run is alive. */
const LIFE_MS = 2_000;

/**
 * The events of a run in order, without gaps or duplicates: those in the log, then each new one. The iteration ends after
 * a `run.end` unless another process resumes the run, when the run's process or folder is gone, or when the signal is
 * aborted. It is empty when there is no such run.
 *
 * @throws UserError `run.unreadable`, `folder.unreadable`
 */
export async function* followEvents(
  runsFolder: string,
  id: string,
  options: FollowOptions = {},
): AsyncGenerator<RunEvent, void, void> {
  const { after = -1, signal, onDamage } = options;
  const folder = await runFolder(runsFolder, id);
  if (folder === undefined) return;
  const path = join(folder, LOG_FILE);
  let position: LogPosition = LOG_START;
  let wait = POLL_MS.growing;
  let nextLook = performance.now() + LIFE_MS;
  let last = false;
  let ended = false;
  while (!signal?.aborted) {
    const piece = await readPiece(path, position).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw unreadable(id, folder, error);
    });
    if (piece === undefined && !(await isThere(folder))) return;
    for (const damage of piece?.damage ?? []) onDamage?.(damage);
    for (const event of piece?.events ?? []) {
      if (event.seq > after) yield event;
      if (signal?.aborted) return;
      ended = event.kind === "run.end";
    }
    if (piece !== undefined && piece.position.offset > position.offset) {
      position = piece.position;
      wait = POLL_MS.growing;
      continue;
    }
    // The writer was gone before this poll, which found nothing new: no more events will come.
    if (last || ended) return;
    if (performance.now() >= nextLook) {
      last = !writerLives(folder);
      nextLook = performance.now() + LIFE_MS;
    }
    if (!last) await delay(wait, undefined, signal && { signal }).catch(() => {});
    wait = Math.min(wait * 1.5, POLL_MS.idle);
  }
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
