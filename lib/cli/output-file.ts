// Checks the path of an output file before the work that fills it.
import { basename, dirname } from "node:path";
import { absent, UserError } from "../errors.ts";

/**
 * Checks that a file can be written at `path`, and returns where: the end of a link, so that the link itself is kept.
 *
 * @param code of the error
 * @throws UserError when `path` is a folder or a dangling link, or its folder does not exist or is not writable
 */
export async function checkOutputFile(path: string, code: string): Promise<string> {
  if (path === "") throw new UserError(code, "The name of the output file is empty", "Name one with --out");
  try {
    const real = await Deno.realPath(path).catch(absent);
    if (real !== undefined && (await Deno.stat(real)).isDirectory) throw outputError(path, code, "it is a folder");
    if (real === undefined && await isLink(path)) {
      throw outputError(path, code, `it is a link to "${await Deno.readLink(path)}", which does not exist`);
    }
    const target = real ?? path;
    if (new TextEncoder().encode(basename(target)).length > 255) {
      throw outputError(path, code, "its name is longer than 255 bytes");
    }
    await Deno.remove(await Deno.makeTempFile({ dir: dirname(target), prefix: ".tmp-" }));
    return target;
  } catch (error) {
    throw error instanceof UserError ? error : outputError(path, code, reason(path, error));
  }
}

/**
 * Refuses to replace a file.
 *
 * @param code of the error
 * @param option that names the file, for the hint
 * @throws UserError when `path` exists
 */
export async function refuseExisting(path: string, code: string, option: string): Promise<void> {
  if (await Deno.lstat(path).catch(absent) === undefined) return;
  throw new UserError(
    code,
    `Cannot write "${path}": it already exists`,
    `replace it with --force, or name another file with ${option}`,
  );
}

const isLink = (path: string) => Deno.lstat(path).then(({ isSymlink }) => isSymlink, () => false);

/** The error for an output file that cannot be written. */
export function outputError(path: string, code: string, why: string): UserError {
  return new UserError(code, `Cannot write "${path}": ${why}`, "Name another file with --out");
}

/** Why a file could not be written, in words. */
export function reason(path: string, error: unknown): string {
  const folder = dirname(path);
  if (error instanceof Deno.errors.NotFound) return `there is no folder "${folder}"`;
  if (error instanceof Deno.errors.NotADirectory) return `"${folder}" is not a folder`;
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    return `writing to "${folder}" is not permitted`;
  }
  return (error as Error).message.replace(/ \(os error \d+\).*$/s, "");
}
