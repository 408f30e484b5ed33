// Model folders shared by tests of merging.
import assert from "node:assert/strict";
import { explainError, UserError } from "../../lib/errors.ts";
import { readJson, saveModelFolder } from "../../lib/huggingface/mod.ts";
import type { FolderMerge } from "../../lib/merge/mod.ts";
import type { HostWeights } from "../../lib/model/mod.ts";
import { bigWeights, TINY } from "../tiny.ts";

/** Weights of the models `seed`, `a` and `b`. */
export const weights: Readonly<Record<string, HostWeights>> = {
  seed: bigWeights(TINY, 1),
  a: bigWeights(TINY, 2),
  b: bigWeights(TINY, 3),
};
/** The tokenizer of all three models. */
export const tokenizer = { version: "1.0", model: { type: "BPE", vocab: { x: 0 }, merges: [] }, added_tokens: [] };

/** Runs `body` with a temporary folder that holds the models `seed`, `a` and `b`. */
export async function withModels(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, tensors] of Object.entries(weights)) {
      await saveModelFolder(`${folder}/${name}`, { config: TINY, tensors, tokenizer });
    }
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A merge of `a` and `b` by TIES. */
export const request = (folder: string, changes: Partial<FolderMerge> = {}): FolderMerge => ({
  method: "ties",
  base: `${folder}/seed`,
  models: [`${folder}/a`, `${folder}/b`],
  out: `${folder}/out`,
  settings: { density: 0.5 },
  ...changes,
});

/**
 * A check that an error is a UserError with this code and these words, and says how to fix it: in a hint, or where an
 * option cannot be read, by what is expected.
 */
export const refuses = (code: string, ...words: string[]) => (error: unknown) => {
  assert.ok(error instanceof UserError, String(error));
  assert.equal(error.code, code, error.message);
  assert.ok(error.hint ?? /: expected /.test(error.message), `${error.message} lacks a hint`);
  const said = explainError(error);
  for (const word of words) assert.ok(said.includes(word), `${said} lacks ${word}`);
  return true;
};

/** Changes a JSON file of a model folder. */
export async function changeFile(
  path: string,
  change: (json: Record<string, unknown>) => void,
): Promise<void> {
  const json = await readJson(path);
  change(json);
  await Deno.writeTextFile(path, JSON.stringify(json));
}

/** The names in a folder, sorted. */
export function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}
