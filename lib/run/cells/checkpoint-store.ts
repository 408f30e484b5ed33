// Checkpoints on disk: folders that are written whole or not at all, verified by their manifests, and kept in number.
import { join } from "node:path";
import { z } from "zod";
import { absent } from "../../errors.ts";
import { canonicalJson } from "../files/canonical.ts";
import { removeIfThere, sha256, syncToDisk } from "../files/files.ts";
import { damageOf, storedFiles, storedFileSchema } from "./cell-store.ts";

/** The folder of all cells' checkpoints in the runs folder; each cell has one in it, named by its key. */
export const CHECKPOINTS_FOLDER = ".checkpoints";
/** Written last, so that a folder with a valid one is whole. */
const CHECKPOINT_MANIFEST = "manifest.json";
const CHECKPOINT_SCHEMA_VERSION = 1;
const NAME = /^step-(\d{9,})$/;

const manifestSchema = z.strictObject({
  schemaVersion: z.literal(CHECKPOINT_SCHEMA_VERSION),
  /** Key of the cell. */
  cellKey: z.string(),
  /** SHA-256 of the canonical JSON of the cell's inputs, its whole configuration. */
  configHash: z.string(),
  step: z.int().nonnegative(),
  /** What "best" means: the lowest is kept whatever its age. */
  score: z.number().nullable(),
  /** Spent on the cell so far. */
  seconds: z.number().nonnegative(),
  time: z.iso.datetime(),
  files: z.array(storedFileSchema),
  /** SHA-256 of the canonical JSON of all the above. */
  checksum: z.string(),
});

/** What a checkpoint's `manifest.json` says. */
export type CheckpointManifest = z.infer<typeof manifestSchema>;

/** A checkpoint folder, and what is wrong with it, if anything. */
export type CheckpointEntry =
  | { readonly kind: "whole"; readonly step: number; readonly folder: string; readonly manifest: CheckpointManifest }
  | { readonly kind: "damaged"; readonly step: number; readonly folder: string; readonly reason: string };

/** The folder of a cell's checkpoints. */
export function checkpointsOf(runsFolder: string, cellKey: string): string {
  return join(runsFolder, CHECKPOINTS_FOLDER, cellKey);
}

/** The folder of the checkpoint of a step in a cell's folder. */
export function checkpointFolder(store: string, step: number): string {
  return join(store, `step-${String(step).padStart(9, "0")}`);
}

/** Names of the checkpoints in a cell's folder with their steps, highest first; none when there is no such folder. */
export async function checkpointSteps(store: string): Promise<{ readonly step: number; readonly folder: string }[]> {
  const entries = await Array.fromAsync(Deno.readDir(store)).catch(absent) ?? [];
  return entries.flatMap(({ name, isDirectory }) => {
    const digits = NAME.exec(name)?.[1];
    return isDirectory && digits !== undefined ? [{ step: Number(digits), folder: join(store, name) }] : [];
  }).sort((a, b) => b.step - a.step);
}

/** Checks a checkpoint's manifest and every byte of its files. */
export async function verifyCheckpoint(folder: string, step: number, cellKey: string): Promise<CheckpointEntry> {
  const damaged = (reason: string): CheckpointEntry => ({ kind: "damaged", step, folder, reason });
  let manifest: CheckpointManifest;
  try {
    manifest = manifestSchema.parse(JSON.parse(await Deno.readTextFile(join(folder, CHECKPOINT_MANIFEST))));
  } catch (error) {
    return damaged(`${CHECKPOINT_MANIFEST} ${error instanceof Deno.errors.NotFound ? "is missing" : "cannot be read"}`);
  }
  const { checksum, ...content } = manifest;
  if (sha256(canonicalJson(content)) !== checksum) return damaged(`the content of ${CHECKPOINT_MANIFEST} has changed`);
  if (manifest.step !== step || manifest.cellKey !== cellKey) {
    return damaged(`${CHECKPOINT_MANIFEST} is of another one`);
  }
  for (const file of manifest.files) {
    const reason = await damageOf(folder, file);
    if (reason !== undefined) return damaged(reason);
  }
  return { kind: "whole", step, folder, manifest };
}

