// Reads the weights of a checkpoint, checks them, and hashes what the checkpoint is.
import { UserError } from "../errors.ts";
import { hashTensors } from "../huggingface/mod.ts";
import type { HostWeights } from "../model/mod.ts";
import type { PretrainedModel } from "./model.ts";
import { jsonHash } from "./json.ts";

/**
 * The weights, and the checkpoint's content hash: of its shape, tokenizer, special tokens, chat template, generation settings,
 * and its weights as float32. It is the same wherever the checkpoint lies, and however it is divided into files.
 *
 * @param setting the setting that names it, for error messages: `pretrained.seed`
 * @throws UserError `pretrained.weights` for a weight that is NaN or infinite, and the errors of reading the files
 */
export async function readPretrained(
  { source, config, tokenizer, special, chatTemplate, generation, load }: PretrainedModel,
  setting: string,
): Promise<{ readonly weights: HostWeights; readonly hash: string }> {
  const weights = await load();
  for (const [name, { data }] of Object.entries(weights)) {
    const bad = data.findIndex((value) => !Number.isFinite(value));
    if (bad < 0) continue;
    throw new UserError(
      "pretrained.weights",
      `Cannot use ${setting}="${source}": its weight "${name}" has the value ${data[bad]} at position ${bad}`,
      "its training diverged, or the file is damaged: use another checkpoint",
    );
  }
  const content = { config, tokenizer, special, chatTemplate, generation, weights: hashTensors(weights) };
  return { weights, hash: jsonHash(content) };
}
