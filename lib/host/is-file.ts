// Whether a path is a file.
import { attempt } from "../errors.ts";

/** Whether there is a file at the path. */
export function isFile(path: string): boolean {
  return attempt(() => Deno.statSync(path).isFile) ?? false;
}
