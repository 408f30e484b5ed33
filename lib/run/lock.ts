// The lock file of a run: who writes the run, and a heartbeat, so that a reader can tell `running` from `lost`.
import { join } from "node:path";
import { z } from "zod";
import { isAlive, type ProcessId, thisProcess } from "./process.ts";

/** Name of the lock file in a run's folder; it is there as long as the run is being written. */
export const LOCK_FILE = "run.lock";
/** How often a writer touches its lock. */
const BEAT_MS = 2_000;
/** Without a sign of life for so long, a writer that cannot be asked counts as gone. */
const SILENCE_MS = 60_000;

const lockSchema = z.object({ host: z.string(), pid: z.int(), started: z.string().nullable() });

/** A held lock. */
export interface Lock {
  release(): void;
}

/**
 * Takes the lock of a new run's folder and keeps its heart beating.
 *
 * @throws Deno.errors.AlreadyExists when the folder has a lock already
 */
export function takeLock(folder: string): Lock {
  const path = join(folder, LOCK_FILE);
  Deno.writeTextFileSync(path, JSON.stringify(thisProcess()) + "\n", { createNew: true });
  const beat = setInterval(() => {
    try {
      Deno.utimeSync(path, new Date(), new Date());
    } catch {
      // The folder is gone or read-only; writing the log will say so.
    }
  }, BEAT_MS);
  Deno.unrefTimer(beat);
  return {
    release() {
      clearInterval(beat);
      try {
        Deno.removeSync(path);
      } catch {
        // Already gone: nothing is held any more.
      }
    },
  };
}

/** Whether the process that holds a run's lock lives. False when there is no lock. */
export function writerLives(folder: string, now: number = Date.now()): boolean {
  const path = join(folder, LOCK_FILE);
  let lastBeat: number;
  let holder: ProcessId | undefined;
  try {
    lastBeat = Deno.statSync(path).mtime?.getTime() ?? 0;
    holder = parseLock(Deno.readTextFileSync(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  return (holder && isAlive(holder)) ?? now - lastBeat < SILENCE_MS;
}

function parseLock(text: string): ProcessId | undefined {
  try {
    return lockSchema.parse(JSON.parse(text));
  } catch {
    // It is being written this moment, or damaged: its age decides.
    return undefined;
  }
}

/** Which process holds a run's lock; undefined when none does, or when the lock does not say. */
export function lockHolder(folder: string): ProcessId | undefined {
  if (!writerLives(folder)) return undefined;
  try {
    return parseLock(Deno.readTextFileSync(join(folder, LOCK_FILE)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
