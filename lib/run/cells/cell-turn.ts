// One process builds a cell; others that need it wait for it, so that what runs side by side shares what it shares.
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type HeldLock, type Lock, tryTakeLock } from "../process/lock.ts";
import type { ProcessId } from "../process/process.ts";

/** Folder of the locks on cells that are being built, one folder each, in the runs folder. */
const TURNS_FOLDER = ".building";
/** How often a process that waits looks. */
const LOOK_MS = 250;

export interface Turn {
  /** Whether somebody else was building the cell: it may be there by now. */
  readonly waited: boolean;
  release(): Promise<void>;
}

/**
 * Waits until no other living process builds the cell. Where locks cannot be kept, nobody waits: two that build the same
 * cell at once both succeed.
 *
 * @param onWait called once, with the process that is waited for
 * @param job the job that this process is of, whose earlier processes are not waited for
 * @throws the signal's reason when it is aborted
 */
export async function takeTurn(
  runsFolder: string,
  key: string,
  signal: AbortSignal,
  onWait: (holder: ProcessId | undefined) => void,
  job?: string,
): Promise<Turn> {
  const folder = join(runsFolder, TURNS_FOLDER, key);
  for (let waited = false;; waited = true) {
    const taken = await tryTake(folder, job);
    if (taken === undefined) return { waited, release: () => Promise.resolve() };
    if (!("holder" in taken)) return { waited, release: () => release(folder, taken) };
    if (!waited) onWait(taken.holder);
    await delay(LOOK_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** Undefined when the folder cannot be written, which the building itself will say. */
async function tryTake(folder: string, job: string | undefined): Promise<Lock | HeldLock | undefined> {
  for (let again = 0; again < 10; again++) {
    try {
      await Deno.mkdir(folder, { recursive: true });
      return tryTakeLock(folder, job);
    } catch (error) {
      // Its last holder removed the folder just now.
      if (!(error instanceof Deno.errors.NotFound)) return undefined;
    }
  }
  return undefined;
}

async function release(folder: string, lock: Lock): Promise<void> {
  lock.release();
  // Not empty when the next one has taken its turn already.
  for (const empty of [folder, dirname(folder)]) await Deno.remove(empty).catch(() => {});
}
