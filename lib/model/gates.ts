// How much a language model that is made of other models takes of each of them, token by token.
import type * as tf from "@tensorflow/tfjs";

/** A place where a model weighs the models that it is made of: a stitch, an ensemble's mixture, a router. */
export interface GatePlace {
  /** For people: `stitch 2 (E2H) after layer 8`. */
  readonly title: string;
  /** The model of each column, as the whole counts them: 0 is the hub, or the seed. */
  readonly models: readonly number[];
  /** Whether the gates of a token are shares that sum to 1. */
  readonly shares: boolean;
}

/**
 * Receives the gates of a place, by its index: float32 `[batch · time, models]`, averaged over dimensions. The gates at a
 * token weigh what the models make of the text up to it, so they belong to the prediction of the next token.
 */
export type GateProbe = (place: number, gates: tf.Tensor2D) => void;
