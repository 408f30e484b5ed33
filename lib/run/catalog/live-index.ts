// The index as a server reads it: at once as it is, and brought up to date in the background.
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { attempt } from "../../errors.ts";
import { withTimeout } from "../../timeout.ts";
import { runIds } from "../log/read.ts";
import { INDEX_APPLICATION, INDEX_SCHEMA, INDEX_VERSION } from "./index-schema.ts";
import { updateRuns } from "./index-update.ts";
import { INDEX_FILE, openForReading, withIndex } from "./runs-index.ts";
import { isDamage, pragma } from "./sqlite.ts";

/** What is known of a folder's runs at one time. */
export interface IndexedRuns {
  /** Differs from that of any earlier look with other contents. */
  readonly version: string;
  /**
   * The parts of the index. Where several have a run, the last one has its present state.
   */
  readonly parts: readonly DatabaseSync[];
  /** The runs that are there, newest first; some may not be in the index yet. */
  readonly ids: readonly string[];
}

/** The runs of a folder. */
export interface LiveIndex extends Disposable {
  /**
   * Gives what is known now. An update begins with each look and is waited for a moment only, unless there is nothing to
   * show before it ends; the first look at a large folder with an index does not wait at all. Use the result before awaiting anything.
   *
   * @throws UserError `folder.unreadable`
   */
  look(): Promise<IndexedRuns>;
  /** Looks at these runs' files, because they have just been changed. */
  touch(ids: Iterable<string>): Promise<void>;
}

/** How long a look waits for an update. */
const PATIENCE_MS = 250;
/** Time before the first update of a large folder that has an index. */
const LATER_MS = 1_000;
/** In a folder of at most this many runs, every file is looked at each time. */
const FEW = 200;
/** Otherwise the files of runs that are over are looked at this rarely, and never for more than a twentieth of the time. */
const SETTLED_MS = 10_000;
const SHARE = 20;

/**
 * The runs of a folder. Where the folder can be written, the index on the disk is updated; otherwise what has changed since
 * it was written is kept in memory, beside it.
 *
 * @param writable whether this process may write in the folder
 */
export function liveIndex(runsFolder: string, writable: boolean): LiveIndex {
  let disk: DatabaseSync | undefined;
  let memory: DatabaseSync | undefined;
  let updating: Promise<void> | undefined;
  let updates = 0;
  let lastFull = -Infinity;
  let fullTook = 0;
  let damaged = false;
  const touched = new Set<string>();
  let later: ReturnType<typeof setTimeout> | undefined;

  const openDisk = () => {
    if (damaged) return undefined;
    if (disk !== undefined && attempt(() => pragma(disk!, "data_version")) === undefined) {
      attempt(() => disk!.close());
      disk = undefined;
    }
    disk ??= attempt(() => {
      const opened = openForReading(join(runsFolder, INDEX_FILE));
      if (pragma(opened, "application_id") === INDEX_APPLICATION && pragma(opened, "user_version") === INDEX_VERSION) {
        return opened;
      }
      opened.close();
    });
    return disk;
  };

  const update = async (count: number) => {
    const begun = performance.now();
    const settled = count <= FEW || begun - lastFull > Math.max(SETTLED_MS, SHARE * fullTook);
    const ids = new Set(touched);
    touched.clear();
    if (writable) await withIndex(runsFolder, () => {}, { scope: { settled, ids }, onProgress: () => {} });
    else {
      if (memory === undefined) {
        memory = new DatabaseSync(":memory:");
        memory.exec(INDEX_SCHEMA);
      }
      await updateRuns(memory, runsFolder, () => {}, { settled, ids, base: openDisk() }).catch(async (error) => {
        if (!isDamage(error)) throw error;
        // What it says is in the logs too.
        damaged = true;
        await updateRuns(memory!, runsFolder, () => {}, { base: openDisk() });
      });
    }
    updates++;
    if (!settled) return;
    lastFull = performance.now();
    fullTook = lastFull - begun;
  };

  /** Begins the first update of a large folder a little later: until then, the processor is for the page. */
  const beginLater = (count: number) => {
    later ??= setTimeout(() => begin(count).catch(() => {}), LATER_MS);
    Deno.unrefTimer(later);
  };

  const begin = (count: number): Promise<void> => {
    clearTimeout(later);
    later = undefined;
    updating ??= update(count).finally(() => updating = undefined);
    return updating;
  };

  return {
    async look() {
      const ids = await runIds(runsFolder);
      if (ids.length > FEW && updates === 0 && updating === undefined && openDisk() !== undefined) {
        beginLater(ids.length);
      } else {
        const running = begin(ids.length);
        // Later looks report the error, if it stays.
        running.catch(() => {});
        if (openDisk() === undefined && updates === 0) await running;
        else await withTimeout(running.catch(() => {}), PATIENCE_MS);
      }
      const parts = [openDisk(), memory].filter((db) => db !== undefined);
      const changes = memory?.prepare("select total_changes() as n").get()?.n ?? 0;
      const version = [disk === undefined ? "" : pragma(disk, "data_version"), changes, ids.length, ids[0]].join(".");
      return { version, parts, ids };
    },
    async touch(ids) {
      await updating?.catch(() => {});
      for (const id of ids) touched.add(id);
      await begin(Infinity).catch(() => {});
    },
    [Symbol.dispose]() {
      clearTimeout(later);
      disk?.close();
      memory?.close();
    },
  };
}
