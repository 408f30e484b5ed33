// Verifying a run: the lines of its log, the manifests and files of its cells, and their checkpoints.
import { join, relative } from "node:path";
import { systemReason } from "../../errors.ts";
import {
  cellFolder,
  type CellManifest,
  CELLS_FOLDER,
  isCellKey,
  MANIFEST_FILE,
  readManifest,
} from "../cells/cell-store.ts";
import { checkpointsOf, checkpointSteps, verifyCheckpoint } from "../cells/checkpoint-store.ts";
import { sha256OfFile } from "../files/files.ts";
import { LOG_FILE } from "../log/log.ts";
import { damageText, readEvents, readRun } from "../log/read.ts";
import type { CellView } from "../view/mod.ts";

/** One file of a run's cells, after hashing it again. */
export interface ArtifactCheck {
  /** `<cell>/<file>`, such as `expert:code/model.safetensors`. */
  readonly artifact: string;
  /** Relative to the runs folder. */
  readonly path: string;
  readonly bytes: number;
  /** Current hash of the file; null when it cannot be read. */
  readonly sha256: string | null;
  /** What is wrong, or null. */
  readonly problem: string | null;
}

/** The result of verifying a run. */
export interface Verification {
  readonly run: string;
  /** Whether everything is intact. */
  readonly ok: boolean;
  /** Current SHA-256 of each weights file (`.safetensors`) by artifact; equal for runs with equal weights. */
  readonly weights: Readonly<Record<string, string>>;
  readonly artifacts: readonly ArtifactCheck[];
  /** The checkpoints of its cells, newest first, and what is wrong with each, or null. */
  readonly checkpoints: readonly CheckpointCheck[];
  /** Other damage: lines of the log, manifests of cells. */
  readonly damage: readonly { readonly path: string; readonly problem: string }[];
}

/** One checkpoint, after hashing every file again. */
export interface CheckpointCheck {
  readonly cell: string;
  readonly step: number;
  /** Its folder, relative to the runs folder. */
  readonly path: string;
  readonly problem: string | null;
}

type Expected = Pick<ArtifactCheck, "artifact" | "path" | "bytes"> & { readonly sha256: string };

/** Verifies a run; undefined when there is none of this id. Of a running one, the finished cells are verified. */
export async function verifyRun(runsFolder: string, id: string): Promise<Verification | undefined> {
  const view = await readRun(runsFolder, id);
  const log = await readEvents(runsFolder, id);
  if (view === undefined || log === undefined) return undefined;
  const damage = log.damage.map((one) => ({ path: `${id}/${LOG_FILE}`, problem: damageText(one) }));
  if (damage.length === 0 && view.status === "damaged") {
    const problem = log.events.length === 0 ? "it is empty" : "its first line is missing";
    damage.push({ path: `${id}/${LOG_FILE}`, problem });
  }
  const artifacts: ArtifactCheck[] = [];
  const checkpoints: CheckpointCheck[] = [];
  for (const { name, cellKey } of view.cells) {
    if (isCellKey(cellKey)) checkpoints.push(...await checkCheckpoints(runsFolder, name, cellKey));
  }
  for (const cell of view.cells) {
    if (cell.status !== "done" && cell.status !== "cached") continue;
    const base = `${CELLS_FOLDER}/${cell.cellKey}`;
    const manifest = await readManifest(cellFolder(runsFolder, cell.cellKey)).catch((error) => {
      const missing = error instanceof Deno.errors.NotFound;
      damage.push({ path: `${base}/${MANIFEST_FILE}`, problem: missing ? "it is missing" : "it cannot be read" });
    });
    if (manifest !== undefined && manifest.key !== cell.cellKey) {
      damage.push({ path: `${base}/${MANIFEST_FILE}`, problem: "it belongs to another cell" });
    }
    for (const file of expectedFiles(cell, base, manifest ?? undefined)) artifacts.push(await check(runsFolder, file));
  }
  const weights = Object.fromEntries(
    artifacts.flatMap(({ artifact, sha256 }) =>
      sha256 !== null && artifact.endsWith(".safetensors") ? [[artifact, sha256]] : []
    ),
  );
  const ok = damage.length === 0 && [...artifacts, ...checkpoints].every(({ problem }) => problem === null);
  return { run: id, ok, weights, artifacts, checkpoints, damage };
}

async function checkCheckpoints(runsFolder: string, cell: string, key: string): Promise<CheckpointCheck[]> {
  const checks: CheckpointCheck[] = [];
  for (const { step, folder } of await checkpointSteps(checkpointsOf(runsFolder, key))) {
    const entry = await verifyCheckpoint(folder, step, key);
    // A running run removes old checkpoints.
    if (entry.kind === "damaged" && !await Deno.stat(folder).then(() => true, () => false)) continue;
    const path = relative(runsFolder, folder).replaceAll("\\", "/");
    checks.push({ cell, step, path, problem: entry.kind === "whole" ? null : entry.reason });
  }
  return checks;
}

/** The expected files of a cell: from the run's log, and from the manifest those that are not artifacts, such as its log. */
function expectedFiles(cell: CellView, base: string, manifest: CellManifest | undefined): Expected[] {
  const named = (name: string) => `${cell.name}/${name}`;
  const logged = cell.artifacts.map(({ name, path, bytes, sha256 }) => ({
    artifact: named(name),
    path,
    bytes,
    sha256,
  }));
  const others = (manifest?.files ?? [])
    .map(({ path, bytes, sha256 }) => ({ artifact: named(path), path: `${base}/${path}`, bytes, sha256 }))
    .filter(({ path }) => !logged.some((file) => file.path === path));
  return [...logged, ...others];
}

async function check(
  runsFolder: string,
  { artifact, path, bytes, sha256: expected }: Expected,
): Promise<ArtifactCheck> {
  const outcome = (sha256: string | null, problem: string | null) => ({ artifact, path, bytes, sha256, problem });
  const parts = path.split("/");
  if (parts[0] !== CELLS_FOLDER || parts.includes("..") || path.includes("\\")) {
    return outcome(null, `it would be outside ${CELLS_FOLDER}`);
  }
  const file = join(runsFolder, path);
  try {
    const { size } = await Deno.stat(file);
    const sha256 = await sha256OfFile(file);
    if (size !== bytes) return outcome(sha256, `it has ${size} bytes instead of ${bytes}`);
    return outcome(sha256, sha256 === expected ? null : `its content has changed: its hash was ${expected}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return outcome(null, "it is missing");
    return outcome(null, `it cannot be read: ${systemReason(error) ?? error}`);
  }
}
