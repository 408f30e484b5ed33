// Remembers the losses of rows under several models, so that an ensemble of them need not run them again.
import type { EvaluationOptions } from "./types.ts";

/** Losses of rows, token by token, under each of several models. */
export interface RowMemory {
  /** Returns an `onRow` for the evaluation of the model with this index, which remembers the losses. */
  record(model: number): NonNullable<EvaluationOptions["onRow"]>;
  /** The losses of a row under each model, in order; undefined if one is missing. */
  recall(tokens: Int32Array): readonly Float32Array[] | undefined;
}

/** An empty memory for this number of models. */
export function rowMemory(models: number): RowMemory {
  const rows = new Map<string, (Float32Array | undefined)[]>();
  return {
    record: (model) => (tokens, losses) => {
      const key = tokens.join();
      const known = rows.get(key) ?? Array<undefined>(models).fill(undefined);
      known[model] = losses;
      rows.set(key, known);
    },
    recall(tokens) {
      const known = rows.get(tokens.join()) ?? [undefined];
      return known.every((losses) => losses !== undefined) ? known : undefined;
    },
  };
}
