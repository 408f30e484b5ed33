// The interface of an evaluated model, and the options of an evaluation.
export type { DecodingState, LanguageModel } from "../model/mod.ts";

/** The most likely next token at each position of a row. */
export interface TopPredictions {
  /** Its id. */
  readonly ids: Int32Array;
  /** Its probability. */
  readonly confidence: Float32Array;
}

/** How to run an evaluation. */
export interface EvaluationOptions {
  /** Rows per batch. @default 8 */
  readonly batch?: number;
  /** Stops the evaluation between batches by throwing the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each batch with the number of rows done and in total. */
  readonly onProgress?: (done: number, total: number) => void;
  /**
   * Called with every row that was run and the losses of its tokens after the first, in nats; for held-out text also with
   * the most likely tokens in their place.
   */
  readonly onRow?: ((tokens: Int32Array, losses: Float32Array, tops?: TopPredictions) => void) | undefined;
  /**
   * Returns the losses of a row's tokens after the first, in nats, if they are known without running the model. `from` is
   * the index of the first scored token.
   */
  readonly knownLosses?: ((tokens: Int32Array, from: number) => ArrayLike<number> | undefined) | undefined;
  /**
   * Returns the most likely tokens of rows whose losses are known, scored from their second token on. Left out: measures
   * that need them are not made for these rows.
   */
  readonly knownTops?: ((rows: readonly Int32Array[]) => Promise<readonly TopPredictions[]>) | undefined;
}
