// Opening each model of a finished run from the cells that saved its parts.
import { openBaseline } from "../baselines/mod.ts";
import { type FinishedRun, openStitches, type ParameterCounts, stitchedOnDevice } from "../bts/mod.ts";
import { openTokenizer, type Tokenizer } from "../data/mod.ts";
import { endIds, loadModelFolder, readGenerationConfig } from "../huggingface/mod.ts";
import { btmEnsemble } from "../merge/mod.ts";
import {
  decoder,
  type HostWeights,
  type LanguageModel,
  type ModelConfig,
  parameterCount,
  toDevice,
} from "../model/mod.ts";
import { stitchedLanguageModel } from "../stitch/mod.ts";
import { decoderNames, type SavedModel } from "./saved-models.ts";

/** A model on the device. */
export interface OpenedModel {
  /** The shape of its decoders. */
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  /** The ids of the tokens that end a text, besides `<|endoftext|>`. */
  readonly ends: readonly number[];
  readonly model: LanguageModel;
  readonly parameters: ParameterCounts;
}

/**
 * Puts a model of a run on the device.
 *
 * @param scope frees its tensors
 * @param without domains whose experts leave a method
 */
export async function openModel(
  run: FinishedRun,
  saved: SavedModel,
  scope: DisposableStack,
  without: readonly string[] = [],
): Promise<OpenedModel> {
  if (saved.kind === "decoder") {
    const { config, tokenizer, ends, weights: [weights] } = await loadDecoders(run, [saved.cell]);
    return { config, tokenizer, ends, ...decoderOnDevice(config, weights!, scope, true) };
  }
  if (saved.kind === "stitched") {
    const parts = await openStitches(run, saved.cell);
    const { stitched, parameters } = stitchedOnDevice(parts, scope);
    const { model: config, tokenizer, ends } = parts;
    return { config, tokenizer, ends, model: stitchedLanguageModel(stitched), parameters };
  }
  const { config, tokenizer, ends, weights } = await loadDecoders(run, decoderNames(run));
  if (saved.kind === "merge") {
    const [base, ...models] = weights;
    return { config, tokenizer, ends, ...decoderOnDevice(config, saved.merge(base!, models), scope, false) };
  }
  if (saved.kind === "ensemble") {
    const models = weights.map((one) => decoder(config, scope.use(toDevice(one))));
    const total = models.length * parameterCount(config);
    const parameters = { trained: 0, total, active: total };
    return { config, tokenizer, ends, model: btmEnsemble(models, await saved.options()), parameters };
  }
  const { method } = saved;
  const { folder } = await run.cell(method.name);
  const { model, parameters } = await openBaseline({ method, folder, model: config, models: weights, without }, scope);
  return { config, tokenizer, ends, model, parameters };
}

/** Loads decoders of one shape that share a tokenizer. */
async function loadDecoders(
  run: FinishedRun,
  names: readonly string[],
): Promise<Pick<OpenedModel, "config" | "tokenizer" | "ends"> & { readonly weights: readonly HostWeights[] }> {
  const loaded = [];
  for (const name of names) loaded.push(await loadModelFolder((await run.cell(name)).folder));
  const generation = await readGenerationConfig((await run.cell(names[0]!)).folder);
  return {
    config: loaded[0]!.config,
    ends: endIds(generation ?? {}),
    tokenizer: openTokenizer(loaded[0]!.tokenizer!, { rows: loaded[0]!.config.vocabSize }),
    weights: loaded.map(({ tensors }) => tensors),
  };
}

function decoderOnDevice(
  config: ModelConfig,
  weights: HostWeights,
  scope: DisposableStack,
  trained: boolean,
): Pick<OpenedModel, "model" | "parameters"> {
  const one = parameterCount(config);
  return {
    model: decoder(config, scope.use(toDevice(weights))),
    parameters: { trained: trained ? one : 0, total: one, active: one },
  };
}
