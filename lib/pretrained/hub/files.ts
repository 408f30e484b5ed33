// Which files of a repository on the hub make a checkpoint.
import { UserError } from "../../errors.ts";
import { exists, readShardIndex } from "../../huggingface/mod.ts";
import { isPickle } from "../pickle.ts";
import type { HubFile } from "./blob.ts";

/** A whole model, or a LoRA as Python's peft saves it. */
export type HubKind = "model" | "adapter";

/** The names of weights, and the files that a repository must have besides: one of each list. */
const KINDS: Readonly<Record<HubKind, { readonly weights: string; readonly needed: readonly (readonly string[])[] }>> =
  {
    model: { weights: "model.safetensors", needed: [["config.json"], ["tokenizer.json", "tokenizer.model"]] },
    adapter: { weights: "adapter_model.safetensors", needed: [["adapter_config.json"]] },
  };
/** Other files that say something about model, tokenizer or chat template. Nothing else is downloaded. */
export const USEFUL: ReadonlySet<string> = new Set([
  ...KINDS.model.needed.flat(),
  ...KINDS.adapter.needed.flat(),
  "generation_config.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "vocab.json",
  "merges.txt",
  "chat_template.jinja",
  "chat_template.json",
]);

/**
 * The files to download, in the order of their names.
 *
 * @param files at the top of the repository
 * @throws UserError `hub.pickle`, `hub.weights`, `hub.files`
 */
export function checkpointFiles(
  files: readonly HubFile[],
  failure: string,
  kind: HubKind = "model",
): readonly HubFile[] {
  const { weights, needed } = KINDS[kind];
  const index = `${weights}.index.json`;
  const names = new Set(files.map(({ path }) => path));
  const isShard = (name: string) =>
    name === index || (/^[\w.-]+\.safetensors$/.test(name) && !/^consolidated/.test(name));
  const isWeight = names.has(weights) ? (name: string) => name === weights : names.has(index) ? isShard : () => false;
  if (![...names].some(isWeight)) {
    const pickle = [...names].filter(isPickle).sort()[0];
    throw pickle === undefined
      ? new UserError(
        "hub.weights",
        `${failure}: the repository has no ${weights} and no ${index}`,
        "name a repository with the weights as safetensors",
      )
      : new UserError(
        "hub.pickle",
        `${failure}: its weights are a pickle ("${pickle}"), which could run any program when it is read`,
        "name a repository or a revision with safetensors, or convert it with save_pretrained() of Python's transformers",
      );
  }
  const lacking = needed.find((either) => !either.some((name) => names.has(name)));
  if (lacking !== undefined) {
    throw new UserError(
      "hub.files",
      `${failure}: the repository has no ${lacking.join(" and no ")}`,
      "name a repository that transformers can load, with a fast tokenizer",
    );
  }
  return files.filter(({ path }) => USEFUL.has(path) || isWeight(path)).sort((a, b) => a.path < b.path ? -1 : 1);
}

/** Whether a folder has all of a checkpoint that {@linkcode checkpointFiles} requires. */
export async function hasCheckpoint(folder: string, kind: HubKind = "model"): Promise<boolean> {
  const { weights, needed } = KINDS[kind];
  const index = `${weights}.index.json`;
  const has = (name: string) => exists(`${folder}/${name}`);
  for (const either of needed) {
    if (!(await Promise.all(either.map(has))).includes(true)) return false;
  }
  if (await has(weights)) return true;
  if (!await has(index)) return false;
  for (const shard of new Set((await readShardIndex(`${folder}/${index}`)).values())) {
    if (!await has(shard)) return false;
  }
  return true;
}
