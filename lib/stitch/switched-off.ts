// Experts that take no part in a sequence: their gates are 0, and the others' sum to 1 without them.
import * as tf from "@tensorflow/tfjs";
import { type KvCache, KvCaches } from "../model/mod.ts";

/** Added to the gate logits of an expert that is switched off: its share is exactly 0. */
const EXCLUDED = -1e9;

/** The caches of a sequence, with the experts that are switched off in it, counted from 1. */
export class StitchedState extends KvCaches {
  readonly without: readonly number[];

  constructor(caches: readonly KvCache[], without: readonly number[] = []) {
    super(caches);
    this.without = without;
  }

  override fork(length: number): StitchedState {
    return new StitchedState(super.fork(length).caches, this.without);
  }
}

/**
 * What is added to the gate logits of hub and experts at each position.
 *
 * @param models n + 1
 * @returns float32 `[B·time, models]`; undefined if nothing is switched off
 */
export function exclusions(
  states: readonly KvCaches[] | undefined,
  time: number,
  models: number,
): tf.Tensor2D | undefined {
  const off = states?.map((state) => state instanceof StitchedState ? state.without : []);
  if (off === undefined || off.every((experts) => experts.length === 0)) return undefined;
  const row = (experts: readonly number[]) =>
    Array.from({ length: models }, (_, model) => experts.includes(model) ? EXCLUDED : 0);
  return tf.tensor2d(off.flatMap((experts) => Array.from({ length: time }, () => row(experts))));
}
