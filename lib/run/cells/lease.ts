// Leases on cells that are being built: of two copies of one cell, the newer one writes, and the older one stops.
//
// A lease is a chain of numbered files. Whoever begins to build a cell makes the next file, and makes another before each
// thing that it writes. A file is made only if it is not there (`O_EXCL`), which the server of a network file system
// decides, whatever clients have cached: so an older copy finds its next number taken, and needs no lock to know it.
import { join } from "node:path";
import { absent, attempt, UserError } from "../../errors.ts";
import { thisProcess } from "../process/process.ts";

/** Code of the error of a copy of a cell that a newer copy has taken over from. */
export const FENCED = "cell.fenced";

/** Folder of the leases in the runs folder, one folder a cell. */
export const LEASES_FOLDER = ".leases";
/** How often a holder looks whether a newer copy has begun. */
const LOOK_MS = 2_000;

/** The right to write what a cell becomes. */
export interface Lease {
  /** Aborted with the error of `renew()` when a newer copy has begun; may come late on a network file system. */
  readonly signal: AbortSignal;
  /**
   * To be called before each write.
   *
   * @throws UserError `cell.fenced` when a newer copy has begun
   */
  renew(): Promise<void>;
  /** Ends the lease. @param finished whether the cell is in the cache, so that nobody needs the chain */
  end(finished: boolean): Promise<void>;
}

/**
 * Takes the lease on a cell, from whoever has it.
 *
 * @param lookMs how often the holder looks whether a newer copy has begun
 */
export async function takeLease(runsFolder: string, key: string, lookMs = LOOK_MS): Promise<Lease> {
  const folder = join(runsFolder, LEASES_FOLDER, key);
  const text = JSON.stringify({ ...thisProcess(), token: crypto.randomUUID() }) + "\n";
  await Deno.mkdir(folder, { recursive: true });
  let number = await lastNumber(folder) + 1;
  // The listing may be an old one.
  while (!await claim(folder, number, text)) {
    await Deno.mkdir(folder, { recursive: true }); // its last holder may have removed it just now
    number++;
  }
  const controller = new AbortController();
  const fenced = () =>
    new UserError(
      FENCED,
      "This copy of the cell stops: a newer copy builds it",
      "the scheduler started it again, taking this one for lost; nothing is to be done",
    );
  /** Renewals under way: the next number may be one that this process is taking. */
  let renewing = 0;
  let last = Promise.resolve();
  const timer = setInterval(() => {
    if (renewing > 0) return;
    const newer = attempt(() => Deno.statSync(join(folder, name(number + 1))));
    if (newer !== undefined) controller.abort(fenced());
  }, lookMs);
  Deno.unrefTimer(timer);
  const next = async () => {
    controller.signal.throwIfAborted();
    // A chain that was removed because the cell is finished, and perhaps begun anew, does not go on from here.
    const own = await Deno.readTextFile(join(folder, name(number))).catch(absent) === text;
    if (!own || !await claim(folder, number + 1, text)) {
      controller.abort(fenced());
      controller.signal.throwIfAborted();
    }
    number++;
  };
  return {
    signal: controller.signal,
    renew() {
      renewing++;
      // One after another, each with a number of its own.
      last = last.then(next).finally(() => renewing--);
      return last;
    },
    async end(finished) {
      clearInterval(timer);
      if (finished) await Deno.remove(folder, { recursive: true }).catch(() => {});
    },
  };
}

const name = (number: number) => String(number).padStart(9, "0");

async function lastNumber(folder: string): Promise<number> {
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(absent) ?? [];
  return Math.max(0, ...entries.flatMap(({ name }) => /^\d{9,}$/.test(name) ? [Number(name)] : []));
}

/** Makes a file of the chain; false if it is there, or the chain is gone. */
async function claim(folder: string, number: number, text: string): Promise<boolean> {
  try {
    await Deno.writeTextFile(join(folder, name(number)), text, { createNew: true });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists || error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
