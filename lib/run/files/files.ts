// Hashing files, and writing them so that a crash leaves either the whole file or none.
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { absent, attempt } from "../../errors.ts";
import { isLocal } from "./shared-folder.ts";

const NEWLINE = 10;

/** SHA-256 of a text, in hexadecimal. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** SHA-256 of a file's bytes, in hexadecimal; the file is read in blocks. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path, { read: true });
  const buffer = new Uint8Array(1 << 20);
  for (let count = await file.read(buffer); count !== null; count = await file.read(buffer)) {
    hash.update(buffer.subarray(0, count));
  }
  return hash.digest("hex");
}

/** Flushes a file's content, or a folder's entries, to the disk. */
export async function syncToDisk(path: string): Promise<void> {
  try {
    using file = await Deno.open(path, { read: true });
    await file.sync();
  } catch (error) {
    // Windows and some network file systems cannot sync a folder; a file must be syncable.
    if ((await Deno.stat(path)).isFile) throw error;
  }
}

/**
 * Writes a text file that is either whole or absent: temporary file, sync, rename.
 *
 * @param mode permissions of the file, where the system has such
 */
export async function writeTextAtomically(path: string, text: string, mode?: number): Promise<void> {
  const temporary = join(dirname(path), `.tmp-${crypto.randomUUID()}`);
  try {
    await Deno.writeTextFile(temporary, text, { createNew: true, ...(mode === undefined ? {} : { mode }) });
    await syncToDisk(temporary);
    await Deno.rename(temporary, path);
  } catch (error) {
    await removeIfThere(temporary);
    throw error;
  }
  await syncToDisk(dirname(path));
}

/**
 * Appends a line to a file, which any number of processes may do at the same time, and flushes it. If the last line is
 * incomplete, because its writer has died, this one starts on a new line.
 */
export function appendLine(path: string, line: Uint8Array): void {
  using file = Deno.openSync(path, { read: true, append: true, create: true });
  lockIfPossible(file, path);
  const last = new Uint8Array([NEWLINE]);
  const { size } = file.statSync();
  if (size > 0) file.seekSync(size - 1, Deno.SeekMode.Start);
  file.readSync(last);
  const bytes = last[0] === NEWLINE ? line : new Uint8Array([NEWLINE, ...line]);
  for (let written = 0; written < bytes.length;) written += file.writeSync(bytes.subarray(written));
  file.syncSync();
}

/**
 * Locks a file against other processes of this machine that lock it, on a local file system. On a network file system
 * locks may be missing, or wait for ever for a machine that is gone.
 */
export function lockIfPossible(file: Deno.FsFile, path: string): void {
  if (isLocal(dirname(path))) attempt(() => file.lockSync(true));
}

/** Removes a file, or a folder with everything in it, if it exists. */
export async function removeIfThere(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch(absent);
}

/** Every regular file below a folder, as sorted paths relative to it with `/` between the parts. */
export async function filesBelow(folder: string, prefix = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(join(folder, prefix))) {
    const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory) found.push(...await filesBelow(folder, path));
    else if (entry.isFile) found.push(path);
  }
  return found.sort();
}
