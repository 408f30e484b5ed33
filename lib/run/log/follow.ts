// Following a run's log as it grows: what a server-sent event stream, a terminal or a notebook shows.
import { join } from "node:path";
import type { RunEvent } from "../events/events.ts";
import { writerLives } from "../process/lock.ts";
import { LOG_FILE } from "./log.ts";
import type { LogDamage } from "../events/views.ts";
import { LOG_START, type LogPosition, readPiece } from "./parse-log.ts";
import { runFolder } from "./read.ts";

export interface FollowOptions {
  /** Only events with a greater `seq` come. @default -1 */
  readonly after?: number;
  /** Ends the iteration when aborted. */
  readonly signal?: AbortSignal;
  /** Called for every damaged line; the line is skipped. */
  readonly onDamage?: (damage: LogDamage) => void;
}

/** A new line is seen this soon while the log is growing … */
const EAGER_MS = 50;
/** … and this soon after a silence. Polling works on every file system, watching does not. */
const IDLE_MS = 400;
/** How often a silent run's writer is looked for. */
const LIFE_MS = 2_000;

/**
 * The events of a run in order, without gap or duplicate: those that are there, then each new one. It ends after a
 * `run.end` that no process has gone on from, when the run's process is gone, when the run's folder is gone, or when the signal is aborted; it is empty
 * when there is no such run.
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
  let wait = EAGER_MS;
  let nextLook = performance.now() + LIFE_MS;
  let last = false;
  let ended = false;
  while (!signal?.aborted) {
    const piece = await readPiece(path, position).catch(absent);
    if (piece === undefined && !(await isThere(folder))) return;
    for (const damage of piece?.damage ?? []) onDamage?.(damage);
    for (const event of piece?.events ?? []) {
      if (event.seq > after) yield event;
      if (signal?.aborted) return;
      ended = event.kind === "run.end";
    }
    if (piece !== undefined && piece.position.offset > position.offset) {
      position = piece.position;
      wait = EAGER_MS;
      continue;
    }
    // The writer was gone before this reading, which found nothing new: there is nothing to come.
    if (last || ended) return;
    if (performance.now() >= nextLook) {
      last = !writerLives(folder);
      nextLook = performance.now() + LIFE_MS;
    }
    if (!last) await sleep(wait, signal);
    wait = Math.min(wait * 1.5, IDLE_MS);
  }
}

function absent(error: unknown): undefined {
  if (error instanceof Deno.errors.NotFound) return undefined;
  throw error;
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** Waits, or returns at once when the signal is aborted. */
function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", done);
  });
}
