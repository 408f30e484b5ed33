// The cache of finished cells: `runs/.cells/<key>/`, one folder a cell, written whole or not at all.
import { join } from "node:path";
import { z } from "zod";
import { absent } from "../../errors.ts";
import { canonicalJson } from "../files/canonical.ts";
import { filesBelow, removeIfThere, sha256, sha256OfFile, syncToDisk, writeTextAtomically } from "../files/files.ts";
import { isAlive, thisProcess } from "../process/process.ts";
import type { ManifestSchema, StoredFileSchema } from "../inferred-types.ts";

/** The cache's folder in the runs folder. */
export const CELLS_FOLDER = ".cells";
/** The manifest: written last, so that a folder with a valid one is whole. */
export const MANIFEST_FILE = "cell.json";
/** The events that the cell logged when it was built; replayed on a cache hit. */
export const CELL_EVENTS_FILE = "events.jsonl";
const CELL_SCHEMA_VERSION = 1;
/** Above this size only the size of a file is checked on a cache hit. */
const HASHED_BYTES = 1e9;
/** Folders left by processes that cannot be asked whether they live go after this time. */
const ABANDONED_MS = 7 * 24 * 3600 * 1000;

/** A file that a manifest names, relative to its folder. */
export const storedFileSchema: StoredFileSchema = z.strictObject({
  path: z.string(),
  bytes: z.int().nonnegative(),
  sha256: z.string(),
});
export type StoredFile = z.infer<typeof storedFileSchema>;

const manifestSchema: ManifestSchema = z.strictObject({
  schemaVersion: z.literal(CELL_SCHEMA_VERSION),
  key: z.string(),
  inputs: z.json(),
  code: z.string(),
  output: z.json(),
  summary: z.string(),
  seconds: z.number(),
  /** The run that built it; absent in cells of older versions. */
  run: z.string().optional(),
  files: z.array(storedFileSchema),
});

/** What `cell.json` says about a finished cell. */
export type CellManifest = z.infer<typeof manifestSchema>;

/** What the cache holds under a key: nothing, a whole cell, or one that must not be used. */
export type CachedCell =
  | { readonly kind: "absent" }
  | { readonly kind: "whole"; readonly manifest: CellManifest; readonly folder: string }
  | { readonly kind: "damaged"; readonly reason: string; readonly folder: string };

/** The content address of a cell: it depends on its inputs and code, not on its name. */
export function cellKey(inputs: unknown, code: string): string {
  return sha256(canonicalJson({ version: CELL_SCHEMA_VERSION, inputs: inputs ?? null, code }));
}

/** Hash of what a cell made: its value and its files, but for its log. */
export function contentOf({ output, files }: Pick<CellManifest, "output" | "files">): string {
  const made = files.filter(({ path }) => path !== CELL_EVENTS_FILE).map(({ path, sha256 }) => ({ path, sha256 }));
  return sha256(canonicalJson({ output, files: made }));
}

/** Whether a text has the form of a key. Logs are not trusted: only a key may be part of a path. */
export const isCellKey = (text: string) => /^[0-9a-f]{64}$/.test(text);

/** The folder of the cell with this key. */
export function cellFolder(runsFolder: string, key: string): string {
  return join(runsFolder, CELLS_FOLDER, key);
}

/** Reads the manifest in a cell's folder; throws what is wrong with it. */
export async function readManifest(folder: string): Promise<CellManifest> {
  return manifestSchema.parse(JSON.parse(await Deno.readTextFile(join(folder, MANIFEST_FILE))));
}

/** Looks a cell up and verifies its manifest and files. */
export async function findCell(runsFolder: string, key: string): Promise<CachedCell> {
  const folder = cellFolder(runsFolder, key);
  const info = await Deno.stat(folder).catch(absent);
  if (info === undefined) return { kind: "absent" };
  if (!info.isDirectory) return { kind: "damaged", reason: "it is not a folder", folder };
  try {
    const manifest = await readManifest(folder);
    if (manifest.key !== key) return { kind: "damaged", reason: `${MANIFEST_FILE} is of another cell`, folder };
    for (const file of manifest.files) {
      const reason = await damageOf(folder, file, HASHED_BYTES);
      if (reason !== undefined) return { kind: "damaged", reason, folder };
    }
    return { kind: "whole", manifest, folder };
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? `${MANIFEST_FILE} is missing`
      : `${MANIFEST_FILE} cannot be read`;
    return { kind: "damaged", reason, folder };
  }
}

