// A mixture of experts as a decoder: attention and feed-forward of each layer, averaged or mixed
// (Branch-Train-MiX, arXiv 2403.07816 §2.2; BAM, arXiv 2408.08274 §3).
import * as tf from "@tensorflow/tfjs";
import {
  attention,
  continuePass,
  dependsOnCalls,
  embed,
  feedForward,
  type GateProbe,
  head,
  KvCache,
  KvCaches,
  kvShape,
  type LanguageModel,
  type LogitsOptions,
  type ModelConfig,
  type Pass,
  wanted,
  type Weights,
} from "../../model/mod.ts";
import { hash32 } from "../../random.ts";
import { linear, rmsNorm } from "../../tensor/mod.ts";
import {
  adapterName,
  biasName,
  type Block,
  expertPrefix,
  mixedBlocks,
  type MixtureConfig,
  routerName,
} from "./config.ts";
import { gumbelTemperature, loadBalance, mixExperts, route, type Routes } from "./route.ts";
import { checkMixtureWeights } from "./start.ts";

/** A mixture and its weights, as `initialMixture()` names them. */
export interface MixtureModel {
  readonly config: ModelConfig;
  readonly mixture: MixtureConfig;
  /** Number of models that it was built from. */
  readonly models: number;
  readonly weights: Weights;
  /** Routes tokens to feed-forwards by their logits, `[N, models]`. @default as `mixture.routing` says */
  readonly routeTokens?: ((logits: tf.Tensor2D) => Routes) | undefined;
}

/**
 * Checks that the weights are those of the mixture, and returns it.
 *
 * @throws UserError `merge.weights`
 */
export function mixtureModel(model: MixtureModel): MixtureModel {
  checkMixtureWeights(model.config, model.mixture, model.models, model.weights);
  return model;
}

/** How experts are sampled in a training step; evaluation does not sample. */
export interface TrainingStep {
  /** From 1. */
  readonly step: number;
  /** A uint32 that differs for every step and micro-batch. */
  readonly seed: number;
}

interface RunOptions {
  readonly documents?: tf.Tensor2D | undefined;
  /** One per row, which the ids continue. */
  readonly states?: readonly KvCaches[] | undefined;
  /** How many of the ids of each row count, with states. @default all */
  readonly lengths?: readonly number[] | undefined;
  readonly training?: TrainingStep | undefined;
  /** Told the gates of all routers, averaged. */
  readonly gates?: GateProbe | undefined;
}

/**
 * The states below the head, and the sum of the routers' load-balancing terms, each 1 if its experts are used evenly.
 *
 * @param ids int32 `[B, T]`
 */
export function mixtureStates(
  model: MixtureModel,
  ids: tf.Tensor2D,
  options: RunOptions = {},
): { states: tf.Tensor3D; balance: tf.Scalar } {
  const { config, weights } = model;
  const pass = continuePass(config, ids.shape[1], options.states, options.documents);
  let h = embed(weights, ids);
  let balance: tf.Tensor = tf.scalar(0);
  const gates: tf.Tensor2D[] = [];
  for (let layer = 0; layer < config.layers; layer++) {
    // As in a decoder, intermediate tensors of a layer are freed with it.
    const [next, more, ...told] = tf.tidy(() => mixtureLayer(model, layer, h, pass, options));
    h = next;
    balance = tf.add(balance, more);
    gates.push(...told);
  }
  options.gates?.(0, tf.mean(tf.stack(gates), 0));
  options.states?.forEach((state, row) => state.advance(options.lengths?.[row] ?? ids.shape[1]));
  return { states: h, balance: balance as tf.Scalar };
}

