// A model to merge: its weights, and the folder of its configuration and tokenizer.
import type { WeightFiles } from "../../huggingface/mod.ts";

/** An open model. */
export interface Input {
  /** As given, for messages. */
  readonly name: string;
  /** Where `config.json` and the tokenizer are. */
  readonly folder: string;
  /** Its `folder` is the name. */
  readonly files: WeightFiles;
  /** Messages for the user, one sentence each. */
  readonly warnings: readonly string[];
}
