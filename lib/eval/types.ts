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
}
