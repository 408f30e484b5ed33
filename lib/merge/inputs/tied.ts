// What `config.json` says of a model, and whether its head is the matrix of its embeddings.
import { exists, readJson } from "../../huggingface/mod.ts";
import { configDefaults } from "./config-defaults.ts";

/** The `config.json` of a folder; empty if it has none. */
export async function readConfig(folder: string): Promise<Readonly<Record<string, unknown>>> {
  const path = `${folder}/config.json`;
  return await exists(path) ? await readJson(path) : {};
}

/** Whether `config.json` ties the head to the embeddings, explicitly or by default; undefined if unknown. */
export async function isTied(folder: string): Promise<boolean | undefined> {
  const config = await readConfig(folder);
  const text = config.text_config as Readonly<Record<string, unknown>> | null | undefined;
  const values = [
    config.tie_word_embeddings,
    text?.tie_word_embeddings,
    configDefaults(config.model_type).tie_word_embeddings,
    configDefaults(text?.model_type).tie_word_embeddings,
  ];
  return values.find((value) => typeof value === "boolean") as boolean | undefined;
}
