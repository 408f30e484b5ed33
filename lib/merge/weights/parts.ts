// Which weights a merge makes: the parts of the merged model, and for each weight its models and options.
import { UserError } from "../../errors.ts";
import { isWeightDtype, type PlannedTensor, type WeightDtype } from "../../huggingface/mod.ts";
import type { Input } from "../inputs/input.ts";
import { EMBEDDINGS, HEAD } from "../inputs/names.ts";
import { readConfig } from "../inputs/tied.ts";
import { alignVocabularies, hasTokenRows } from "../vocabulary/align.ts";
import type { TokenizerRequest } from "../vocabulary/request.ts";
import type { MergedTokenizer } from "../vocabulary/tokenizer.ts";
import { type ConfiguredLayer, layerMismatch } from "./layer-config.ts";
import { countLayers, depthOf, depths, isBeforeLayers, layerPlace, type LayerRange, layerView } from "./layers.ts";
import { located } from "./located.ts";
import { type MatchedFolder, matchFolders } from "./matching.ts";
import type { MatchedModels } from "./merged-tensor.ts";
import type { ModelsToMerge } from "./merge.ts";
import type { MergeOptions, WeightMethod } from "./method.ts";
import { type MergeSettings, resolveOptions } from "./options.ts";
import { sharedTensors } from "./shared.ts";

/** A model, or some of its layers. */
export interface PartModel {
  readonly model: string;
  readonly layers?: LayerRange | undefined;
  /** What names it, for messages: `merge.yml:7`. */
  readonly where?: string | undefined;
}

/**
 * The options of a weight.
 *
 * @param tensor its name
 * @param depth the position of its layer in the part ({@linkcode depths})
 * @param names of the tensor in each model besides the base; layers may have other numbers there
 */
export type SettingsOf = (tensor: string, depth: number, names: readonly string[]) => MergeSettings;

/** Models that are merged, or layers of theirs; the parts of a model follow each other. */
export interface MergePart extends ModelsToMerge<PartModel> {
  /** The model whose embeddings others take for tokens that they lack. */
  readonly reference?: string | undefined;
  /** The same for all weights, or by weight. */
  readonly settings: MergeSettings | SettingsOf;
  /** What describes it, for messages: `merge.yml:7`. */
  readonly where?: string | undefined;
}

/** A weight of the merged model. */
export interface PlannedWeight extends PlannedTensor {
  readonly from: MatchedModels;
  /** The name that random draws depend on: its own, or that of the weight it is a copy of. */
  readonly drawnAs: string;
  /** Undefined for tensors that are not merged but copied. */
  readonly options: MergeOptions | undefined;
}

/** What a merge makes. */
export interface MergePlan {
  readonly weights: readonly PlannedWeight[];
  /** The options, if all weights have the same. */
  readonly common: MergeOptions | undefined;
  /** The first models of the first and the last part. */
  readonly ends: readonly [MatchedModels, MatchedModels];
  /** The layers of the merged model; undefined if all models are merged as a whole. */
  readonly layers: readonly ConfiguredLayer[] | undefined;
  /** How layers that are merged with each other differ, if they do. */
  readonly mismatch: string | undefined;
  /** Tokens of the merged vocabulary that no model has. */
  readonly unknownTokens: readonly string[];
}

/** How to align the vocabularies of the models. */
export interface Alignment {
  readonly tokenizer: MergedTokenizer;
  readonly request: TokenizerRequest;
}

/**
 * Matches the models of each part.
 *
 * @throws UserError `merge.layers`, `merge.shape`, `merge.dtype`, `merge.option`
 */