/** The checkpoint to resume from: the highest step whose manifest verifies. `onDamage` hears of those passed over. */
export async function latestCheckpoint(
  store: string,
  cellKey: string,
  onDamage: (damaged: Extract<CheckpointEntry, { kind: "damaged" }>) => void,
): Promise<Extract<CheckpointEntry, { kind: "whole" }> | undefined> {
  for (const { step, folder } of await checkpointSteps(store)) {
    const entry = await verifyCheckpoint(folder, step, cellKey);
    if (entry.kind === "whole") return entry;
    onDamage(entry);
  }
}

/** What a checkpoint is written with. */
export interface CheckpointPoint {
  readonly cellKey: string;
  readonly configHash: string;
  readonly step: number;
  readonly score: number | null;
  readonly seconds: number;
}

/**
 * Writes a checkpoint: into a temporary folder, each file synced, the manifest last, the folder synced, renamed to its
 * place, the folder above synced; then it is read back and verified. `write` puts the files in place.
 *
 * @throws Error when it cannot be written, or does not verify; nothing is left of it then
 */
export async function writeCheckpoint(
  store: string,
  point: CheckpointPoint,
  write: (folder: string) => Promise<void>,
): Promise<Extract<CheckpointEntry, { kind: "whole" }>> {
  const temporary = join(store, `.tmp-${crypto.randomUUID()}`);
  const folder = checkpointFolder(store, point.step);
  try {
    await Deno.mkdir(temporary, { recursive: true });
    await write(temporary);
    const files = await storedFiles(temporary);
    const content = { schemaVersion: CHECKPOINT_SCHEMA_VERSION, ...point, time: new Date().toISOString(), files };
    const manifest = { ...content, checksum: sha256(canonicalJson(content)) };
    // Without a line end, so that a file that lost its last byte is no JSON.
    await Deno.writeTextFile(join(temporary, CHECKPOINT_MANIFEST), JSON.stringify(manifest, null, 2));
    await syncToDisk(join(temporary, CHECKPOINT_MANIFEST));
    await syncToDisk(temporary);
    await renameOver(temporary, folder);
    await syncToDisk(store);
  } catch (error) {
    await removeIfThere(temporary).catch(() => {});
    throw error;
  }
  const entry = await verifyCheckpoint(folder, point.step, point.cellKey);
  if (entry.kind === "whole") return entry;
  throw new Error(`it does not read back as it was written: ${entry.reason}`);
}

/** Renames a folder to a name that a damaged or older one of the same step may have; that one makes way. */
async function renameOver(from: string, to: string): Promise<void> {
  try {
    await Deno.rename(from, to);
  } catch (error) {
    if (!await Deno.stat(to).then(() => true, () => false)) throw error;
    const aside = `${from}-old`;
    await Deno.rename(to, aside);
    await Deno.rename(from, to);
    await removeIfThere(aside);
  }
}

/**
 * Removes checkpoints that are not among the newest `keep` whole ones and not the best, damaged ones, and what killed
 * processes left half written. Called after a new one was verified, by the only process that builds the cell.
 *
 * @param verified steps known to be whole; what is kept besides them is verified here and added
 */
export async function pruneCheckpoints(
  store: string,
  cellKey: string,
  keep: number,
  verified: Map<number, CheckpointManifest>,
): Promise<void> {
  const whole: { readonly step: number; readonly score: number | null }[] = [];
  const leaving: string[] = [];
  for (const { step, folder } of await checkpointSteps(store)) {
    let manifest = verified.get(step);
    if (manifest === undefined) {
      const entry = await verifyCheckpoint(folder, step, cellKey);
      if (entry.kind === "whole") verified.set(step, manifest = entry.manifest);
    }
    if (manifest === undefined) leaving.push(folder);
    else whole.push({ step, score: manifest.score });
  }
  const best = whole.reduce<(typeof whole)[number] | undefined>(
    (best, entry) => entry.score !== null && (best === undefined || entry.score < best.score!) ? entry : best,
    undefined,
  );
  for (const { step } of whole.slice(keep)) {
    if (step === best?.step) continue;
    leaving.push(checkpointFolder(store, step));
    verified.delete(step);
  }
  for await (const { name } of Deno.readDir(store)) if (name.startsWith(".tmp-")) leaving.push(join(store, name));
  await removeAside(store, leaving);
}

/** Removes folders of a cell's: renamed first, so that a kill in the middle leaves no damaged checkpoint. */
export async function removeAside(store: string, folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    const aside = join(store, `.tmp-${crypto.randomUUID()}`);
    await Deno.rename(folder, aside);
    await removeIfThere(aside);
  }
}
