// The index as a server reads it: at once as it is, and brought up to date in the background.
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { attempt, systemReason, UserError } from "../../errors.ts";
import { withTimeout } from "../../timeout.ts";
import { runIds } from "../log/read.ts";
import { INDEX_APPLICATION, INDEX_SCHEMA, INDEX_VERSION } from "./index-schema.ts";
import { updateRuns, type UpdateScope } from "./index-update.ts";
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
  /** Whether some update has ended, so that the parts have every run that has begun. */
  readonly complete: boolean;
  /** Why the parts may be old, in words: the last update failed. */
  readonly stale: string | undefined;
}

/** The runs of a folder. */
export interface LiveIndex extends Disposable {
  /**
   * Gives what is known now. An update begins with each look and is waited for a moment only, unless there is nothing to
   * show before it ends; the first look at a large folder with an index does not wait at all. Use the result before awaiting anything.
   *
   * @throws UserError `folder.unreadable`, or `index.unreadable` while there is nothing to show because updates fail
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

/** How an index is kept up to date. */
export interface LiveIndexOptions {
  /** Whether this process may write in the folder. */
  readonly writable: boolean;
  /** Called when an update fails; again only after one that succeeded, or when the next one fails for another reason. */
  readonly onTrouble: (error: unknown) => void;
}

/**
 * The runs of a folder. Where the folder can be written, the index on the disk is updated; otherwise what has changed since
 * it was written is kept in memory, beside it.
 */
export function liveIndex(runsFolder: string, { writable, onTrouble }: LiveIndexOptions): LiveIndex {
  const path = join(runsFolder, INDEX_FILE);
  /** Until it turns out that the disk is full or read-only. */
  let onDisk = writable;
  let disk: DatabaseSync | undefined;
  let memory: DatabaseSync | undefined;
  let updating: Promise<void> | undefined;
  let updates = 0;
  let lastFull = -Infinity;
  let fullTook = 0;
  let damaged = false;
  let trouble: { readonly error: unknown } | undefined;
  const touched = new Set<string>();
  let later: ReturnType<typeof setTimeout> | undefined;

  const openDisk = () => {
    if (damaged) return undefined;
    if (disk !== undefined && attempt(() => pragma(disk!, "data_version")) === undefined) {
      attempt(() => disk!.close());
      disk = undefined;
    }
    disk ??= attempt(() => {
      const opened = openForReading(path);
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
    let full = settled;
    onDisk &&= await updateDisk({ settled, ids });
    if (!onDisk) {
      // What a disk that cannot be written any more has not got is looked for in all runs.
      full ||= memory === undefined;
      await updateMemory({ settled: full, ids });
    }
    updates++;
    if (!full) return;
    lastFull = performance.now();
    fullTook = lastFull - begun;
  };

  /** Whether the index on the disk is up to date: it cannot be where nothing can be written. */
  const updateDisk = (scope: UpdateScope) =>
    withIndex(runsFolder, (update) => update.path === path, { scope, onProgress: () => {} });

  const updateMemory = async (scope: UpdateScope) => {
    if (memory === undefined) {
      memory = new DatabaseSync(":memory:");
      memory.exec(INDEX_SCHEMA);
    }
    await updateRuns(memory, runsFolder, () => {}, { ...scope, base: openDisk() }).catch(async (error) => {
      if (!isDamage(error)) throw error;
      // What it says is in the logs too.
      damaged = true;
      await updateRuns(memory!, runsFolder, () => {}, { base: openDisk() });
    });
  };

  /** Notes how an update ended. */
  const note = (now: { readonly error: unknown } | undefined) => {
    const isNews = now !== undefined && (trouble === undefined || String(trouble.error) !== String(now.error));
    trouble = now;
    if (isNews) onTrouble(now.error);
  };

  /** Begins the first update of a large folder a little later: until then, the processor is for the page. */
  const beginLater = (count: number) => {
    later ??= setTimeout(() => begin(count), LATER_MS);
    Deno.unrefTimer(later);
  };

  /** Begins an update, unless one is under way. Its failure is noted, and no reason to wait for it again. */
  const begin = (count: number): Promise<void> => {
    clearTimeout(later);
    later = undefined;
    updating ??= update(count).then(() => note(undefined), (error) => note({ error })).finally(() =>
      updating = undefined
    );
    return updating;
  };

  return {
    async look() {
      const ids = await runIds(runsFolder);
      if (ids.length > FEW && updates === 0 && updating === undefined && openDisk() !== undefined) {
        beginLater(ids.length);
      } else {
        const running = begin(ids.length);
        const isEmpty = openDisk() === undefined && updates === 0;
        if (isEmpty) await running;
        else await withTimeout(running, PATIENCE_MS);
        if (isEmpty && trouble !== undefined) {
          throw new UserError("index.unreadable", `Cannot read the runs of ${runsFolder}${reasonOf(trouble.error)}`);
        }
      }
      const parts = [openDisk(), memory].filter((db) => db !== undefined);
      const changes = memory?.prepare("select total_changes() as n").get()?.n ?? 0;
      const version = [disk === undefined ? "" : pragma(disk, "data_version"), changes, ids.length, ids[0]].join(".");
      const stale = trouble && `The table may be old: its index cannot be updated${reasonOf(trouble.error)}`;
      return { version, parts, ids, complete: updates > 0, stale };
    },
    async touch(ids) {
      await updating;
      for (const id of ids) touched.add(id);
      await begin(Infinity);
    },
    [Symbol.dispose]() {
      clearTimeout(later);
      disk?.close();
      memory?.close();
    },
  };
}

/** Why an update failed, for readers who do not see the terminal. */
function reasonOf(error: unknown): string {
  const reason = error instanceof UserError ? error.message : systemReason(error);
  return reason === undefined ? ". The server's terminal says why" : `: ${reason}`;
}
