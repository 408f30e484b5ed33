// All rows that several training phases saw, once each, in a new random order.
import { UserError } from "../../errors.ts";
import { hash32 } from "../../random.ts";
import { permute } from "./permute.ts";
import type { Batch } from "../types.ts";

/** The rows that one phase saw. */
export interface SeenRows {
  readonly steps: number;
  /** Rows per batch. */
  readonly batch: number;
  /** The batch of a step, counted from 0; a pure function. */
  readonly batchAt: (step: number) => Batch;
}

/** Total number of rows that the phases saw. */
export function unionRows(sources: readonly Pick<SeenRows, "steps" | "batch">[]): number {
  return sources.reduce((sum, { steps, batch }) => sum + steps * batch, 0);
}

/**
 * The batch of a step in a phase that sees everything the `sources` saw: each row of each source once, in a random order
 * that depends on the seed, then the same order again. A pure function of its arguments.
 *
 * @param choice.step from 0
 * @param choice.batch rows
 * @throws UserError `data.union` when there are no rows, or rows of different lengths
 */
export function unionBatchAt(
  sources: readonly SeenRows[],
  { seed, step, batch }: { readonly seed: number; readonly step: number; readonly batch: number },
): Batch {
  const total = unionRows(sources);
  if (total === 0) throw new UserError("data.union", "Cannot draw from an empty union of rows");
  const rows = Array.from({ length: batch }, (_, i) => {
    const place = (step * batch + i) % total;
    return rowAt(sources, permute(place, total, (round, half) => hash32(seed, "union", round, half)));
  });
  const { time } = rows[0]!;
  const other = rows.find((row) => row.time !== time);
  if (other !== undefined) {
    throw new UserError("data.union", `Cannot put rows of ${time} and of ${other.time} tokens into one batch`);
  }
  const joined = (key: "inputs" | "targets" | "documents") => {
    const values = new Int32Array(batch * time);
    rows.forEach((row, i) => values.set(row[key], i * time));
    return values;
  };
  return { batch, time, inputs: joined("inputs"), targets: joined("targets"), documents: joined("documents") };
}

/** The `index`-th row, counting through the sources in order. */
function rowAt(sources: readonly SeenRows[], index: number): Omit<Batch, "batch"> {
  let left = index;
  for (const { steps, batch, batchAt } of sources) {
    if (left >= steps * batch) {
      left -= steps * batch;
      continue;
    }
    const { time, inputs, targets, documents } = batchAt(Math.floor(left / batch));
    const from = (left % batch) * time;
    const cut = (values: Int32Array) => values.subarray(from, from + time);
    return { time, inputs: cut(inputs), targets: cut(targets), documents: cut(documents) };
  }
  throw new RangeError(`No row ${index} in the union`);
}
