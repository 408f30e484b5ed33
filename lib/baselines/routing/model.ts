// Expert routing: a linear layer chooses one model for the whole sequence from the prompt's mean embedding.
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../errors.ts";
import { checkLength } from "../../merge/mod.ts";
import {
  type DecodingState,
  type GateProbe,
  type HostTensor,
  type LanguageModel,
  type LogitsOptions,
  tokenLosses,
} from "../../model/mod.ts";
import { crossEntropy, embedding, linear, rmsNorm, weightShape } from "../../tensor/mod.ts";
import { readNow } from "../read-now.ts";

/** Tokens in the prefixes that a router is trained on, or the context length if that is less. */
export const ROUTING_PREFIX = { shortest: 32, longest: 256 } as const;

/** Name of a router's only parameter, `[models, d]`. */
export const ROUTER = "router.weight";

/** An untrained router: all models score 0, so the first is chosen. */
export function initialRouter(models: number, width: number): Readonly<Record<string, HostTensor>> {
  return { [ROUTER]: { shape: [models, width], data: new Float32Array(models * width) } };
}

/** Models with one vocabulary, and the router that chooses among them. */
export interface RoutedModel {
  readonly models: readonly LanguageModel[];
  /** The embedding table for prompts, `[vocab, d]`: the seed's. */
  readonly table: tf.Tensor2D;
  /** `[models, d]` */
  readonly router: tf.Tensor2D;
}

/**
 * The mean embedding of prompts, `[B, d]`.
 *
 * @param ids int32 `[B, T]`
 * @param read float32 `[B, T]`: 1 for tokens of the prompt, 0 for others; at least one 1 per row
 */
export function promptFeatures(table: tf.Tensor2D, ids: tf.Tensor2D, read: tf.Tensor2D): tf.Tensor2D {
  const weights = tf.div(read, tf.sum(read, 1, true)).reshape([...ids.shape, 1]);
  return tf.sum(tf.mul(embedding(table, ids), weights), 1) as tf.Tensor2D;
}

/**
 * The router's loss: cross-entropy in nats, where the label is the model with the least loss. Features are normalized
 * because mean embeddings are small; their scale does not change which model has the largest dot product.
 */
export function routerLoss(router: tf.Tensor2D, features: tf.Tensor2D, best: tf.Tensor1D): tf.Scalar {
  const unit = rmsNorm(features, tf.ones([features.shape[1]]), 1e-12);
  return tf.mean(crossEntropy(linear(unit, router) as tf.Tensor2D, best));
}

/**
 * The model with the least loss on each row, int32 `[B]`; the first among equals.
 *
 * @param losses of each model, float32 `[B, T]`
 */
export function leastLoss(losses: readonly tf.Tensor2D[]): tf.Tensor1D {
  return tf.cast(tf.argMin(tf.stack(losses.map((loss) => tf.sum(loss, 1)), 1), 1), "int32") as tf.Tensor1D;
}

/**
 * The routed models as one language model.
 *
 * The prompt is, in decoding, the tokens of the first call; in `losses`, the tokens before the first scored one. A text
 * without a prompt starts with the first model; after {@linkcode ROUTING_PREFIX}.shortest tokens the router chooses the
 * model for the rest, as it does in `logits` without a state. So no model is chosen by a token that it predicts.
 *
 * @throws UserError `merge.vocab` when vocabularies differ, `merge.routing` when the router has another shape
 */
export function routedLanguageModel(routed: RoutedModel): LanguageModel {
  const { models, table, router } = routed;
  const [vocabSize, width] = weightShape(table) as [number, number];
  if (models.some((model) => model.vocabSize !== vocabSize)) {
    throw new UserError(
      "merge.vocab",
      "Cannot route between models with different vocabularies: they must share one tokenizer",
    );
  }
  if (router.shape[0] !== models.length || router.shape[1] !== width) {
    throw new UserError(
      "merge.routing",
      `The router is [${router.shape}], but ${models.length} models of width ${width} need ` +
        `[${models.length},${width}]`,
    );
  }
  const contextLength = Math.min(...models.map((model) => model.contextLength));
  return {
    vocabSize,
    contextLength,
    decodingState: () => new RoutedState(models),
    logits: (ids, states, options) => {
      for (const length of states?.map((state) => state.length) ?? [0]) {
        checkLength(ids.shape[1] + length, contextLength);
      }
      return tf.tidy(() =>
        states === undefined
          ? textLogits(routed, ids, options)
          : readStates(routed, ids, states as readonly RoutedState[], options)
      );
    },
    promptAtOnce: true,
    gates: [{ title: "choice for the whole text", models: models.map((_, i) => i), shares: true }],
    losses: (ids, targets) => tf.tidy(() => routedLosses(routed, ids, targets)),
  };
}

