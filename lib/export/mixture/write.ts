// A mixture of experts as a folder of the architecture in transformers that computes the same.
import type { MixtureConfig } from "../../baselines/mod.ts";
import { readJson, type SaveOptions, saveWeights, TORCH_DTYPES } from "../../huggingface/mod.ts";
import type { HostTensor, HostWeights, ModelConfig } from "../../model/mod.ts";
import { copyBesideWeights } from "../beside-weights.ts";
import { type MixtureArchitecture, mixtureArchitecture } from "./architecture.ts";

/** A mixture of experts to write. */
export interface MixtureToWrite {
  /** The shape of the models that it was built from. */
  readonly model: ModelConfig;
  readonly mixture: MixtureConfig;
  /** Number of models that it was built from. */
  readonly models: number;
  /** All its weights. */
  readonly weights: HostWeights;
  /** The model folder of the seed: the mixture has its tokenizer and special tokens. */
  readonly seedFolder: string;
}

/** Keys of the seed's `config.json` that mixtures do not have. */
const OF_DECODERS = ["architectures", "model_type", "mlp_bias", "torch_dtype"];

/**
 * Writes a mixture of experts as Mixtral, Qwen2-MoE or Qwen3-MoE: weights, `config.json`, and the seed's tokenizer files and
 * `generation_config.json`.
 *
 * @param folder an existing, empty folder; if an error is thrown, some files may be in it
 * @throws UserError `export.mixture` if no architecture computes the same, and when a file cannot be written
 */
export async function writeMixture(
  folder: string,
  { model, mixture, models, weights, seedFolder }: MixtureToWrite,
  options: SaveOptions = {},
): Promise<void> {
  const found = mixtureArchitecture(model, mixture, models);
  await saveWeights(folder, new Map(namedWeights(model, weights, found)), options);
  await copyBesideWeights(seedFolder, folder);
  const seed = Object.entries(await readJson(`${seedFolder}/config.json`));
  const config = {
    architectures: [found.architecture],
    model_type: found.modelType,
    ...Object.fromEntries(seed.filter(([key]) => !OF_DECODERS.includes(key))),
    ...found.keys,
    tie_word_embeddings: model.tiedEmbeddings,
    torch_dtype: TORCH_DTYPES[options.dtype ?? "F32"],
  };
  // Last, so that a folder that has it is complete.
  await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify(config, null, 2) + "\n");
}

function* namedWeights(
  { layers, width }: ModelConfig,
  weights: HostWeights,
  { block, projections, sharedWidth }: MixtureArchitecture,
): Generator<[string, HostTensor]> {
  for (const [name, tensor] of Object.entries(weights)) {
    const renamed = name
      .replace(/\.mlp\.router\./, `.${block}.gate.`)
      .replace(
        /\.mlp\.experts\.(\d+)\.(\w+)\./,
        (_, i, projection) => `.${block}.experts.${i}.${projections[projection] ?? projection}.`,
      );
    yield [renamed, tensor];
  }
  if (sharedWidth === undefined) return;
  const zeros = (...shape: number[]) => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b)) });
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `model.layers.${layer}.${block}.shared_expert`;
    for (const name of ["gate_proj", "up_proj"]) yield [`${prefix}.${name}.weight`, zeros(sharedWidth, width)];
    yield [`${prefix}.down_proj.weight`, zeros(width, sharedWidth)];
    yield [`${prefix}_gate.weight`, zeros(1, width)];
  }
}
