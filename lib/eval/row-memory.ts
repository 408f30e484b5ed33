// What rows cost several models, token by token, so that what is made of the models need not run them again.
import type { EvaluationOptions } from "./types.ts";

/** Losses of rows under each of several models. */
export interface RowMemory {
  /** For the evaluation of the model of this place: keeps what every row costs it. */
  record(model: number): NonNullable<EvaluationOptions["onRow"]>;
  /** The losses of a row under every model, in their order; undefined while one is missing. */
  recall(tokens: Int32Array): readonly Float32Array[] | undefined;
}

/** An empty memory for so many models. */
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