/** The model chosen for each row, int32 `[B]`, from the tokens that `read` marks. */
function choose({ table, router }: RoutedModel, ids: tf.Tensor2D, read: tf.Tensor2D): tf.Tensor1D {
  return tf.argMax(linear(promptFeatures(table, ids, read), router), 1) as tf.Tensor1D;
}

/** The rows of a batch that one model handles. */
interface Group {
  readonly model: number;
  readonly rows: readonly number[];
}

/** Rows grouped by their model. */
function groupsOf(chosen: readonly number[], models: number): readonly Group[] {
  const rowsOf = (model: number) => [...chosen.keys()].filter((row) => chosen[row] === model);
  return Array.from({ length: models }, (_, model) => ({ model, rows: rowsOf(model) }))
    .filter(({ rows }) => rows.length > 0);
}

/** Puts the groups' rows back in order, `[B, T, V]`. */
function assemble(groups: readonly Group[], parts: readonly tf.Tensor3D[]): tf.Tensor3D {
  if (groups.length === 1) return parts[0]!;
  const order = groups.flatMap(({ rows }) => rows);
  const places = Int32Array.from(order, (_, row) => order.indexOf(row));
  return tf.gather(tf.concat([...parts], 0), tf.tensor1d(places, "int32")) as tf.Tensor3D;
}

/** Takes each row from the model chosen for it, `[B, T, V]`. */
function select(choice: tf.Tensor1D, parts: readonly tf.Tensor3D[]): tf.Tensor3D {
  const wanted = tf.oneHot(choice, parts.length, 1, 0, "float32"); // [B, models]
  return parts.map((part, j) => tf.mul(part, tf.slice(wanted, [0, j], [-1, 1]).reshape([-1, 1, 1])))
    .reduce((a, b) => tf.add(a, b)) as tf.Tensor3D;
}

/**
 * The model that the first call chose for a sequence, and its state. Where the choice cannot be read synchronously, every
 * model reads the sequence, and the choice stays a tensor.
 */
class RoutedState implements DecodingState {
  readonly canRewind = false;
  readonly #models: readonly LanguageModel[];
  length = 0;
  /** Its index, or int32 `[1]`; undefined before the first call. */
  choice: number | tf.Tensor1D | undefined;
  /** By model; only the chosen model's if that is known. */
  states: readonly (DecodingState | undefined)[] = [];

  constructor(models: readonly LanguageModel[]) {
    this.#models = models;
  }

  choose(choice: number | tf.Tensor1D): void {
    this.choice = typeof choice === "number" ? choice : tf.keep(choice);
    const isUsed = (model: number) => typeof choice !== "number" || model === choice;
    this.states = this.#models.map((model, i) => isUsed(i) ? model.decodingState() : undefined);
  }

  bytes(length = this.length): number {
    const own = this.choice === undefined ? this.#models.map((model) => model.decodingState()) : this.states;
    const bytes = own.flatMap((state) => state === undefined ? [] : [state.bytes(length)]);
    return this.choice === undefined ? Math.max(...bytes) : bytes.reduce((a, b) => a + b);
  }

