// Expert routing: one model for the whole sequence, chosen by a linear layer from the mean embedding of the prompt.
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../errors.ts";
import { type DecodingState, type HostTensor, type LanguageModel, tokenLosses } from "../../model/mod.ts";
import { crossEntropy, embedding, linear, rmsNorm } from "../../tensor/mod.ts";
import { readNow } from "../read-now.ts";
import { checkLength } from "./btm.ts";

/** Prefixes that a router is trained on have this many tokens, or what the context holds if that is less. */
export const ROUTING_PREFIX = { shortest: 32, longest: 256 } as const;

/** Name of a router's one parameter, `[models, d]`. */
export const ROUTER = "router.weight";

/** A router that has learnt nothing: all models alike, so that the first one is chosen. */
export function initialRouter(models: number, width: number): Readonly<Record<string, HostTensor>> {
  return { [ROUTER]: { shape: [models, width], data: new Float32Array(models * width) } };
}

/** Models of one vocabulary and what chooses among them. */
export interface RoutedModel {
  readonly models: readonly LanguageModel[];
  /** The embedding table that prompts are read with, `[vocab, d]`: the seed's. */
  readonly table: tf.Tensor2D;
  /** `[models, d]` */
  readonly router: tf.Tensor2D;
}

/**
 * The mean embedding of prompts, `[B, d]`.
 *
 * @param ids int32 `[B, T]`
 * @param read float32 `[B, T]`: 1 for tokens of the prompt, 0 for others; at least one a row
 */
export function promptFeatures(table: tf.Tensor2D, ids: tf.Tensor2D, read: tf.Tensor2D): tf.Tensor2D {
  const weights = tf.div(read, tf.sum(read, 1, true)).reshape([...ids.shape, 1]);
  return tf.sum(tf.mul(embedding(table, ids), weights), 1) as tf.Tensor2D;
}

/**
 * The router's loss: cross-entropy, in nats, of naming the model with the least loss. It learns from features of one
 * size, since embeddings are small and their means smaller; which product is the largest does not depend on the size.
 */
export function routerLoss(router: tf.Tensor2D, features: tf.Tensor2D, best: tf.Tensor1D): tf.Scalar {
  const unit = rmsNorm(features, tf.ones([features.shape[1]]), 1e-12);
  return tf.mean(crossEntropy(linear(unit, router) as tf.Tensor2D, best));
}

/**
 * The model that loses least on each row, int32 `[B]`; the first of equals.
 *
 * @param losses of each model, float32 `[B, T]`
 */
export function leastLoss(losses: readonly tf.Tensor2D[]): tf.Tensor1D {
  return tf.cast(tf.argMin(tf.stack(losses.map((loss) => tf.sum(loss, 1)), 1), 1), "int32") as tf.Tensor1D;
}

/**
 * The routed models as one.
 *
 * What the prompt is: in decoding, the tokens of the first call; in `losses`, the tokens up to the first that counts.
 * A text that nothing precedes has no prompt: the first model reads it until {@linkcode ROUTING_PREFIX}.shortest tokens are
 * there to choose by, and the chosen one goes on, as it does in `logits` without a state. So no model is ever chosen
 * by a token that it is to predict.
 *
 * @throws UserError `merge.vocab` when vocabularies differ, `merge.routing` when the router has another shape
 */
export function routedLanguageModel(routed: RoutedModel): LanguageModel {
  const { models, table, router } = routed;
  const vocabSize = table.shape[0];
  if (models.some((model) => model.vocabSize !== vocabSize)) {
    throw new UserError(
      "merge.vocab",
      "Cannot route between models of different vocabularies: they must share one tokenizer",
    );
  }
  if (router.shape[0] !== models.length || router.shape[1] !== table.shape[1]) {
    throw new UserError(
      "merge.routing",
      `The router is [${router.shape}], but ${models.length} models of width ${table.shape[1]} need ` +
        `[${models.length},${table.shape[1]}]`,
    );
  }
  const contextLength = Math.min(...models.map((model) => model.contextLength));
  return {
    vocabSize,
    contextLength,
    decodingState: () => new RoutedState(models),
    logits: (ids, state) => {
      checkLength(ids.shape[1] + (state?.length ?? 0), contextLength);
      return tf.tidy(() => state === undefined ? textLogits(routed, ids) : (state as RoutedState).read(routed, ids));
    },
    losses: (ids, targets) => tf.tidy(() => routedLosses(routed, ids, targets)),
  };
}

/** The chosen model of each row, int32 `[B]`, by the tokens that `read` marks. */
function choose({ table, router }: RoutedModel, ids: tf.Tensor2D, read: tf.Tensor2D): tf.Tensor1D {
  return tf.argMax(linear(promptFeatures(table, ids, read), router), 1) as tf.Tensor1D;
}

/** Rows of a batch that go through one model. */
interface Group {
  readonly model: number;
  readonly rows: readonly number[];
}

/** Rows by the model that was chosen for them; where the choice cannot be read at once, every model gets all rows. */
function groupsOf(choice: tf.Tensor1D, models: number): readonly Group[] | undefined {
  const chosen = readNow(choice);
  if (chosen === undefined) return undefined;
  const rowsOf = (model: number) => Array.from(chosen.keys()).filter((row) => chosen[row] === model);
  return Array.from({ length: models }, (_, model) => ({ model, rows: rowsOf(model) }))
    .filter(({ rows }) => rows.length > 0);
}

