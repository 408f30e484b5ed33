// Reading and writing files, with errors that name the file and say what to do.
import { systemReason, UserError } from "../errors.ts";
import { parsePythonJson } from "./python-json.ts";

/**
 * Opens a file for reading.
 *
 * @throws UserError when it is missing, not a regular file, or cannot be read
 */
export async function openForReading(path: string): Promise<{ file: Deno.FsFile; bytes: number }> {
  try {
    // Before opening, because opening a pipe waits for a writer.
    const { isFile, size } = await Deno.stat(path);
    if (!isFile) throw notAFile(path);
    return { file: await Deno.open(path, { read: true }), bytes: size };
  } catch (error) {
    throw error instanceof UserError ? error : readingError(path, error);
  }
}

function notAFile(path: string): UserError {
  return new UserError(
    "file.not-a-file",
    `Cannot read "${path}": it is not a regular file`,
    "Give the path of a file",
  );
}

/** All bytes of a file; throws UserError as {@linkcode openForReading} does. */
export async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const { file, bytes } = await openForReading(path);
  try {
    const content = new Uint8Array(bytes);
    const got = await readFully(file, content);
    return content.subarray(0, got);
  } finally {
    file.close();
  }
}

/** Reads from the file's position until `target` is full or the file ends; returns the number of bytes read. */
export async function readFully(file: Deno.FsFile, target: Uint8Array): Promise<number> {
  let got = 0;
  while (got < target.length) {
    const count = await file.read(target.subarray(got));
    if (count === null) break;
    got += count;
  }
  return got;
}

/**
 * Writes `chunks` to a temporary file beside `path`, syncs it and renames it into place, so that `path` is always either
 * the old file or the complete new one.
 *
 * @throws UserError when it cannot be written; the temporary file is removed
 */
export async function writeAtomically(path: string, chunks: Iterable<Uint8Array>, totalBytes: number): Promise<void> {
  const partial = `${path}.partial-${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
  try {
    using file = await Deno.open(partial, { write: true, createNew: true });
    for (const chunk of chunks) {
      let written = 0;
      while (written < chunk.length) written += await file.write(chunk.subarray(written));
    }
    await file.sync();
    await Deno.rename(partial, path);
  } catch (error) {
    await Deno.remove(partial).catch(() => {});
    // Not a writing error, but one from the source of the chunks.
    if (error instanceof UserError || error instanceof TypeError) throw error;
    throw new UserError(
      "file.cannot-write",
      `Cannot write "${path}" (${totalBytes} bytes): ${systemReason(error) ?? (error as Error).message}`,
      "Check that the folder exists and is writable, and that the disk has enough space",
    );
  }
}

/** The error for a file that cannot be read, whatever the reason. */
export function readingError(path: string, error: unknown): UserError {
  if (isMissing(error)) {
    return new UserError("file.missing", `Cannot read "${path}": there is no such file`, "Check the path");
  }
  return new UserError(
    "file.cannot-read",
    `Cannot read "${path}": ${(error as Error).message}`,
    "Check that it is a file that you may read",
  );
}

/** The object in a JSON file that Python's `json` can read; throws UserError naming the file. */
export async function readJson(path: string): Promise<Record<string, unknown>> {
  let value: unknown;
  try {
    value = parsePythonJson(await readBytes(path));
  } catch (error) {
    if (error instanceof SyntaxError) throw folderError(path, error.message);
    throw error;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw folderError(path, "it is not a JSON object");
  }
  return value as Record<string, unknown>;
}

/**
 * Whether there is a file or folder at `path`; links are followed.
 *
 * @throws UserError when that cannot be determined, such as for a folder without permission or a name that is too long
 */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw readingError(path, error);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}

/** The error for a damaged file of a model folder. */
export function folderError(path: string, what: string): UserError {
  return new UserError(
    "model.bad-folder",
    `Cannot read "${path}": ${what}`,
    "Download or write the model folder again",
  );
}
