// The folder of a discovery that is not finished: what is in it, and whether another process can go on with it.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { attempt, systemReason, UserError } from "../errors.ts";
import { checkTarget } from "../huggingface/mod.ts";
import { type Lock, LOCK_FILE, tryTakeLock, writeTextAtomically } from "../run/mod.ts";
import { CLUSTERING_VERSION } from "./model.ts";
import type { FitFacts } from "./fit.ts";
import type { SortState } from "./sort.ts";

/** Everything about unfinished work that is not in files of its own. */
export interface WorkState {
  readonly facts: FitFacts;
  readonly sort?: SortState;
}

/** A folder with unfinished work, which no other process may go on with until it is disposed of. */
export interface Work extends Disposable {
  readonly folder: string;
  readonly textFolder: string;
  /** What the work depends on. */
  readonly key: string;
  /** What an earlier process left, if it worked on the same. */
  readonly state: WorkState | undefined;
}

/** Folder of the documents in that of a clustering. */
export const TEXT_FOLDER = "text";

const STATE_FILE = "progress.json";
const CODE = "domains.out";

/** The key of work with these settings on these documents. */
export function keyOf(settings: unknown, fingerprint: string): string {
  return createHash("sha256").update(JSON.stringify([CLUSTERING_VERSION, settings, fingerprint])).digest("hex");
}

/** @throws UserError `domains.out` unless `out` can be a new folder, or is empty */
export async function checkOut(out: string): Promise<void> {
  await checkTarget({ out, code: CODE, what: "the domains" });
}

/**
 * Opens the folder `<out>.partial`. Work with another key is removed.
 *
 * @throws UserError `domains.out` if it cannot be written, holds something else, or another process works in it
 */
export async function openWork(out: string, key: string): Promise<Work> {
  await checkOut(out);
  const folder = `${out.replace(/(?<!^)\/+$/, "")}.partial`;
  const textFolder = join(folder, TEXT_FOLDER);
  const path = join(folder, STATE_FILE);
  let lock: Lock | undefined;
  const isNew = attempt(() => Deno.statSync(folder)) === undefined;
  try {
    await Deno.mkdir(folder, { recursive: true });
    const held = lock = lockOf(folder);
    const left = attempt(() => JSON.parse(Deno.readTextFileSync(path))) as
      | { key: string; state?: WorkState }
      | undefined;
    const goesOn = left?.key === key;
    if (!goesOn) await clear(folder, left !== undefined);
    await Deno.mkdir(textFolder, { recursive: true });
    if (!goesOn) await writeTextAtomically(path, JSON.stringify({ key }));
    const state = goesOn ? withWhatIsThere(left.state, textFolder) : undefined;
    return { folder, textFolder, key, state, [Symbol.dispose]: () => held.release() };
  } catch (error) {
    lock?.release();
    if (error instanceof UserError || !(error instanceof Error)) throw error;
    if (isNew) await discard({ folder });
    const reason = systemReason(error) ?? error.message;
    throw new UserError(CODE, `Cannot write the folder ${folder}: ${reason}`, "name another one with --out");
  }
}

/** @throws UserError `domains.out` if another process has the lock */
function lockOf(folder: string): Lock {
  const taken = tryTakeLock(folder);
  if (!("holder" in taken)) return taken;
  const { holder } = taken;
  throw new UserError(
    CODE,
    `Cannot use the folder ${folder}: ${
      holder === undefined ? "another process" : `process ${holder.pid}`
    } works in it`,
    "wait for it, or name another folder with --out",
  );
}

/** Removes what an earlier process left. @throws UserError `domains.out` if it is something else */
async function clear(folder: string, isOwn: boolean): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    if (name === LOCK_FILE) continue;
    if (!isOwn) {
      throw new UserError(CODE, `Cannot use the folder ${folder}: it is not empty`, "move it away, or remove it");
    }
    await Deno.remove(join(folder, name), { recursive: true });
  }
}

/** The state; without the documents that were sorted if some of them are gone, so that all are sorted again. */
function withWhatIsThere(state: WorkState | undefined, textFolder: string): WorkState | undefined {
  const sizes = Object.entries(state?.sort?.sizes ?? {});
  const sizeOf = (name: string) => attempt(() => Deno.statSync(join(textFolder, name)).size) ?? 0;
  return state && sizes.some(([name, size]) => sizeOf(name) < size) ? { facts: state.facts } : state;
}

/** Keeps the state of the work. */
export async function saveWork({ folder, key }: Work, state: WorkState): Promise<void> {
  await writeTextAtomically(join(folder, STATE_FILE), JSON.stringify({ key, state }));
}

/** Moves the finished work into place. */
export async function finish(work: Work, out: string): Promise<void> {
  const { folder } = work;
  await Deno.remove(join(folder, STATE_FILE));
  work[Symbol.dispose](); // its file does not move along
  await Deno.remove(out).catch(() => {}); // an empty folder, which not every system replaces
  await Deno.rename(folder, out);
}

/** What a system says when a disk takes no more. */
const FULL: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/**
 * The error for work whose folder takes no more: a full disk, a quota, a limit of file sizes.
 *
 * @param hint what a person can do
 * @returns undefined for other errors
 */
export function outOfSpace(error: unknown, { folder }: Pick<Work, "folder">, hint: string): UserError | undefined {
  if (error instanceof UserError) {
    return error.code === "file.cannot-write" ? new UserError(CODE, error.message, hint) : undefined;
  }
  if (!FULL.has((error as { code?: unknown }).code)) return undefined;
  return new UserError(CODE, `Cannot write the folder ${folder}: ${systemReason(error)}`, hint);
}

/** Removes the work. */
export async function discard({ folder }: Pick<Work, "folder">): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch(() => {});
}