/** What is wrong with a file that a manifest names; undefined when nothing is. @param hashed largest file that is hashed */
export async function damageOf(folder: string, file: StoredFile, hashed = Infinity): Promise<string | undefined> {
  const path = join(folder, file.path);
  try {
    const { size } = await Deno.stat(path);
    if (size !== file.bytes) return `${file.path} has ${size} bytes instead of ${file.bytes}`;
    if (size <= hashed && (await sha256OfFile(path)) !== file.sha256) return `the content of ${file.path} has changed`;
  } catch (error) {
    return `${file.path} ${error instanceof Deno.errors.NotFound ? "is missing" : "cannot be read"}`;
  }
}

/** Forces every file below a folder onto the disk, and says what a manifest names of each. */
export async function storedFiles(folder: string): Promise<StoredFile[]> {
  const files: StoredFile[] = [];
  for (const path of await filesBelow(folder)) {
    const file = join(folder, path);
    await syncToDisk(file);
    files.push({ path, bytes: (await Deno.stat(file)).size, sha256: await sha256OfFile(file) });
  }
  return files;
}

/** Makes an empty folder, on the same file system as the cache, for a cell to be built in. */
export async function makeCellWorkshop(runsFolder: string): Promise<string> {
  const folder = join(runsFolder, CELLS_FOLDER, `${ownPrefix()}${crypto.randomUUID().slice(0, 8)}`);
  await Deno.mkdir(folder, { recursive: true });
  return folder;
}

/**
 * Moves a finished workshop into the cache: syncs its files, writes the manifest last, renames. When another process
 * was faster with the same key its cell stays and is returned; a damaged one makes way.
 */
export async function commitCell(
  runsFolder: string,
  workshop: string,
  cell: Omit<CellManifest, "schemaVersion" | "files">,
): Promise<{ readonly manifest: CellManifest; readonly folder: string }> {
  const files = await storedFiles(workshop);
  const manifest = manifestSchema.parse({ schemaVersion: CELL_SCHEMA_VERSION, ...cell, files });
  await writeTextAtomically(join(workshop, MANIFEST_FILE), JSON.stringify(manifest, null, 2) + "\n");
  const folder = cellFolder(runsFolder, cell.key);
  for (let attempt = 0;; attempt++) {
    try {
      await Deno.rename(workshop, folder);
      await syncToDisk(join(runsFolder, CELLS_FOLDER));
      return { manifest, folder };
    } catch (error) {
      const there = await findCell(runsFolder, cell.key);
      if (there.kind === "whole") {
        await removeIfThere(workshop);
        return { manifest: there.manifest, folder };
      }
      if (attempt === 3) throw error;
      if (there.kind === "damaged") await discardCell(runsFolder, folder);
    }
  }
}

/** Takes a damaged cell out of the cache: renamed aside first, so that nobody sees it half removed. */
export async function discardCell(runsFolder: string, folder: string): Promise<void> {
  const aside = join(runsFolder, CELLS_FOLDER, `${ownPrefix()}${crypto.randomUUID().slice(0, 8)}`);
  await Deno.rename(folder, aside).catch(absent);
  await removeIfThere(aside);
}

/** Removes the workshops that dead processes left behind. */
export async function cleanWorkshops(runsFolder: string): Promise<void> {
  const folder = join(runsFolder, CELLS_FOLDER);
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  for (const { name } of entries) {
    if (name.startsWith(".tmp-") && !name.startsWith(ownPrefix()) && await isAbandoned(folder, name)) {
      await removeIfThere(join(folder, name)).catch(() => {});
    }
  }
}

async function isAbandoned(folder: string, name: string): Promise<boolean> {
  const [, host, pid, started] = name.match(/^\.tmp-([0-9a-f]{8})-(\d+)-([0-9a-f]{8}|unknown)-/) ?? [];
  const here = thisProcess().host;
  if (host === shortHash(here)) {
    const maker = { host: here, pid: Number(pid), started: started === "unknown" ? null : started! };
    if (isAlive(maker) === false) return true;
  }
  const changed = await Deno.stat(join(folder, name)).then(({ mtime }) => mtime?.getTime(), () => undefined);
  return changed !== undefined && Date.now() - changed > ABANDONED_MS;
}

/** `.tmp-<host>-<pid>-<started>-`: names the maker, so that others can tell whether it still lives. */
function ownPrefix(): string {
  const { host, pid, started } = thisProcess();
  return `.tmp-${shortHash(host)}-${pid}-${started ?? "unknown"}-`;
}

function shortHash(text: string): string {
  return sha256(text).slice(0, 8);
}
