// Whether a model has a `config.json`, and whether that describes its weights.
import { attempt } from "../../errors.ts";
import { fromHuggingFaceConfig, type WeightFiles } from "../../huggingface/mod.ts";
import { weightShapes } from "../../model/mod.ts";
import { EMBEDDINGS, HEAD } from "../inputs/names.ts";
import { layerPlace } from "./layers.ts";

type Config = Readonly<Record<string, unknown>>;
type Weights = WeightFiles["weights"];

/** Keys of one fact in the configurations of different models. */
const KEYS = {
  layers: ["num_hidden_layers", "n_layer", "n_layers", "num_layers"],
  width: ["hidden_size", "n_embd", "d_model"],
  vocabulary: ["vocab_size"],
} as const;
/** Keys of models whose embeddings have a width of their own. */
const OTHER_WIDTH = ["embedding_size", "word_embed_proj_dim", "emb_size", "embed_dim"];

/**
 * Why nothing says what a model's weights mean, as a clause; undefined if `config.json` describes them. For Llama, Mistral,
 * Qwen2 and Qwen3 it must ask for exactly these weights; for others the numbers of layers and tokens and the width count.
 *
 * @param config empty if there is none
 */
export function configDoubt(config: Config, weights: Weights): string | undefined {
  if (Object.keys(config).length === 0) return "it has no config.json, so that nothing says what its weights mean";
  const wrong = config.quantization_config ? undefined : wrongSize(config, weights) ?? wrongWeight(config, weights);
  return wrong === undefined ? undefined : `its config.json does not fit its weights: ${wrong}`;
}

function wrongSize(config: Config, weights: Weights): string | undefined {
  const { text_config: part } = config;
  const described = typeof part === "object" && part !== null ? { ...config, ...part as Config } : config;
  const stated = (keys: readonly string[]) => {
    const key = keys.find((key) => typeof described[key] === "number");
    return key === undefined ? undefined : { key, value: described[key] as number };
  };
  const layers = stated(KEYS.layers);
  const stacks = new Map<string, number>();
  for (const name of weights.keys()) {
    const place = layerPlace(name);
    if (place !== undefined) stacks.set(place.stack, Math.max(stacks.get(place.stack) ?? 0, place.index + 1));
  }
  const [found = 0, ...others] = stacks.values();
  // Layers that predict further tokens come after those that are counted.
  const further = Number(described.num_nextn_predict_layers ?? 0);
  if (layers !== undefined && others.length === 0 && found > 0) {
    const { key, value } = layers;
    if (found < value || found > value + further) return `${key} is ${value}, and they have ${found} layers`;
  }
  const tables = [...weights].filter(([name, { shape }]) => EMBEDDINGS.test(name) && shape.length === 2);
  const sizes = [stated(KEYS.vocabulary), OTHER_WIDTH.some((key) => key in described) ? undefined : stated(KEYS.width)];
  for (const [axis, size] of sizes.entries()) {
    if (size === undefined || tables.length === 0 || tables.some(([, { shape }]) => shape[axis] === size.value)) {
      continue;
    }
    const [[name, { shape }]] = tables as [typeof tables[number]];
    return `${size.key} is ${size.value}, and "${name}" is [${shape}]`;
  }
  return undefined;
}

/** For the families that we compute. */
function wrongWeight(config: Config, weights: Weights): string | undefined {
  const known = attempt(() => fromHuggingFaceConfig(config));
  if (known === undefined) return undefined;
  const shapes = weightShapes(known);
  const headOnly = known.tiedEmbeddings && weights.keys().some((name) => HEAD.test(name));
  for (const [name, shape] of shapes) {
    const found = weights.get(name)?.shape;
    if (found === undefined && headOnly && EMBEDDINGS.test(name)) continue;
    if (found === undefined) return `it asks for "${name}", which they lack`;
    if (String(found) !== String(shape)) return `it asks for "${name}" as [${shape}], which is [${found}]`;
  }
  const extra = weights.keys().find((name) => !shapes.has(name) && !(known.tiedEmbeddings && HEAD.test(name)));
  return extra === undefined ? undefined : `they have "${extra}", which it does not ask for`;
}
