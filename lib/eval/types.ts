// What an evaluated model must be able to do, whatever it is made of; and what evaluating it takes.
export type { DecodingState, LanguageModel } from "../model/mod.ts";

/** How to run an evaluation. */
export interface EvaluationOptions {
  /** Rows a batch. @default 8 */
  readonly batch?: number;
  /** Stops between two batches by throwing its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each batch with the rows done so far and the rows in all. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called with every row that was run and what each of its tokens but the first cost, in nats. */
  readonly onRow?: ((tokens: Int32Array, losses: Float32Array) => void) | undefined;
  /**
   * What each token of a row but the first costs, in nats, where that is known without running the model; `from` is the
   * first that is scored.
   */
  readonly known?: ((tokens: Int32Array, from: number) => ArrayLike<number> | undefined) | undefined;
}
