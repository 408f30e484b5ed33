// Opens a model to merge: a folder, a GGUF file, or either with a LoRA, as in `base+lora`.
import { UserError } from "../../errors.ts";
import { exists, openWeightFiles, STITCHED_MODEL_TYPE } from "../../huggingface/mod.ts";
import { openGgufInput } from "./gguf.ts";
import type { Input } from "./input.ts";
import { adapted } from "./adapted.ts";
import { openAdapter } from "./adapter.ts";
import { readConfig } from "./tied.ts";

/** The parts of `base+lora`. */
export interface NamedInput {
  readonly model: string;
  readonly adapter: string | undefined;
}

/**
 * Takes a model's name apart; a path that exists is one model, whatever characters it has.
 *
 * @throws UserError `merge.lora` if it names several adapters
 */
export async function inputParts(name: string): Promise<NamedInput> {
  const parts = name.split("+");
  if (parts.length === 1 || await exists(name)) return { model: name, adapter: undefined };
  if (parts.length === 2 && !parts.includes("")) return { model: parts[0]!, adapter: parts[1]! };
  throw new UserError(
    "merge.lora",
    `Cannot read the model "${name}": expected one model and one adapter, as in base+lora`,
    "To merge several adapters, merge the models base+one and base+two",
  );
}

/** Opens a model. @throws UserError naming the file and the problem */
export async function openInput(name: string): Promise<Input> {
  const { model, adapter } = await inputParts(name);
  const input = await openModel(model);
  if (adapter === undefined) return input;
  try {
    return await adapted(input, name, await openAdapter(adapter));
  } catch (error) {
    input.files.close();
    throw error;
  }
}

async function openModel(name: string): Promise<Input> {
  if (name.toLowerCase().endsWith(".gguf")) return await openGgufInput(name);
  if (await exists(`${name}/adapter_config.json`) && !await exists(`${name}/config.json`)) {
    throw new UserError(
      "merge.lora",
      `Cannot merge "${name}": it is an adapter, which needs the model that it was trained on`,
      `write it after its model: base+${name}`,
    );
  }
  const config = await readConfig(name);
  if (config.model_type === STITCHED_MODEL_TYPE) throw stitched(name, config.members);
  return { name, folder: name, files: await openWeightFiles(name), warnings: [] };
}

function stitched(name: string, members: unknown): UserError {
  const made = Array.isArray(members) && members.length > 0 ? ` (${members.join(", ")})` : "";
  return new UserError(
    "merge.stitched",
    `Cannot merge "${name}": it is a stitched model, several decoders joined by stitches, and only single decoders are merged`,
    `merge the models that it was made from${made}, such as last:code, or a folder that deno task export model wrote of one`,
  );
}
