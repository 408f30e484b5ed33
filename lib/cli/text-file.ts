// Text files that the command line names.
import { systemReason, UserError } from "../errors.ts";

/**
 * The text of a file.
 *
 * @param code of the error
 * @param hint which file is expected
 * @throws UserError if it cannot be read, or is not UTF-8
 */
export async function readTextFile(path: string, code: string, hint = "give the path of a text file"): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await Deno.readFile(path));
  } catch (error) {
    const why = error instanceof TypeError
      ? "it is not UTF-8"
      : error instanceof Deno.errors.NotFound
      ? "there is no such file"
      : systemReason(error);
    if (why === undefined) throw error;
    throw new UserError(code, `Cannot read ${path}: ${why}`, hint);
  }
}
