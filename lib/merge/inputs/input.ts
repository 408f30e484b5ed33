// A model to merge: its weights, and the folder of its configuration and tokenizer.
import { openWeightFiles, type WeightFiles } from "../../huggingface/mod.ts";

/** An open model. */
export interface Input {
  /** As given, for messages. */
  readonly name: string;
  /** Where `config.json` and the tokenizer are. */
  readonly folder: string;
  readonly files: WeightFiles;
}

/** Opens a model folder. @throws UserError naming the file and the problem */
export async function openInput(name: string): Promise<Input> {
  return { name, folder: name, files: await openWeightFiles(name) };
}