export async function planMerge(
  method: WeightMethod,
  parts: readonly MergePart[],
  inputs: ReadonlyMap<string, Input>,
  dtype: WeightDtype | undefined,
  alignment: Alignment | undefined,
): Promise<MergePlan> {
  const unknownTokens = new Set<string>();
  const weights: PlannedWeight[] = [];
  const matched: MatchedModels[] = [];
  const layers: ConfiguredLayer[] = [];
  let [common, mismatch] = [undefined as MergeOptions | undefined, undefined as string | undefined];
  for (const [k, part] of parts.entries()) {
    await located(part.where, async () => {
      const members = [...(part.base === undefined ? [] : [part.base]), ...part.models];
      const length = partLength(members, inputs);
      const views = members.map(({ model, layers: range }) => {
        const input = inputs.get(model)!;
        return { ...input, files: layerView(input.files, range, layers.length) };
      });
      const matching = await matchFolders(views, alignment === undefined ? () => false : hasTokenRows);
      const found = alignment === undefined
        ? { models: matching, unknown: [] }
        : alignVocabularies(matching, part.reference, alignment.tokenizer, alignment.request);
      for (const token of found.unknown) unknownTokens.add(token);
      const folders = found.models;
      const from = { folders, hasBase: part.base !== undefined };
      matched.push(from);
      const isMade = (name: string) =>
        layerPlace(name) !== undefined || (isBeforeLayers(name) ? k === 0 : k === parts.length - 1);
      const depth = depthsIn(folders[0]!, length === undefined ? undefined : { first: layers.length, length });
      const made = [...folders[0]!.shapes.keys()].filter(isMade);
      const [first] = folders as [MatchedFolder];
      const typed = made.map((name) => ({
        name,
        dtype: views[0]!.files.weights.get(first.nameIn(name))!.dtype,
        shape: first.shapes.get(name)!,
      }));
      const merged = typed.filter(({ dtype }) => isWeightDtype(dtype)).map(({ name }) => name);
      const resolve = (settings: MergeSettings) => resolveOptions(method, settings, part.models.length);
      const { settings } = part;
      common = typeof settings === "function" ? undefined : resolve(settings);
      // Without random draws and settings by name, equal tensors merge to equal tensors anyway.
      const drawn = "seed" in method.options || typeof settings === "function";
      const shared = drawn ? sharedTensors(merged, folders) : new Map<string, string>();
      const modelNames = (name: string) =>
        folders.slice(from.hasBase ? 1 : 0).map(({ nameIn }, i) =>
          views[i + (from.hasBase ? 1 : 0)]!.files.ownName(nameIn(name))
        );
      for (const { name, shape, dtype: stored } of typed) {
        const drawnAs = shared.get(name) ?? name;
        const options = !isWeightDtype(stored)
          ? undefined
          : typeof settings === "function"
          ? named(name, () => resolve(settings(drawnAs, depth.get(drawnAs)!, modelNames(drawnAs))))
          : common;
        weights.push({ name, shape, dtype: isWeightDtype(stored) ? dtype ?? stored : stored, from, drawnAs, options });
      }
      for (let i = 0; length !== undefined && i < length; i++) {
        const places = await Promise.all(members.map(async ({ model, layers: range }) => {
          const { name, folder } = inputs.get(model)!;
          return { name, config: await readConfig(folder), index: range![0] + i };
        }));
        mismatch ??= layerMismatch(places);
        layers.push(places[0]!);
      }
    });
  }
  if (parts.length > 1) checkStack(weights, matched[0]!.folders[0]!, inputs, alignment !== undefined);
  const sliced = parts.some(({ models }) => models.some(({ layers }) => layers !== undefined));
  return {
    weights,
    common: parts.length === 1 ? common : undefined,
    ends: [matched[0]!, matched.at(-1)!],
    layers: sliced ? layers : undefined,
    mismatch,
    unknownTokens: [...unknownTokens],
  };
}

/** The number of layers of a part; undefined if its models are merged as a whole. */
function partLength(members: readonly PartModel[], inputs: ReadonlyMap<string, Input>): number | undefined {
  const [first] = members;
  if (first?.layers === undefined) return undefined;
  for (const { model, layers } of members) {
    const [begin, end] = layers!;
    const count = countLayers(inputs.get(model)!.files);
    if (begin >= 0 && begin < end && end <= count) continue;
    throw new UserError(
      "merge.layers",
      `Cannot take the layers [${begin}, ${end}] of "${model}": it has ${count} layers`,
      `A range is [first, last + 1], counted from 0: all of its layers are [0, ${count}]`,
    );
  }
  const length = first.layers[1] - first.layers[0];
  const other = members.find(({ layers }) => layers![1] - layers![0] !== length);
  if (other === undefined) return length;
  throw new UserError(
    "merge.layers",
    `Cannot merge the layers [${first.layers.join(", ")}] of "${first.model}" with the layers [${
      other.layers!.join(", ")
    }] of "${other.model}": the sources of a slice must have equally many`,
    `Take ${length} layers of each`,
  );
}

/** The depth of each tensor, in the whole model or among the layers of a part. */
function depthsIn(
  { shapes }: MatchedFolder,
  part: { readonly first: number; readonly length: number } | undefined,
): ReadonlyMap<string, number> {
  const names = [...shapes.keys()];
  if (part === undefined) return depths(names);
  return new Map(names.map((name) => {
    const index = layerPlace(name)?.index;
    return [name, index === undefined ? 0 : depthOf(index - part.first, part.length)];
  }));
}

/** Layers of different models can only be stacked if they have equal shapes. */
function checkStack(
  weights: readonly PlannedWeight[],
  { input }: MatchedFolder,
  inputs: ReadonlyMap<string, Input>,
  isAligned: boolean,
): void {
  const templateOf = (name: string) => layerPlace(name)?.rest ?? name;
  /** The sizes that must be equal. */
  const sizes = (name: string, shape: readonly number[]) =>
    String(isAligned && hasTokenRows(name) ? shape.slice(1) : shape);
  const shapes = new Map<string, Set<string>>();
  for (const [name, { shape }] of inputs.get(input.name)!.files.weights) {
    const template = templateOf(name);
    shapes.set(template, (shapes.get(template) ?? new Set()).add(sizes(template, shape)));
  }
  const embeddings = shapes.keys().find((template) => EMBEDDINGS.test(template)) ?? "";
  for (const { name, shape, from } of weights) {
    // A tied model need not store its head.
    const known = shapes.get(templateOf(name)) ?? (HEAD.test(name) ? shapes.get(embeddings) : undefined);
    if (known?.has(sizes(name, shape))) continue;
    const found = known === undefined ? "missing" : `[${[...known].join("] or [")}]`;
    const { name: other } = from.folders[0]!.input;
    throw new UserError(
      "merge.shape",
      `Cannot stack layers of "${input.name}" and "${other}": "${
        templateOf(name)
      }" is ${found} in "${input.name}" and ` +
        `[${shape}] in "${other}"`,
      "All layers of a model have one width",
    );
  }
}

/** Adds the name of a weight to an error about its options. */
function named(weight: string, resolve: () => MergeOptions): MergeOptions {
  try {
    return resolve();
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== "merge.option") throw error;
    throw new UserError(error.code, `Cannot merge ${weight}: ${error.message}`, error.hint);
  }
}
