// CALM: a frozen anchor attends to the states of frozen augmenting models at evenly spaced layers
// (Composition to Augment Language Models, arXiv 2401.02412 §3.1).
import * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import { UserError } from "../../errors.ts";
import {
  type Activations,
  checkWeights,
  continuePass,
  decoderLayer,
  dependsOnCalls,
  embed,
  fillNormal,
  head,
  headSizeOf,
  type HostTensor,
  type HostWeights,
  KvCache,
  KvCaches,
  kvShape,
  type LanguageModel,
  type ModelConfig,
  type Pass,
  wanted,
  type Weights,
} from "../../model/mod.ts";
import { random } from "../../random.ts";
import { cachedAttention, causalAttention, linear, rope } from "../../tensor/mod.ts";
import type { CalmConfigSchema } from "../inferred-types.ts";

/** Where the anchor attends to the augmenting models. */
export const calmConfigSchema: CalmConfigSchema = z.strictObject({
  connections: z.int().min(1).max(1000).default(2)
    .describe(
      "number of evenly spaced layers after which the anchor attends to the augmenting models; the last is the top",
    ),
});

export type CalmConfig = z.infer<typeof calmConfigSchema>;

/** A connection's parameters: a projection of the augmenting model's states, and multi-head attention. */
const PARTS = ["projection", "query", "key", "value", "output"] as const;

/** A parameter's name; `connection` counts from 0, `model` from 1. */
const parameterName = (connection: number, model: number, part: typeof PARTS[number]): string =>
  `calm.${connection}.${model}.${part}.weight`;

/**
 * The decoder layers (from 1) that connections follow: k·⌊L/K⌋, the last at L.
 *
 * @throws UserError `merge.calm` if there are more connections than layers
 */
export function calmLayers({ connections }: CalmConfig, layers: number): number[] {
  if (connections > layers) {
    throw new UserError(
      "merge.calm",
      `Cannot connect models of ${layers} layers at ${connections}: expected at most ${layers} connections`,
    );
  }
  const every = Math.floor(layers / connections);
  return Array.from({ length: connections }, (_, k) => k === connections - 1 ? layers : (k + 1) * every);
}

/** Names and shapes of the trained parameters: five `[d, d]` matrices per connection and augmenting model. */
export function calmShapes(
  calm: CalmConfig,
  { augmenting, width }: { readonly augmenting: number; readonly width: number },
): ReadonlyMap<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  for (let k = 0; k < calm.connections; k++) {
    for (let i = 1; i <= augmenting; i++) {
      for (const part of PARTS) shapes.set(parameterName(k, i, part), [width, width]);
    }
  }
  return shapes;
}

/**
 * Initial parameters. Outputs are zero, so the model starts as the anchor. Queries and keys are normal with deviation
 * 0.02, so attention starts nearly even; projections and values with 1/√d, which keeps the scale of the states.
 */
export function initialCalm(
  calm: CalmConfig,
  size: { readonly augmenting: number; readonly width: number },
  seed: number,
): HostWeights {
  const weights: Record<string, HostTensor> = {};
  for (const [name, shape] of calmShapes(calm, size)) {
    const data = new Float32Array(size.width ** 2);
    const deviation = /(query|key)\.weight$/.test(name) ? 0.02 : 1 / Math.sqrt(size.width);
    if (!name.endsWith("output.weight")) fillNormal(data, deviation, random(seed, "calm", name));
    weights[name] = { shape, data };
  }
  return weights;
}

/** An anchor, the models that augment it (all of one shape and frozen), and their connections. */
export interface CalmModel {
  readonly config: ModelConfig;
  readonly calm: CalmConfig;
  readonly anchor: Weights;
  readonly augmenting: readonly Weights[];
  /** As {@linkcode initialCalm} names them. */
  readonly connections: Weights;
}

/**
 * Checks that the parts of a model fit together, and returns it.
 *
 * @throws UserError `merge.weights` for wrong connection parameters, `model.weights` for a model of another shape,
 * `merge.calm` for no augmenting model or too many connections
 */
export function calmModel(model: CalmModel): CalmModel {
  const { config, calm, augmenting, connections } = model;
  calmLayers(calm, config.layers);
  connectionHeads(config);
  if (augmenting.length === 0) {
    throw new UserError("merge.calm", "Cannot augment an anchor with 0 models: give at least one");
  }
  checkWeights(config, model.anchor, "The anchor");
  augmenting.forEach((weights, i) => checkWeights(config, weights, `Augmenting model ${i + 1}`));
  const shapes = calmShapes(calm, { augmenting: augmenting.length, width: config.width });
  for (const name of new Set([...shapes.keys(), ...Object.keys(connections)])) {
    const [wanted, found] = [shapes.get(name), Object.hasOwn(connections, name) ? connections[name] : undefined];
    if (wanted !== undefined && String(found?.shape) === String(wanted)) continue;
    throw new UserError(
      "merge.weights",
      `The connections have "${name}" as [${found?.shape ?? "missing"}], but ${calm.connections} connections to ` +
        `${augmenting.length} models need [${wanted ?? "nothing of that name"}]`,
    );
  }
  return model;
}

/** Caches of the anchor, of each augmenting model, and of the cross-attention to each. */
class CalmState extends KvCaches {
  readonly anchor: KvCache;
  readonly augmenting: readonly KvCache[];
  readonly cross: readonly KvCache[];

  constructor([anchor, ...others]: readonly KvCache[]) {
    super([anchor!, ...others]);
    this.anchor = anchor!;
    this.augmenting = others.slice(0, others.length / 2);
    this.cross = others.slice(others.length / 2);
  }

  override fork(length: number): CalmState {
    return new CalmState(this.caches.map((cache) => cache.fork(length)));
  }
}

