// Models of a run that are one decoder: the seed, experts, merges and the dense model, for transformers and llama.cpp.
import type { FinishedRun } from "../bts/mod.ts";
import { bytesOf, checkGguf, saveGguf, type WrittenType } from "../gguf/mod.ts";
import { hashTensors, saveModelFolder, type WeightDtype } from "../huggingface/mod.ts";
import { decoderNames, type SavedModel } from "../library/mod.ts";
import { familyOf, type HostWeights, parameterCount } from "../model/mod.ts";
import { openPretrained, type PretrainedModel } from "../pretrained/mod.ts";
import type { Exporter } from "./exporter.ts";

/** A model of a run that is one decoder. */
export type PlainModel = Extract<SavedModel, { readonly kind: "decoder" | "merge" }>;

/** Room for configuration, tokenizer and card, in bytes. */
const BESIDE_WEIGHTS = 2e6;

/**
 * Opens a model that is one decoder, without its weights.
 *
 * @throws UserError `run.unfinished` or `run.damaged` when a part is missing, and as `openPretrained()` does
 */
export async function plainExporter(run: FinishedRun, name: string, saved: PlainModel): Promise<Exporter> {
  const names = saved.kind === "merge" ? decoderNames(run) : [saved.cell];
  const models: PretrainedModel[] = [];
  for (const one of names) models.push(await openPretrained((await run.cell(one)).folder, name));
  const { config, tokenizer, special, chatTemplate } = models[0]!;
  const beside = { tokenizer, special, ...(chatTemplate === undefined ? {} : { chatTemplate }) };
  const load = async (): Promise<HostWeights> => {
    const loaded = [];
    for (const model of models) loaded.push(await model.load());
    return saved.kind === "merge" ? saved.merge(loaded[0]!, loaded.slice(1)) : loaded[0]!;
  };
  const parameters = parameterCount(config);
  const named = (type: string) => type.toUpperCase() as WrittenType;
  return {
    madeFrom: saved.kind === "merge" ? names : name === "seed" ? ["seed"] : ["seed", saved.cell],
    parameters: { total: parameters, active: parameters },
    config,
    family: familyOf(config),
    // Documents of the lab's own text begin with <|endoftext|>, which its tokenizers do not add.
    beginsWithBos: Object.keys(run.config.pretrained).length === 0,
    trustRemoteCode: false,
    bytes: (type) => bytesOf(named(type), padded(parameters)) + BESIDE_WEIGHTS + JSON.stringify(tokenizer).length,
    async writeFolder(folder, type, { onWeight }) {
      const tensors = await load();
      await saveModelFolder(folder, { config, tensors, ...beside }, { dtype: named(type) as WeightDtype, onWeight });
      return hashTensors(tensors);
    },
    checkGguf: (path) => checkGguf(path, config, beside),
    async writeGguf(path, type, { title, license, onWeight }) {
      const tensors = await load();
      const model = { config, tensors, ...beside, name: title, ...(license === undefined ? {} : { license }) };
      await saveGguf(path, model, named(type), { onWeight });
      return hashTensors(tensors);
    },
  };
}

/** Whole blocks of Q8_0. */
const padded = (values: number) => Math.ceil(values / 32) * 32;
