// What distinguishes a model from others, and from itself before it was trained or written again.
import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { readRun, type RunView } from "../run/mod.ts";
import type { RunPlace } from "./find-run.ts";
import type { InferenceModel } from "./open-inference.ts";

/** What distinguishes an opened model from others. @param run the run that it is of, if it is of one */
export async function identityOf(
  { source, name }: Pick<InferenceModel, "source" | "name">,
  run: RunPlace | undefined,
): Promise<string> {
  if (run === undefined) return await filesIdentity(source);
  return `${run.id}/${name} ${cellKeys((await readRun(run.runsFolder, run.id))!)}`;
}

/** What distinguishes the models of a run from those that it had before a cell was built again. */
function cellKeys({ cells }: Pick<RunView, "cells">): string {
  return createHash("sha256").update(cells.map(({ cellKey }) => cellKey).join()).digest("hex").slice(0, 16);
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
