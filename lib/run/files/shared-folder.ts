// Whether a folder is on a file system of this machine alone, where locks and SQLite's WAL work.
import { statfsSync } from "node:fs";
import { attempt } from "../../errors.ts";

/** Types (`statfs`) of local file systems: ext, xfs, btrfs, tmpfs, overlay, zfs, f2fs, APFS. */
const LOCAL = new Set([0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1, 0xf2f52010, 0x1a]);

/** Environment variable that, when it is 1, has every folder taken for a shared one. */
export const SHARED_VARIABLE = "STITCHBOOK_SHARED";

/** Whether a folder is known to be on a local file system. */
export function isLocal(folder: string): boolean {
  // Not on Windows, and not without permission: the slower way always works.
  return attempt(() => Deno.env.get(SHARED_VARIABLE) !== "1" && LOCAL.has(Number(statfsSync(folder).type))) ?? false;
}
