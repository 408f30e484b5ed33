// The files of a run's model that lie beside its weights.
import { exists } from "../huggingface/mod.ts";

const FILES = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "generation_config.json"];

/** Copies the tokenizer's files and `generation_config.json`, those that there are. */
export async function copyBesideWeights(from: string, to: string): Promise<void> {
  for (const name of FILES) {
    if (await exists(`${from}/${name}`)) await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}