function mixtureLayer(
  { config, mixture, weights, routeTokens }: MixtureModel,
  layer: number,
  h: tf.Tensor3D,
  pass: Pass,
  { states, training, gates }: RunOptions,
): [tf.Tensor3D, tf.Tensor, ...tf.Tensor2D[]] {
  const [B, T, d] = h.shape;
  const flat = (x: tf.Tensor) => x.reshape([B * T, d]) as tf.Tensor2D;
  const whole = (x: tf.Tensor) => x.reshape([B, T, d]) as tf.Tensor3D;
  const caches = (i: number): readonly KvCache[] | undefined => states?.map(({ caches }) => caches[i]!);
  const norm = (name: string, x: tf.Tensor) =>
    rmsNorm(x, weights[`model.layers.${layer}.${name}.weight`]!, config.normEps);
  const balances: tf.Tensor[] = [];
  const told: tf.Tensor2D[] = [];
  /** The output of the block's experts on `x`, `[B·T, d]`, mixed by its router. */
  const mixed = (block: Block, routing: MixtureConfig["routing"], x: tf.Tensor2D, run: typeof expert) => {
    const seed = training === undefined ? 0 : hash32(training.seed, "route", layer, block);
    const draw = training === undefined ? undefined : { seed, temperature: gumbelTemperature(training.step) };
    const products = linear(x, weights[routerName(layer, block)]!) as tf.Tensor2D;
    const logits = mixture.bias ? tf.add(products, weights[biasName(layer, block)]!) as tf.Tensor2D : products;
    const routes = (block === "mlp" ? routeTokens?.(logits) : undefined) ?? route(routing, logits, draw);
    balances.push(loadBalance(routes));
    if (gates !== undefined) told.push(routes.gates);
    return mixExperts(x, routes, (i, rows) => {
      const y = run(i, rows);
      return mixture.adapters ? tf.add(y, linear(y, weights[adapterName(layer, block, i)]!)) : y;
    });
  };
  const expert = (i: number, y: tf.Tensor2D) => feedForward(weights, expertPrefix(layer, "mlp", i), y) as tf.Tensor2D;

  const x = norm("input_layernorm", h) as tf.Tensor3D;
  const attended = mixedBlocks(mixture).includes("self_attn")
    // Mixed softly, because each expert needs the keys and values of all tokens.
    ? mixed(
      "self_attn",
      "soft",
      flat(x),
      (i) => flat(attention(config, weights, expertPrefix(layer, "self_attn", i), x, pass, layer, caches(i))),
    )
    : flat(attention(config, weights, `model.layers.${layer}.self_attn.`, x, pass, layer, caches(0)));
  const middle = tf.add(h, whole(attended)) as tf.Tensor3D;
  const y = flat(norm("post_attention_layernorm", middle));
  const fed = mixed("mlp", mixture.routing, y, expert);
  return [tf.add(middle, whole(fed)), balances.reduce((a, b) => tf.add(a, b)), ...told];
}

/** A mixture's logits, `[B, T, vocab]`, for ids `[B, T]`. */
export function mixtureForward(
  model: MixtureModel,
  ids: tf.Tensor2D,
  { last, ...options }: RunOptions & LogitsOptions = {},
): tf.Tensor3D {
  return head(model.config, model.weights, wanted(mixtureStates(model, ids, options).states, last, options.lengths));
}

/** A mixture as a language model, in evaluation mode. */
export function mixtureLanguageModel(model: MixtureModel): LanguageModel {
  const { config, mixture, models } = model;
  return {
    vocabSize: config.vocabSize,
    contextLength: config.contextLength,
    logits: (ids, states, options = {}) =>
      tf.tidy(() => mixtureForward(model, ids, { ...options, states: states as readonly KvCaches[] | undefined })),
    // One cache for averaged attention, or one per attention expert.
    decodingState: () => {
      const caches = mixture.attention === "experts" ? models : 1;
      return new KvCaches(Array.from({ length: caches }, () => new KvCache(kvShape(config))));
    },
    promptAtOnce: dependsOnCalls(config),
    gates: [{
      title: "mean of all routers",
      models: Array.from({ length: models }, (_, i) => i),
      shares: true,
    }],
  };
}
