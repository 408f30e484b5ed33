// How long a method takes to generate a token.
import { mostLikelyNext } from "../generate.ts";
import type { Measure, Subject } from "./measure.ts";

/** Tokens of held-out text to continue. */
const PROMPT = 4;
/** Tokens generated before timing, so that kernels are compiled and buffers exist. */
const WARM_UP = 4;
/** Tokens timed. */
const TIMED = 32;
/** Tokens that measuring the latency runs through a model. */
export const DECODED_TOKENS = PROMPT + WARM_UP + TIMED;

/**
 * Milliseconds per token of greedy generation with the key-value cache, for one sequence: the median over tokens after a
 * warm-up. It depends on the machine and its load. Samples are tokens; fewer than planned if the context is short.
 */
export const decodingLatency: Measure = {
  name: "decoding-latency",
  title: "ms per token",
  table: "Decoding latency, milliseconds per token of one sequence",
  format: "number",
  digits: 2,
  section: "cost",
  better: "lower",
  chance: null,
  machineDependent: true,
  groups: [""],
  async measure(subject) {
    const times = (await tokenTimes(subject)).sort((a, b) => a - b);
    if (times.length === 0) return [];
    const middle = times.length >> 1;
    const value = times.length % 2 === 1 ? times[middle]! : (times[middle - 1]! + times[middle]!) / 2;
    return [{ group: "", value, interval: null, samples: times.length }];
  },
};

/** The time of each token after the warm-up, in milliseconds. */
async function tokenTimes({ model, set, options }: Subject): Promise<number[]> {
  const [window] = Object.values(set.windows).flat();
  let ids = [...window!.tokens.subarray(0, PROMPT)];
  const steps = Math.min(WARM_UP + TIMED, model.contextLength - ids.length);
  const state = model.decodingState();
  const times: number[] = [];
  try {
    for (let step = 0; step < steps; step++) {
      options.signal?.throwIfAborted();
      const began = performance.now();
      ids = await mostLikelyNext(model, ids, [state]);
      if (step >= WARM_UP) times.push(performance.now() - began);
    }
  } finally {
    state.dispose();
  }
  return times;
}
