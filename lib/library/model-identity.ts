// What distinguishes a model from others, and from itself before it was trained or written again.
import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { branchedRun, type FinishedRun } from "../bts/mod.ts";
import type { RunPlace } from "./find-run.ts";
import type { InferenceModel } from "./open-inference.ts";
import { decoderNames, type SavedModel, savedModels } from "./saved-models.ts";

/** What distinguishes an opened model from others. @param run the run that it is of, if it is of one */
export async function identityOf(
  { source, name }: Pick<InferenceModel, "source" | "name">,
  run: RunPlace | undefined,
): Promise<string> {
  if (run === undefined) return await filesIdentity(source);
  return `${run.id}/${name} ${await cellKeys(await branchedRun(run.runsFolder, run.id), name!)}`;
}

/**
 * What distinguishes a model of a run from what it was before a cell was built again that it consists of. Other cells, such as
 * those that measure, may come and change.
 */
async function cellKeys(run: FinishedRun, name: string): Promise<string> {
  const saved = savedModels(run).get(name)!;
  const keys: string[] = [];
  for (const cell of cellsOf(run, saved)) keys.push((await run.cell(cell)).key);
  return createHash("sha256").update(keys.join()).digest("hex").slice(0, 16);
}

function cellsOf(run: FinishedRun, saved: SavedModel): readonly string[] {
  switch (saved.kind) {
    case "decoder":
    case "stitched":
      return [saved.cell];
    case "merge":
    case "ensemble":
      return decoderNames(run);
    case "method":
      return [...decoderNames(run), saved.method.name];
  }
}

/** What distinguishes a checkpoint's files from others, without reading them. */
async function filesIdentity(source: string): Promise<string> {
  const path = resolve(source);
  const info = await Deno.stat(path).catch(() => undefined);
  if (info === undefined) return source;
  const files: string[] = [];
  if (info.isFile) files.push(`${info.size} ${info.mtime?.getTime()}`);
  else {
    for await (const { name, isFile } of Deno.readDir(path)) {
      if (!isFile || !/\.(?:safetensors|json|model)$/.test(name)) continue;
      const { size, mtime } = await Deno.stat(join(path, name));
      files.push(`${name} ${size} ${mtime?.getTime()}`);
    }
  }
  return `${path} ${createHash("sha256").update(files.sort().join("\n")).digest("hex").slice(0, 16)}`;
}
