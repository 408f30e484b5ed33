// Opening each model of a finished run from the cells that saved its parts.
import { openBaseline } from "../baselines/mod.ts";
import { type FinishedRun, openStitches, type ParameterCounts, stitchedOnDevice } from "../bts/mod.ts";
import { openTokenizer, type Tokenizer } from "../data/mod.ts";
import {
  type ChatTemplate,
  endIds,
  type GenerationConfig,
  loadModelFolder,
  readChatTemplate,
  readGenerationConfig,
} from "../huggingface/mod.ts";
import type { ModelGates } from "../infer/mod.ts";
import { btmEnsemble } from "../merge/mod.ts";
import {
  decoder,
  type HostWeights,
  type LanguageModel,
  type ModelConfig,
  type PackedWeights,
  parameterCount,
  putWeights,
  type Weights,
} from "../model/mod.ts";
import { stitchedLanguageModel } from "../stitch/mod.ts";
import { modelGates } from "./model-gates.ts";
import { decoderNames, type SavedModel } from "./saved-models.ts";

/** A model on the device. */
export interface OpenedModel {
  /** The shape of its decoders. */
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  /** The ids of the tokens that end a text, besides `<|endoftext|>`. */
  readonly ends: readonly number[];
  /** How it writes conversations, if it was told. */
  readonly chat: ChatTemplate | undefined;
  /** Its `generation_config.json`, if it has one. */
  readonly generation: GenerationConfig | undefined;
  readonly model: LanguageModel;
  readonly parameters: ParameterCounts;
  /** The models that it weighs, for a model that is made of several. */
  readonly gates?: ModelGates | undefined;
}

/**
 * Puts a model of a run on the device.
 *
 * @param scope frees its tensors
 * @param options.without domains whose experts leave a method
 * @param options.packed the format that weights are packed in, for inference
 */
export async function openModel(
  run: FinishedRun,
  saved: SavedModel,
  scope: DisposableStack,
  { without = [], packed }: { readonly without?: readonly string[]; readonly packed?: PackedWeights } = {},
): Promise<OpenedModel> {
  if (saved.kind === "decoder") {
    const { weights: [weights], ...loaded } = await loadDecoders(run, [saved.cell]);
    return { ...loaded, ...decoderOnDevice(loaded.config, scope.use(putWeights(weights!, packed)), true) };
  }
  if (saved.kind === "stitched") {
    const parts = await openStitches(run, saved.cell);
    const { stitched, parameters } = stitchedOnDevice(parts, scope, packed);
    const { model: config, tokenizer, ends, chat, generation } = parts;
    const model = stitchedLanguageModel(stitched);
    const gates = modelGates(run, saved, model, { stitched: parts.names });
    return { config, tokenizer, ends, chat, generation, model, parameters, gates };
  }
  const { weights, ...loaded } = await loadDecoders(run, decoderNames(run));
  const { config } = loaded;
  if (saved.kind === "merge") {
    const [base, ...models] = weights;
    return { ...loaded, ...decoderOnDevice(config, scope.use(putWeights(saved.merge(base!, models), packed)), false) };
  }
  if (saved.kind === "ensemble") {
    const models = weights.map((one) => decoder(config, scope.use(putWeights(one, packed))));
    const total = models.length * parameterCount(config);
    const parameters = { trained: 0, total, active: total };
    const model = btmEnsemble(models, await saved.options());
    return { ...loaded, model, parameters, gates: modelGates(run, saved, model) };
  }
  const { method } = saved;
  const { folder } = await run.cell(method.name);
  const { model, parameters } = await openBaseline(
    { method, folder, model: config, models: weights, packed, without },
    scope,
  );
  return { ...loaded, model, parameters, gates: modelGates(run, saved, model, { without }) };
}

/** Loads decoders of one shape that share a tokenizer. */
async function loadDecoders(
  run: FinishedRun,
  names: readonly string[],
): Promise<
  Pick<OpenedModel, "config" | "tokenizer" | "ends" | "chat" | "generation"> & {
    readonly weights: readonly HostWeights[];
  }
> {
  const loaded = [];
  for (const name of names) loaded.push(await loadModelFolder((await run.cell(name)).folder));
  const { folder } = await run.cell(names[0]!);
  const generation = await readGenerationConfig(folder);
  return {
    config: loaded[0]!.config,
    ends: endIds(generation ?? {}),
    chat: await readChatTemplate(folder),
    generation,
    tokenizer: openTokenizer(loaded[0]!.tokenizer!, { rows: loaded[0]!.config.vocabSize }),
    weights: loaded.map(({ tensors }) => tensors),
  };
}

function decoderOnDevice(
  config: ModelConfig,
  weights: Weights,
  trained: boolean,
): Pick<OpenedModel, "model" | "parameters"> {
  const one = parameterCount(config);
  return {
    model: decoder(config, weights),
    parameters: { trained: trained ? one : 0, total: one, active: one },
  };
}
