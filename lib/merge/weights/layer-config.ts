// `config.json` of a model that is put together from layers of others: their number, and what it says layer by layer.
import { UserError } from "../../errors.ts";
import type { JsonChange } from "../../huggingface/mod.ts";
import { configDefaults } from "../inputs/config-defaults.ts";
import { isWithoutMeaning } from "./config-meaning.ts";

type Config = Readonly<Record<string, unknown>>;

/** A layer of a model with this configuration. */
export interface ConfiguredLayer {
  /** Of the model, for messages. */
  readonly name: string;
  readonly config: Config;
  readonly index: number;
}

const COUNTS = ["num_hidden_layers", "n_layer", "n_layers", "num_layers"];

/** Keys that give some layers by their numbers a part of their own, with the values that give none. */
const BY_NUMBER: Readonly<Record<string, (value: unknown) => boolean>> = {
  first_k_dense_replace: (value) => value === 0,
  mlp_only_layers: (value) => Array.isArray(value) && value.length === 0,
  decoder_sparse_step: (value) => value === 1,
  interleave_moe_layer_step: (value) => value === 1,
  num_kv_shared_layers: (value) => value === 0,
  cross_attention_layers: (value) => Array.isArray(value) && value.length === 0,
};

/** Whether a key of `config.json`, or of a part of it, is about the number or the kinds of layers. */
export function isAboutLayers(key: string, configs: readonly Config[]): boolean {
  const own = key.slice(key.lastIndexOf(".") + 1);
  return COUNTS.includes(own) || own === "max_window_layers" ||
    configs.some((config) => {
      const { object } = textPart(config);
      return Object.hasOwn(perLayer(object), own);
    });
}

/**
 * What `config.json` must say about the layers: how many there are, and their values in each list of one value per layer.
 * Nothing if they are the layers that it describes.
 *
 * @param layers of the merged model, in order
 * @throws UserError `merge.layers` for a key that depends on the number of a layer in a way that cannot be kept
 */
export function layerChanges(config: Config, layers: readonly ConfiguredLayer[]): JsonChange[] {
  const { path, object } = textPart(config);
  const counts = COUNTS.filter((key) => typeof object[key] === "number");
  const [count = COUNTS[0]!] = counts;
  if (layers.every(({ index }, i) => index === i) && object[count] === layers.length) return [];
  for (const { name, config } of layers) {
    const { object } = textPart(config);
    const key = Object.keys(BY_NUMBER).find((key) =>
      object[key] !== undefined && object[key] !== null && !BY_NUMBER[key]!(object[key])
    );
    if (key === undefined) continue;
    throw new UserError(
      "merge.layers",
      `Cannot renumber the layers of "${name}": its config.json has "${key}": ${JSON.stringify(object[key])}, which ` +
        "depends on the number of a layer",
      "Models of this kind are merged as a whole: list them under models, without layer ranges",
    );
  }
  const lists = layers.map(({ config, index }) => {
    const values = perLayer(textPart(config).object);
    return Object.fromEntries(Object.entries(values).map(([key, list]) => [key, list[index]]));
  });
  const keys = [...new Set(lists.flatMap(Object.keys))].filter((key) => lists.every((list) => list[key] !== undefined));
  return [
    ...(counts.length === 0 ? [count] : counts).map((key) => ({ path: [...path, key], value: layers.length })),
    ...keys.map((key) => ({ path: [...path, key], value: lists.map((list) => list[key]!) })),
  ];
}

/** How layers that are merged with each other are described differently; undefined if they are not. */
export function layerMismatch(layers: readonly ConfiguredLayer[]): string | undefined {
  const [first, ...others] = layers as [ConfiguredLayer, ...ConfiguredLayer[]];
  const valuesOf = ({ config }: ConfiguredLayer) => perLayer(textPart(config).object);
  for (const other of others) {
    for (const [key, values] of Object.entries(valuesOf(other))) {
      const [a, b] = [valuesOf(first)[key]?.[first.index], values[other.index]];
      if (a === undefined || a === b) continue;
      return `${key} is ${a} for layer ${first.index} of "${first.name}" and ${b} for layer ${other.index} of ` +
        `"${other.name}"`;
    }
  }
  return undefined;
}

/** The part of a configuration that describes the language model, and where it is. */
function textPart(config: Config): { readonly path: readonly string[]; readonly object: Config } {
  const part = config.text_config;
  if (typeof part !== "object" || part === null || COUNTS.some((key) => typeof config[key] === "number")) {
    return { path: [], object: config };
  }
  return { path: ["text_config"], object: part as Config };
}

type Value = string | number | boolean;

/** The lists with one value for each layer, stated or implied by the model's type. */
function perLayer(config: Config): Readonly<Record<string, readonly Value[]>> {
  const defaults = configDefaults(config.model_type);
  const count = COUNTS.map((key) => config[key] ?? defaults[key]).find((value) => typeof value === "number") as
    | number
    | undefined;
  if (count === undefined) return {};
  const isValue = (value: unknown) => ["string", "number", "boolean"].includes(typeof value);
  const stated = Object.entries(config).filter(([key, value]) =>
    Array.isArray(value) && value.length === count && value.every(isValue) && !isWithoutMeaning(key) &&
    !Object.hasOwn(BY_NUMBER, key)
  ) as [string, Value[]][];
  return { ...impliedTypes({ ...defaults, ...config }, count), ...Object.fromEntries(stated) };
}

/** Every how many layers one has full attention, where `config.json` does not list them. */
const FULL_EVERY: Readonly<Record<string, number>> = { gemma2: 2, gpt_oss: 2, cohere2: 4, olmo3: 4, gemma3_text: 6 };

/** Kinds of layers that transformers derives from their numbers. */
function impliedTypes(config: Config, count: number): Readonly<Record<string, readonly Value[]>> {
  const type = String(config.model_type);
  const all = Array.from({ length: count }, (_, i) => i);
  const types = (isSliding: (layer: number) => boolean) => ({
    layer_types: all.map((layer) => isSliding(layer) ? "sliding_attention" : "full_attention"),
  });
  if (Object.hasOwn(FULL_EVERY, type)) {
    const pattern = config.sliding_window_pattern;
    const every = typeof pattern === "number" ? pattern : FULL_EVERY[type]!;
    return types((layer) => (layer + 1) % every !== 0);
  }
  if (type === "smollm3") {
    const every = typeof config.no_rope_layer_interval === "number" ? config.no_rope_layer_interval : 4;
    return { no_rope_layers: all.map((layer) => Number((layer + 1) % every !== 0)) };
  }
  const from = config.max_window_layers;
  return config.use_sliding_window === true && typeof from === "number" ? types((layer) => layer >= from) : {};
}