function calmState({ config, calm, augmenting }: CalmModel): CalmState {
  const layers = calmLayers(calm, config.layers);
  const own = [kvShape(config), ...augmenting.map(() => kvShape(config, layers.at(-1)!))];
  const cross = { ...kvShape(config, layers.length), kvHeads: connectionHeads(config) };
  return new CalmState([...own, ...augmenting.map(() => cross)].map((shape) => new KvCache(shape)));
}

interface RunOptions {
  readonly documents?: tf.Tensor2D | undefined;
  /** One per row, which the ids continue. */
  readonly states?: readonly CalmState[] | undefined;
  /** How the anchor's activations are kept for the backward pass. @default "keep" */
  readonly activations?: Activations | undefined;
}

/**
 * The frozen part: the anchor's states at the first connection, then each augmenting model's states at every connection.
 * No trained parameter precedes them, so they need no graph.
 *
 * @param ids int32 `[B, T]`
 * @returns 1 + models · connections tensors `[B, T, d]`, model by model
 */
export function beforeFirstConnection(model: CalmModel, ids: tf.Tensor2D, options: RunOptions = {}): tf.Tensor3D[] {
  const { config, calm, anchor, augmenting } = model;
  const layers = calmLayers(calm, config.layers);
  const { states, documents } = options;
  const pass = continuePass(config, ids.shape[1], states, documents);
  const run = (weights: Weights, places: readonly number[], caches?: readonly KvCache[]) => {
    let h = embed(weights, ids);
    let layer = 0;
    return places.map((place) => {
      for (; layer < place; layer++) h = decoderLayer(config, weights, layer, h, pass, caches);
      return h;
    });
  };
  return [
    ...run(anchor, layers.slice(0, 1), states?.map(({ anchor }) => anchor)),
    ...augmenting.flatMap((weights, i) => run(weights, layers, states?.map(({ augmenting }) => augmenting[i]!))),
  ];
}

/**
 * The trained part: from the first connection to the states below the head, `[B, T, d]`.
 *
 * @param streams from {@linkcode beforeFirstConnection}
 */
export function fromFirstConnection(
  model: CalmModel,
  streams: readonly tf.Tensor3D[],
  options: RunOptions = {},
): tf.Tensor3D {
  const { config, calm, anchor, augmenting } = model;
  const [first, ...states] = streams as [tf.Tensor3D, ...tf.Tensor3D[]];
  const { states: decoding, documents, activations } = options;
  const pass = continuePass(config, first.shape[1], decoding, documents, activations);
  const anchors = decoding?.map(({ anchor }) => anchor);
  const layers = calmLayers(calm, config.layers);
  let h = first;
  layers.forEach((place, k) => {
    const query = h;
    const attended = augmenting.map((_, i) =>
      crossAttention(model, k, i, query, states[i * layers.length + k]!, pass, decoding?.map(({ cross }) => cross[i]!))
    );
    h = attended.reduce((sum, more) => tf.add(sum, more), h as tf.Tensor) as tf.Tensor3D;
    for (let layer = place; layer < (layers[k + 1] ?? place); layer++) {
      h = decoderLayer(config, anchor, layer, h, pass, anchors);
    }
  });
  return h;
}

/**
 * The number of heads of a connection. They have the models' size, since they share the rotary embedding.
 *
 * @throws UserError `merge.calm` if the width is not a whole number of such heads
 */
function connectionHeads(config: ModelConfig): number {
  const size = headSizeOf(config);
  if (config.width % size === 0) return config.width / size;
  throw new UserError(
    "merge.calm",
    `Cannot connect models of the width ${config.width} with heads of the size ${size}: the width must be a multiple`,
  );
}

/**
 * Connection `k` from augmenting model `i` (both from 0): causal multi-head attention of the anchor's states to the other
 * model's projected states, with rotary positions.
 */
function crossAttention(
  { config, connections }: CalmModel,
  k: number,
  i: number,
  h: tf.Tensor3D,
  other: tf.Tensor3D,
  pass: Pass,
  caches: readonly KvCache[] | undefined,
): tf.Tensor3D {
  return tf.tidy(() => {
    const [B, T, d] = h.shape;
    const w = (part: typeof PARTS[number]) => connections[parameterName(k, i + 1, part)]!;
    const heads = (x: tf.Tensor) => x.reshape([B, T, connectionHeads(config), headSizeOf(config)]) as tf.Tensor4D;
    const projected = linear(other, w("projection"));
    const query = heads(linear(h, w("query")));
    const key = heads(linear(projected, w("key")));
    const value = heads(linear(projected, w("value")));
    const attended = caches === undefined
      ? causalAttention(rope(query, pass.rope), rope(key, pass.rope), value, pass.documents)
      : cachedAttention(query, key, value, pass.rope, caches.map((cache) => cache.at(k)));
    return linear(attended.reshape([B, T, d]), w("output")) as tf.Tensor3D;
  });
}

/** The composition as a language model. */
export function calmLanguageModel(model: CalmModel): LanguageModel {
  const { config, anchor } = model;
  return {
    vocabSize: config.vocabSize,
    contextLength: config.contextLength,
    logits: (ids, decoding, { last, lengths } = {}) =>
      tf.tidy(() => {
        const states = decoding as readonly CalmState[] | undefined;
        const streams = beforeFirstConnection(model, ids, { states });
        const logits = head(config, anchor, wanted(fromFirstConnection(model, streams, { states }), last, lengths));
        states?.forEach((state, row) => state.advance(lengths?.[row] ?? ids.shape[1]));
        return logits;
      }),
    decodingState: () => calmState(model),
    promptAtOnce: dependsOnCalls(config),
  };
}