  /** Only as it is: the model was chosen by the whole prompt. */
  fork(length: number): RoutedState | undefined {
    if (length !== this.length) return undefined;
    const fork = new RoutedState(this.#models);
    fork.length = length;
    fork.choice = this.choice instanceof tf.Tensor ? tf.keep(tf.clone(this.choice)) : this.choice;
    fork.states = this.states.map((state) => state?.fork(length));
    if (fork.states.every((state, i) => (state === undefined) === (this.states[i] === undefined))) return fork;
    return void fork.dispose();
  }

  dispose(): void {
    for (const state of this.states) state?.dispose();
    if (this.choice instanceof tf.Tensor) this.choice.dispose();
    this.states = [];
    this.choice = undefined;
    this.length = 0;
  }
}

/** Logits of the next tokens of each sequence; a sequence's first call chooses its model. */
function readStates(
  routed: RoutedModel,
  ids: tf.Tensor2D,
  states: readonly RoutedState[],
  options?: LogitsOptions,
): tf.Tensor3D {
  if (states.some(({ choice }) => choice === undefined)) {
    const choices = choose(routed, ids, tf.ones(ids.shape));
    const read = readNow(choices);
    states.forEach((state, row) => {
      if (state.choice === undefined) state.choose(read?.[row] ?? tf.slice(choices, row, 1) as tf.Tensor1D);
    });
  }
  const chosen = states.map(({ choice }) => choice!);
  const isRead = chosen.every((choice) => typeof choice === "number");
  const all = [...states.keys()];
  const groups = isRead
    ? groupsOf(chosen as number[], routed.models.length)
    : routed.models.map((_, model) => ({ model, rows: all }));
  const parts = groups.map(({ model, rows }) => {
    const own = rows.length === states.length ? ids : tf.gather(ids, tf.tensor1d([...rows], "int32"));
    return routed.models[model]!.logits(own as tf.Tensor2D, rows.map((row) => states[row]!.states[model]!), options);
  });
  for (const state of states) state.length += ids.shape[1];
  if (options?.gates !== undefined) tellChoice(chosen, routed.models.length, ids.shape[1], options.gates);
  return isRead ? assemble(groups, parts) : select(tf.concat(chosen as tf.Tensor1D[], 0), parts);
}

/** The gates of a choice: 1 for the chosen model, at all positions. */
function tellChoice(chosen: readonly (number | tf.Tensor1D)[], models: number, time: number, gates: GateProbe): void {
  const choices = chosen.map((choice) => typeof choice === "number" ? tf.tensor1d([choice], "int32") : choice);
  const rows = tf.oneHot(tf.concat(choices, 0), models, 1, 0, "float32").reshape([-1, 1, models]); // [B, 1, models]
  gates(0, tf.tile(rows, [1, time, 1]).reshape([-1, models]));
}

/** Logits of a text without a prompt: the first model's until the router can choose, then the chosen model's. */
function textLogits(routed: RoutedModel, ids: tf.Tensor2D, { last = false }: LogitsOptions = {}): tf.Tensor3D {
  const [B, T] = ids.shape;
  const first = routed.models[0]!;
  if (T < ROUTING_PREFIX.shortest) return first.logits(ids, undefined, { last });
  const early = ROUTING_PREFIX.shortest - 1;
  const states = Array.from({ length: B }, () => new RoutedState(routed.models));
  const prefix = tf.slice(ids, [0, 0], [B, ROUTING_PREFIX.shortest]);
  const chosen = readStates(routed, prefix, states, { last: true }); // only its last position is the chosen model's
  const rest = T === ROUTING_PREFIX.shortest ? [] : [
    readStates(routed, tf.slice(ids, [0, ROUTING_PREFIX.shortest], [B, T - ROUTING_PREFIX.shortest]), states, {
      last,
    }),
  ];
  for (const state of states) state.dispose();
  if (last) return rest[0] ?? chosen;
  return tf.concat([first.logits(tf.slice(ids, [0, 0], [B, early])), chosen, ...rest], 1) as tf.Tensor3D;
}

/** 1 where a condition holds, 0 elsewhere. */
const indicator = (condition: tf.Tensor) => tf.where(condition, 1, 0);

function routedLosses(routed: RoutedModel, ids: tf.Tensor2D, targets: tf.Tensor2D): tf.Tensor2D {
  const [B, T] = ids.shape;
  const n = routed.models.length;
  const counted = indicator(tf.greaterEqual(targets, 0));
  const prompt = indicator(tf.equal(tf.cumsum(counted, 1, true), 0)); // before the first scored token
  const hasPrompt = indicator(tf.greater(tf.sum(prompt, 1, true), 1)); // [B, 1]: more than the first token
  const place = tf.range(0, T).reshape([1, T]);
  const prefix = indicator(tf.less(place, ROUTING_PREFIX.shortest));
  const read = tf.add(tf.mul(prompt, hasPrompt), tf.mul(prefix, tf.sub(1, hasPrompt))) as tf.Tensor2D;
  const choice = choose(routed, ids, read);
  const ready = indicator(tf.greaterEqual(place, ROUTING_PREFIX.shortest - 1)); // where a text without a prompt switches models
  const byChoice = tf.maximum(ready, hasPrompt).reshape([B, T, 1]); // [B, T, 1]
  const weights = tf.add(
    tf.mul(byChoice, tf.oneHot(choice, n, 1, 0, "float32").reshape([B, 1, n])),
    tf.mul(tf.sub(1, byChoice), tf.oneHot(tf.zeros([1], "int32"), n, 1, 0, "float32").reshape([1, 1, n])),
  ); // [B, T, n]
  const losses = tf.stack(routed.models.map((model) => tokenLosses(model, ids, targets)), 2);
  return tf.sum(tf.mul(losses, weights), 2) as tf.Tensor2D;
}
