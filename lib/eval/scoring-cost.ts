// Measures the time and memory that scoring takes, on the same batch for every method.
import type { LanguageModel } from "../model/mod.ts";
import { heapBytes, watchPeak } from "../tensor/mod.ts";
import { documentLosses } from "./bits-per-byte.ts";
import type { EvaluationWindow } from "./windows.ts";

/** Cost of scoring, measured rather than computed from shapes. */
export interface ScoringCost {
  /** Median over repetitions, after a warm-up. */
  readonly tokensPerSecond: number;
  /** Peak bytes of tensors beyond those held before; null if the device cannot tell. */
  readonly bytes: number | null;
}

/** How often a batch is scored, after once that is not counted. */
export const SCORING_REPEATS = 5;

/**
 * Scores the first `batch` windows as one batch, several times.
 *
 * @param windows at least one
 */
export async function scoringCost(
  model: LanguageModel,
  windows: readonly EvaluationWindow[],
  { batch = 8, repeats = SCORING_REPEATS }: { readonly batch?: number; readonly repeats?: number } = {},
): Promise<ScoringCost> {
  const scored = windows.slice(0, batch);
  const tokens = scored.reduce((sum, { tokens }) => sum + tokens.length - 1, 0);
  const before = heapBytes()?.used;
  const peak = watchPeak();
  const seconds: number[] = [];
  for (let i = 0; i <= repeats; i++) {
    const began = performance.now();
    await documentLosses(model, scored, { batch });
    if (i > 0) seconds.push((performance.now() - began) / 1000);
  }
  const most = peak();
  return {
    tokensPerSecond: tokens / seconds.sort((a, b) => a - b)[seconds.length >> 1]!,
    bytes: most === undefined || before === undefined ? null : most - before,
  };
}
