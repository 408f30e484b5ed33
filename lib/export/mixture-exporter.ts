// Mixtures of experts of a run, for transformers and llama.cpp.
import { loadMerge, mergeFile, type MixtureConfig, mixtureConfigSchema } from "../baselines/mod.ts";
import type { FinishedRun, Trained } from "../bts/mod.ts";
import { checkGguf, type WrittenType } from "../gguf/mod.ts";
import type { WeightDtype } from "../huggingface/mod.ts";
import { decoderNames } from "../library/mod.ts";
import { openPretrained } from "../pretrained/mod.ts";
import { bytesPerWeight, type Exporter } from "./exporter.ts";
import { expertsTaken, mixtureArchitecture } from "./mixture/architecture.ts";
import { writeMixtureGguf } from "./mixture/gguf.ts";
import { writeMixture } from "./mixture/write.ts";

/** The kind of the files of mixtures that a method trained as a whole. */
export const MIXTURE = "mixture";

/** Whether a mixture's parts are those of mixtures in transformers. */
export const isPlainMixture = ({ attention, adapters, bias }: MixtureConfig): boolean =>
  attention === "averaged" && !adapters && !bias;

/**
 * Opens a mixture of experts.
 *
 * @param name of the method, and of the cell that trained it
 * @throws UserError `export.mixture` if transformers has no such mixture, and as `loadMerge()` does
 */
export async function mixtureExporter(run: FinishedRun, name: string): Promise<Exporter> {
  const names = decoderNames(run);
  const hashes: string[] = [];
  for (const one of names) hashes.push((await run.cell<Trained>(one)).value.weights);
  const format = { kind: MIXTURE, schema: mixtureConfigSchema };
  const { method: { config: mixture }, weights } = await loadMerge(
    mergeFile((await run.cell(name)).folder),
    format,
    hashes,
  );
  const { folder: seedFolder } = await run.cell("seed");
  const { config: model, tokenizer, special, chatTemplate } = await openPretrained(seedFolder, name);
  const beside = { tokenizer, special, ...(chatTemplate === undefined ? {} : { chatTemplate }) };
  const { modelType } = mixtureArchitecture(model, mixture, names.length);
  const sizes = Object.entries(weights).map(([name, { data }]) => [name, data.length] as const);
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  const ofExperts = sizes.reduce((sum, [name, size]) => name.includes(".experts.") ? sum + size : sum, 0);
  const used = expertsTaken(mixture, names.length);
  return {
    madeFrom: names,
    trainedIn: name,
    parameters: { total, active: total - ofExperts * (names.length - used) / names.length },
    config: model,
    family: `${modelType}, ${names.length} experts`,
    beginsWithBos: Object.keys(run.config.pretrained).length === 0,
    trustRemoteCode: false,
    bytes: (dtype) => bytesPerWeight(dtype) * total + 2e6,
    async writeFolder(folder, dtype, { onWeight }) {
      const options = { dtype: dtype.toUpperCase() as WeightDtype, onWeight };
      await writeMixture(folder, { model, mixture, models: names.length, weights, seedFolder }, options);
      return undefined;
    },
    checkGguf: (path) => checkGguf(path, model, beside),
    async writeGguf(path, dtype, { title, license, onWeight }) {
      const whole = { config: model, mixture, models: names.length, tensors: weights, ...beside, name: title };
      const type = dtype.toUpperCase() as WrittenType;
      await writeMixtureGguf(path, license === undefined ? whole : { ...whole, license }, type, { onWeight });
      return undefined;
    },
  };
}
