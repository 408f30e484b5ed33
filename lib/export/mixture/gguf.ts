// A mixture of experts as a GGUF file.
import type { MixtureConfig } from "../../baselines/mod.ts";
import { type GgufToSave, saveGguf, type SaveGgufOptions, type WrittenType } from "../../gguf/mod.ts";
import { expertsTaken } from "./architecture.ts";

/** A mixture of experts to write; `tensors` has all its weights by our names. */
export interface MixtureGguf extends Omit<GgufToSave, "experts"> {
  readonly mixture: MixtureConfig;
  /** Number of models that it was built from. */
  readonly models: number;
}

/**
 * Writes a mixture of experts for llama.cpp, which takes the best k experts of a token as Mixtral does.
 *
 * @throws UserError as `saveGguf()` does
 */
export async function writeMixtureGguf(
  path: string,
  { mixture, models, tensors, ...model }: MixtureGguf,
  type: WrittenType,
  options: SaveGgufOptions = {},
): Promise<void> {
  const named = Object.entries(tensors).map(([name, tensor]) => [name.replace(".mlp.router.", ".mlp.gate."), tensor]);
  const experts = { count: models, used: expertsTaken(mixture, models) };
  await saveGguf(path, { ...model, tensors: Object.fromEntries(named), experts }, type, options);
}
