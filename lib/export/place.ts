// Where an export is written: checked before the work, filled beside the target, and moved into place at the end.
import { statfs } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { absent, systemReason, UserError } from "../errors.ts";
import { checkTarget, openTarget, type Output, type Target } from "../huggingface/mod.ts";
import { byteSize } from "../report/mod.ts";

/** What is written: a folder, or a GGUF file with its card beside it. */
export interface Place extends Output {
  readonly isFile: boolean;
}

/** The card of a GGUF file that has no folder of its own: `model.gguf.md`. */
export const cardBeside = (file: string): string => `${file}.md`;

/**
 * Checks that the target can be written, and that its disk has room.
 *
 * @param bytes that will be written
 * @throws UserError with the output's code
 */
export async function checkPlace(place: Place, bytes: number): Promise<void> {
  const { out, isFile } = place;
  await checkTarget(place);
  for (const path of isFile ? [out, cardBeside(out)] : []) {
    if (await exists(path)) throw refused(place, path === out ? "it exists" : `its model card "${path}" exists`);
  }
  await checkRoom(place, bytes, await freeBytes(out));
}

/** @throws UserError with the output's code when `bytes` do not fit into `free` bytes */
export function checkRoom({ out, code, what }: Output, bytes: number, free: number): void {
  if (bytes <= free) return;
  throw new UserError(
    code,
    `Cannot write ${what} to "${out}": it takes about ${byteSize(bytes)}, and the disk has ${byteSize(free)} free`,
    "Free some space, or name a place on another disk with --out",
  );
}

/** Free bytes of the disk of a path, which need not exist. */
async function freeBytes(path: string): Promise<number> {
  let folder = resolve(path);
  while (!await exists(folder) && dirname(folder) !== folder) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/**
 * Fills a folder beside the target with `write`, and moves it, or for a file the two files in it, into place.
 *
 * @param file name of the GGUF file in the folder
 * @throws UserError with the output's code; then nothing is left behind
 */
export async function fillPlace(place: Place, file: string, write: (folder: string) => Promise<void>): Promise<void> {
  let target: Target | undefined;
  try {
    target = await openTarget(place);
    await write(target.workshop);
    if (!place.isFile) return await target.finish();
    await moveNew(place, join(target.workshop, "README.md"), cardBeside(place.out));
    await moveNew(place, join(target.workshop, file), place.out);
    await target.discard();
  } catch (error) {
    await target?.discard();
    const reason = systemReason(error);
    throw reason === undefined || error instanceof UserError ? error : refused(place, reason);
  }
}

async function moveNew(place: Place, from: string, to: string): Promise<void> {
  if (await exists(to)) throw refused(place, `"${to}" exists by now`);
  await Deno.rename(from, to);
}

const exists = async (path: string) => await Deno.lstat(path).catch(absent) !== undefined;

function refused({ out, code, what }: Output, why: string): UserError {
  return new UserError(code, `Cannot write ${what} to "${out}": ${why}`, "Name another place with --out");
}
