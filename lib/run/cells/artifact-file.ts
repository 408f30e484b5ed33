// Where the file of a run's artifact is. Logs are not trusted: no path of theirs leads out of the cache of cells.
import { join } from "node:path";
import { absent } from "../../errors.ts";
import type { RunView } from "../events/views.ts";
import { cellFolder, CELLS_FOLDER, isCellKey } from "./cell-store.ts";

/** A file of a cell. */
export interface ArtifactFile {
  /** As the cell named it; may contain slashes. */
  readonly name: string;
  readonly path: string;
  /** Its size now. */
  readonly bytes: number;
  /** Whether that is the size that was logged. */
  readonly isWhole: boolean;
}

/**
 * The file of an artifact of a run; undefined when no artifact has this hash, or its file is gone, a link, or not in the
 * cache.
 *
 * @param sha256 of the content, which names it
 */
export async function artifactFile(
  runsFolder: string,
  { cells }: Pick<RunView, "cells">,
  sha256: string,
): Promise<ArtifactFile | undefined> {
  const artifact = cells.flatMap(({ artifacts }) => artifacts).find((one) => one.sha256 === sha256);
  if (artifact === undefined) return undefined;
  const [top, key = "", ...parts] = artifact.path.split("/");
  if (top !== CELLS_FOLDER || !isCellKey(key) || parts.length === 0 || !parts.every(isName)) return undefined;
  let path = cellFolder(runsFolder, key);
  let info = await Deno.lstat(path).catch(absent);
  for (const part of parts) {
    if (!info?.isDirectory) return undefined;
    path = join(path, part);
    info = await Deno.lstat(path).catch(absent);
  }
  if (!info?.isFile) return undefined;
  return { name: artifact.name, path, bytes: info.size, isWhole: info.size === artifact.bytes };
}

/** Whether a part of a path names an entry of the folder before it, on every system. */
const isName = (part: string) => part !== "" && part !== "." && part !== ".." && !/[\\\0:]/.test(part);
