// Remembers the losses of rows under several models, so that an ensemble of them need not run them again.
import type { EvaluationOptions, TopPredictions } from "./types.ts";

/** Losses of rows, token by token, under each of several models. */
export interface RowMemory {
  /** Returns an `onRow` for the evaluation of the model with this index, which remembers the losses. */
  record(model: number): NonNullable<EvaluationOptions["onRow"]>;
  /** The losses of a row under each model, in order; undefined if one is missing. */
  recall(tokens: Int32Array): readonly Float32Array[] | undefined;
  /** The most likely tokens of a row under each model, in order; undefined if one is missing. */
  recallTops(tokens: Int32Array): readonly TopPredictions[] | undefined;
}

interface Remembered {
  readonly losses: Float32Array;
  readonly tops: TopPredictions | undefined;
}

/** An empty memory for this number of models. */
export function rowMemory(models: number): RowMemory {
  const rows = new Map<string, (Remembered | undefined)[]>();
  const all = <Part>(tokens: Int32Array, part: (row: Remembered) => Part | undefined): Part[] | undefined => {
    const known = (rows.get(tokens.join()) ?? [undefined]).map((row) => row && part(row));
    return known.every((one) => one !== undefined) ? known as Part[] : undefined;
  };
  return {
    record: (model) => (tokens, losses, tops) => {
      const key = tokens.join();
      const known = rows.get(key) ?? Array<undefined>(models).fill(undefined);
      known[model] = { losses, tops };
      rows.set(key, known);
    },
    recall: (tokens) => all(tokens, ({ losses }) => losses),
    recallTops: (tokens) => all(tokens, ({ tops }) => tops),
  };
}
