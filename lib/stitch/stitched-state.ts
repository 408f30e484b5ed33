// What a stitched model remembers of a sequence: a cache per model, and which experts take no part.
import * as tf from "@tensorflow/tfjs";
import { type KvCache, KvCaches } from "../model/mod.ts";
import { rowInvariant } from "../tensor/mod.ts";
import { onlyExperts } from "./apart.ts";
import { type MissedTokens, readMissed } from "./missed-tokens.ts";
import type { StitchedModel } from "./stitched-model.ts";

/** Added to the gate logits of an expert that is switched off: its share is exactly 0. */
const EXCLUDED = -1e9;

/**
 * The caches of a sequence, with the experts, counted from 1, that are switched off in it, and those that rest. An expert
 * that is switched off runs, and its gates are 0: the others' sum to 1 without it. One that rests does not run until it
 * comes back.
 */
export class StitchedState extends KvCaches {
  readonly without: readonly number[];
  readonly #model: StitchedModel;
  #resting: readonly number[] = [];
  /** What the experts that rest have not read, in order. */
  #missed: readonly MissedTokens[] = [];

  constructor(model: StitchedModel, caches: readonly KvCache[], without: readonly number[] = []) {
    super(caches);
    this.#model = model;
    this.without = without;
  }

  /** Experts that rest, ascending. */
  get resting(): readonly number[] {
    return this.#resting;
  }

  override bytes(length = this.length): number {
    const { config: { width }, places } = this.#model;
    const missed = this.#missed.reduce((sum, { length }) => sum + length, 0);
    return super.bytes(length) + 4 * missed * width * (places.length - 1);
  }

  /** Another state that nobody rests in: those that rest come back here, too. */
  override fork(length: number): StitchedState {
    this.rest([]);
    return new StitchedState(this.#model, super.fork(length).caches, this.without);
  }

  override dispose(): void {
    super.dispose();
    this.#forget(Infinity);
    this.#resting = [];
  }

  /** Lets these experts rest from the next token on. Others that rested read what they missed. */
  rest(experts: readonly number[]): void {
    for (const expert of this.#resting) {
      if (experts.includes(expert)) continue;
      const cache = this.caches[expert]!;
      rowInvariant(() => readMissed(onlyExperts(this.#model, [expert]), this.#missed, cache));
    }
    this.#resting = [...new Set(experts)].sort((a, b) => a - b);
    this.#forget(Math.min(...this.#resting.map((expert) => this.caches[expert]!.length)));
  }

  /** This state as one of the stitched model without the experts that rest. */
  awake(): StitchedState {
    const experts = this.#model.experts.map((_, i) => i + 1).filter((expert) => !this.#resting.includes(expert));
    const without = this.without.flatMap((expert) => experts.includes(expert) ? experts.indexOf(expert) + 1 : []);
    return new StitchedState(onlyExperts(this.#model, experts), [0, ...experts].map((i) => this.caches[i]!), without);
  }

  /** Keeps tokens that the hub has just read for the experts that rest. The state disposes them. */
  miss(tokens: MissedTokens): void {
    this.#missed = [...this.#missed, tokens];
  }

  /** Frees what lies before position `from`. */
  #forget(from: number): void {
    const isOld = ({ start, length }: MissedTokens) => start + length <= from;
    for (const { ids, hub } of this.#missed.filter(isOld)) tf.dispose([ids, [...hub]]);
    this.#missed = this.#missed.filter((one) => !isOld(one));
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
