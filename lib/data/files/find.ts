// The user's files, found by path or glob.
import { UserError } from "../../errors.ts";
import { expandGlob, hasGlobSyntax } from "./glob.ts";

/** Files that a setting names. */
export interface Found {
  /** Sorted by name. */
  readonly files: readonly string[];
  /** Errors of what the glob matches but cannot be read, if those may be skipped. */
  readonly skipped: readonly UserError[];
}

/**
 * Finds the files that a path or glob names. A path that exists is taken literally, whatever characters it has. Everything
 * that a glob matches must be readable: a dangling link or a locked folder may hide part of the data.
 *
 * @param setting the setting that names them, such as `data.code`, for messages
 * @param options.skipBad skips what a glob matches but cannot be read
 * @throws UserError when nothing matches, or what matches cannot be read
 */
export function findFiles(
  pattern: string,
  setting: string,
  { skipBad = false }: { readonly skipBad?: boolean } = {},
): Found {
  const kind = literalKind(pattern, setting);
  if (kind === "file") return { files: [pattern], skipped: [] };
  if (kind === "folder") {
    throw new UserError(
      "data.is-folder",
      `${setting} is the folder ${pattern}: files are expected`,
      `Give a glob such as ${pattern.replace(/(?<!\/)\/+$/, "")}/**/*.txt`,
    );
  }
  if (!hasGlobSyntax(pattern)) {
    throw new UserError(
      "data.missing-file",
      `${setting} is ${JSON.stringify(pattern)}, but there is no such file`,
      `Paths are relative to ${Deno.cwd()}`,
    );
  }
  const files: string[] = [];
  const skipped: UserError[] = [];
  const refuse = (error: UserError) => {
    if (!skipBad) throw error;
    skipped.push(error);
  };
  const { paths, unreadable } = expandGlob(pattern);
  for (const { path, error } of unreadable) refuse(unreadableError(path, setting, error));
  for (const path of paths) {
    try {
      if (kindOf(path, setting) === "file") files.push(path);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      refuse(error);
    }
  }
  if (files.length === 0) {
    const [first] = skipped;
    if (first !== undefined) throw first;
    throw new UserError(
      "data.no-match",
      `${setting} is the glob ${JSON.stringify(pattern)}, but no file matches it`,
      `Globs are relative to ${Deno.cwd()}; put the glob in quotation marks, or the shell expands it`,
    );
  }
  return { files, skipped };
}

/** What a pattern is if taken literally. If that cannot be determined, it may still be a glob. */
function literalKind(pattern: string, setting: string): "file" | "folder" | "missing" {
  try {
    return kindOf(pattern, setting);
  } catch (error) {
    if (hasGlobSyntax(pattern)) return "missing";
    throw error;
  }
}

/** @throws UserError for what exists but is neither a file nor a folder, or cannot be inspected */
function kindOf(path: string, setting: string): "file" | "folder" | "missing" {
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      const target = linkTarget(path);
      if (target !== undefined) {
        throw new UserError(
          "data.dangling-link",
          `${setting} names ${path}, a symbolic link to ${target}, which does not exist`,
          "Fetch the file that the link stands for (git-annex, datalad or a cache may hold it), or remove the link; " +
            "data.skipBad=true skips it",
        );
      }
      // The pipe behind `<(zcat x.gz)` may not be inherited by this process.
      if (/^\/(?:dev|proc\/[^/]+)\/fd\/\d+$/.test(path)) throw notPlain(path, setting, "a pipe");
      return "missing";
    }
    throw unreadableError(path, setting, error);
  }
  if (info.isFile) return "file";
  if (info.isDirectory) return "folder";
  const what = info.isFifo ? "a pipe" : info.isSocket ? "a socket" : "a device";
  throw notPlain(path, setting, what);
}

function linkTarget(path: string): string | undefined {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return undefined; // not a link, or nothing there
  }
}

function notPlain(path: string, setting: string, what: string): UserError {
  return new UserError(
    "data.not-plain",
    `${setting} names ${path}, which is not a plain file but ${what}`,
    "Save the text to a file first; a .gz file is decompressed automatically",
  );
}

function unreadableError(path: string, setting: string, error: unknown): UserError {
  if (error instanceof Deno.errors.FilesystemLoop) {
    return new UserError(
      "data.link-loop",
      `${setting} names ${path}, a symbolic link that leads back to itself`,
      "Remove the link, or point it at a file",
    );
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return new UserError(
      "data.permission",
      `${setting} names ${path}, but permission to read it is denied`,
      "Change the permissions of the file and of every folder above it, or copy the file to where you may read it",
    );
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new UserError("data.unreadable", `${setting} names ${path}, which cannot be read: ${reason}`);
}
