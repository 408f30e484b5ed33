// The user's files: found by path or glob, read whole, and unpacked.
import { globSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { UserError } from "../../errors.ts";

/**
 * Files that a path or glob names, in the order of their names. A path that exists is taken as it is, whatever signs
 * it has.
 *
 * @param setting the setting that names them, such as `data.code`, for messages
 * @throws UserError when there is none, or a link leads in a circle
 */
export function findFiles(pattern: string, setting: string): string[] {
  const info = statFile(pattern, setting);
  if (info?.isFile) return [pattern];
  if (info?.isDirectory) {
    throw new UserError(
      "data.is-folder",
      `${setting} is the folder ${pattern}: files are expected`,
      `Give a glob such as ${pattern.replace(/\/+$/, "")}/**/*.txt`,
    );
  }
  if (!/[*?[{]/.test(pattern)) {
    throw new UserError(
      "data.missing-file",
      `${setting} is ${JSON.stringify(pattern)}, but there is no such file`,
      `Paths are taken from ${Deno.cwd()}; "builtin" is the text that comes along`,
    );
  }
  const files = globSync(pattern).sort().filter((path) => statFile(path, setting)?.isFile);
  if (files.length === 0) {
    throw new UserError(
      "data.no-match",
      `${setting} is the glob ${JSON.stringify(pattern)}, but no file matches it`,
      `Globs are taken from ${Deno.cwd()}; put the glob in quotation marks, or the shell expands it`,
    );
  }
  return files;
}

function statFile(path: string, setting: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.FilesystemLoop) {
      throw new UserError(
        "data.link-loop",
        `${setting} names ${path}, a symbolic link that leads back to itself`,
        "Remove the link, or name the file that it should lead to",
      );
    }
    return undefined;
  }
}

/** What {@linkcode readWhole} needs of an open file. */
export interface OpenFile {
  stat(): Promise<{ readonly size: number; readonly isFile: boolean }>;
  read(buffer: Uint8Array): Promise<number | null>;
}

/**
 * The bytes of a file, unpacked when its name ends in `.gz`.
 *
 * @throws UserError when it can't be read, changes while it is read, or is no gzip although its name says so
 */
export async function readFile(path: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    using file = await Deno.open(path);
    bytes = await readWhole(file, path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError("data.unreadable", `${path} cannot be read: ${reason}`, "Check the path and its permissions");
  }
  if (!path.toLowerCase().endsWith(".gz")) return bytes;
  try {
    return new Uint8Array(gunzipSync(bytes));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError("data.bad-gzip", `${path} is not a whole gzip file: ${reason}`, "Download or pack it again");
  }
}

/**
 * Reads an open file to its end.
 *
 * @throws UserError when its size changes on the way: half of a text must not pass for the whole
 */
export async function readWhole(file: OpenFile, path: string): Promise<Uint8Array> {
  const { size } = await file.stat();
  const bytes = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const count = await file.read(bytes.subarray(length));
    if (count === null) break;
    length += count;
  }
  const after = (await file.stat()).size;
  if (length < size || after !== size) {
    throw new UserError(
      "data.changed",
      `${path} changed while it was read: it had ${size} bytes, then ${Math.min(length, after)}`,
      "Run again when nothing writes to it any more, or work on a copy",
    );
  }
  return bytes;
}
