// The folder of a discovery that is not finished: what is in it, and whether another process can go on with it.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { attempt, UserError } from "../errors.ts";
import { checkTarget } from "../huggingface/mod.ts";
import { writeTextAtomically } from "../run/mod.ts";
import { CLUSTERING_VERSION } from "./model.ts";
import type { FitFacts } from "./fit.ts";
import type { SortState } from "./sort.ts";

/** Everything about unfinished work that is not in files of its own. */
export interface WorkState {
  readonly facts: FitFacts;
  readonly sort?: SortState;
}

/** A folder with unfinished work. */
export interface Work {
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
 * @throws UserError `domains.out` if it cannot be written, or holds something else
 */
export async function openWork(out: string, key: string): Promise<Work> {
  await checkOut(out);
  const folder = `${out.replace(/(?<!^)\/+$/, "")}.partial`;
  const textFolder = join(folder, TEXT_FOLDER);
  const path = join(folder, STATE_FILE);
  const left = attempt(() => JSON.parse(Deno.readTextFileSync(path))) as { key: string; state?: WorkState } | undefined;
  if (left?.key === key) return { folder, textFolder, key, state: left.state };
  try {
    if (left !== undefined) await Deno.remove(folder, { recursive: true });
    await Deno.mkdir(folder, { recursive: true });
    for await (const _ of Deno.readDir(folder)) {
      throw new UserError(CODE, `Cannot use the folder ${folder}: it is not empty`, "move it away, or remove it");
    }
    await Deno.mkdir(textFolder);
    await writeTextAtomically(path, JSON.stringify({ key }));
  } catch (error) {
    if (error instanceof UserError || !(error instanceof Error)) throw error;
    throw new UserError(CODE, `Cannot write the folder ${folder}: ${error.message}`, "name another one with --out");
  }
  return { folder, textFolder, key, state: undefined };
}

/** Keeps the state of the work. */
export async function saveWork({ folder, key }: Work, state: WorkState): Promise<void> {
  await writeTextAtomically(join(folder, STATE_FILE), JSON.stringify({ key, state }));
}

/** Moves the finished work into place. */
export async function finish({ folder }: Work, out: string): Promise<void> {
  await Deno.remove(join(folder, STATE_FILE));
  await Deno.remove(out).catch(() => {}); // an empty folder, which not every system replaces
  await Deno.rename(folder, out);
}

/** Removes the work. */
export async function discard({ folder }: Work): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch(() => {});
}