/** `[B, T, V]`, each row from its own group. */
function assemble(groups: readonly Group[], parts: readonly tf.Tensor3D[]): tf.Tensor3D {
  if (groups.length === 1) return parts[0]!;
  const order = groups.flatMap(({ rows }) => rows);
  const places = Int32Array.from(order, (_, row) => order.indexOf(row));
  return tf.gather(tf.concat([...parts], 0), tf.tensor1d(places, "int32")) as tf.Tensor3D;
}

/** `[B, T, V]`, each row from the model chosen for it. */
function select(choice: tf.Tensor1D, parts: readonly tf.Tensor3D[]): tf.Tensor3D {
  const wanted = tf.oneHot(choice, parts.length, 1, 0, "float32"); // [B, models]
  return parts.map((part, j) => tf.mul(part, tf.slice(wanted, [0, j], [-1, 1]).reshape([-1, 1, 1])))
    .reduce((a, b) => tf.add(a, b)) as tf.Tensor3D;
}

/** The state of the models that were chosen by the first call, each for its rows. */
class RoutedState implements DecodingState {
  length = 0;
  #models: readonly LanguageModel[];
  #choice: tf.Tensor1D | undefined;
  #groups: readonly Group[] | undefined;
  #states: readonly DecodingState[] = [];

  constructor(models: readonly LanguageModel[]) {
    this.#models = models;
  }

  /** Logits of the next tokens; the first call chooses. */
  read(routed: RoutedModel, ids: tf.Tensor2D): tf.Tensor3D {
    if (this.#choice === undefined) this.#begin(choose(routed, ids, tf.ones(ids.shape)));
    const groups = this.#groups;
    const all = groups ?? this.#models.map((_, model) => ({ model, rows: [] }));
    const parts = all.map(({ model, rows }, at) => {
      const whole = groups === undefined || groups.length === 1;
      const own = whole ? ids : tf.gather(ids, tf.tensor1d([...rows], "int32"));
      return this.#models[model]!.logits(own as tf.Tensor2D, this.#states[at]);
    });
    this.length += ids.shape[1];
    return groups === undefined ? select(this.#choice!, parts) : assemble(groups, parts);
  }

  #begin(choice: tf.Tensor1D): void {
    this.#choice = tf.keep(choice);
    this.#groups = groupsOf(choice, this.#models.length);
    const used = this.#groups?.map(({ model }) => this.#models[model]!) ?? this.#models;
    this.#states = used.map((model) => model.decodingState());
  }

  dispose(): void {
    for (const state of this.#states) state.dispose();
    this.#choice?.dispose();
  }
}

/** A text without a prompt: the first model until there is enough to choose by, then the chosen one. */
function textLogits(routed: RoutedModel, ids: tf.Tensor2D): tf.Tensor3D {
  const [B, T] = ids.shape;
  const first = routed.models[0]!;
  if (T < ROUTING_PREFIX.shortest) return first.logits(ids);
  const early = ROUTING_PREFIX.shortest - 1;
  const state = new RoutedState(routed.models);
  const prefix = tf.slice(ids, [0, 0], [B, ROUTING_PREFIX.shortest]);
  const read = state.read(routed, prefix); // of these only the last position is the chosen model's to speak at
  const chosen = tf.slice(read, [0, early, 0], [B, 1, -1]);
  const begun = first.logits(tf.slice(ids, [0, 0], [B, early]));
  const rest = T === ROUTING_PREFIX.shortest
    ? []
    : [state.read(routed, tf.slice(ids, [0, ROUTING_PREFIX.shortest], [B, T - ROUTING_PREFIX.shortest]))];
  state.dispose();
  return tf.concat([begun, chosen, ...rest], 1) as tf.Tensor3D;
}

/** 1 where a condition holds, 0 elsewhere. */
const indicator = (condition: tf.Tensor) => tf.where(condition, 1, 0);

function routedLosses(routed: RoutedModel, ids: tf.Tensor2D, targets: tf.Tensor2D): tf.Tensor2D {
  const [B, T] = ids.shape;
  const n = routed.models.length;
  const counted = indicator(tf.greaterEqual(targets, 0));
  const prompt = indicator(tf.equal(tf.cumsum(counted, 1, true), 0)); // before anything that counts
  const hasPrompt = indicator(tf.greater(tf.sum(prompt, 1, true), 1)); // [B, 1]: more than the first token
  const place = tf.range(0, T).reshape([1, T]);
  const prefix = indicator(tf.less(place, ROUTING_PREFIX.shortest));
  const read = tf.add(tf.mul(prompt, hasPrompt), tf.mul(prefix, tf.sub(1, hasPrompt))) as tf.Tensor2D;
  const choice = choose(routed, ids, read);
  const ready = indicator(tf.greaterEqual(place, ROUTING_PREFIX.shortest - 1)); // where a text without prompt goes over
  const byChoice = tf.maximum(ready, hasPrompt).reshape([B, T, 1]); // [B, T, 1]
  const speakers = tf.add(
    tf.mul(byChoice, tf.oneHot(choice, n, 1, 0, "float32").reshape([B, 1, n])),
    tf.mul(tf.sub(1, byChoice), tf.oneHot(tf.zeros([1], "int32"), n, 1, 0, "float32").reshape([1, 1, n])),
  ); // [B, T, n]
  const losses = tf.stack(routed.models.map((model) => tokenLosses(model, ids, targets)), 2);
  return tf.sum(tf.mul(losses, speakers), 2) as tf.Tensor2D;
}
