// Following a run's log as it grows, for server-sent events and notebooks.
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { absent } from "../../errors.ts";
import type { RunEvent } from "../events/events.ts";
import { writerLives } from "../process/lock.ts";
import { LOG_FILE } from "./log.ts";
import type { LogDamage } from "../events/views.ts";
import { LOG_START, type LogPosition, readPiece, readWhole } from "./parse-log.ts";
import { runFolder, unreadable } from "./read.ts";

/** A place between two events of a log. */
export interface LogPlace {
  readonly position: LogPosition;
  /** Whether the event before it is `run.end`. */
  readonly ended: boolean;
}

const START: LogPlace = { position: LOG_START, ended: false };

export interface FollowOptions {
  /** Only events with a greater `seq` are returned. @default -1 */
  readonly after?: number;
  /** A place in the log that all these events follow. @default the start */
  readonly from?: LogPlace;
  /** Ends the iteration when aborted. */
  readonly signal?: AbortSignal;
  /** Ends the iteration when aborted, after what is in the log by then. */
  readonly finish?: AbortSignal;
  /** Time between two looks at a log that is growing, asked for before each. @default 50 ms */
  readonly pollMs?: () => number;
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
  const { after = -1, from = START, signal, finish, pollMs = () => POLL_MS.growing, onDamage } = options;
  const folder = await runFolder(runsFolder, id);
  if (folder === undefined) return;
  const path = join(folder, LOG_FILE);
  const signals = [signal, finish].filter((one) => one !== undefined);
  const wake = signals.length === 0 ? {} : { signal: AbortSignal.any(signals) };
  let { position, ended } = from;
  let wait = pollMs();
  let nextLook = performance.now() + LIFE_MS;
  let last = false;
  while (!signal?.aborted) {
    const finishing = finish?.aborted ?? false;
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
      wait = pollMs();
      continue;
    }
    // The writer was gone before this poll, or all was to be read, and nothing new was found: no more events will come.
    if (last || ended || finishing) return;
    if (performance.now() >= nextLook) {
      last = !writerLives(folder);
      nextLook = performance.now() + LIFE_MS;
    }
    if (!last) await delay(wait, undefined, wake).catch(() => {});
    wait = Math.min(wait * 1.5, Math.max(POLL_MS.idle, pollMs()));
  }
}

/**
 * Reads a log on and on: each call returns the events that were written since the one before; none while the log is not
 * there.
 *
 * @param folder that holds it
 */
export function followLog(folder: string): () => Promise<readonly RunEvent[]> {
  const path = join(folder, LOG_FILE);
  let position = LOG_START;
  return async () => {
    const size = (await Deno.stat(path).catch(absent))?.size ?? 0;
    if (size <= position.offset) return [];
    const piece = await readWhole(path, position).catch(absent);
    position = piece?.position ?? position;
    return piece?.events ?? [];
  };
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
