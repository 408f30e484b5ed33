// Decoding states for the rows of a batch.
import type { DecodingState, LanguageModel } from "../lib/model/mod.ts";

/** Empty states, one for each of `count` rows. */
export function statesOf(model: LanguageModel, count: number): DecodingState[] {
  return Array.from({ length: count }, () => model.decodingState());
}

export function disposeAll(states: readonly DecodingState[]): void {
  for (const state of states) state.dispose();
}
