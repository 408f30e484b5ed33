// Errors that say which place in a file asked for what failed.
import { UserError } from "../../errors.ts";

/**
 * What `body` returns; messages of its errors begin with `where`.
 *
 * @param where such as `merge.yml:7`; undefined if no file asked for it
 */
export async function located<T>(where: string | undefined, body: () => T | Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (where === undefined || !(error instanceof UserError)) throw error;
    throw new UserError(error.code, `${where}: ${error.message}`, error.hint);
  }
}
