// Llama 3's scaling of the rotary embedding: GGUF files list a divisor for each frequency, Hugging Face's folders the four
// numbers that it follows from.
import type { ModelConfig } from "../model/mod.ts";
import { ropeFrequencies } from "../tensor/mod.ts";

/** Scaling of Llama 3's kind, as the decoder's configuration states it. */
export type Llama3Rope = Extract<ModelConfig["ropeScaling"], { type: "llama3" }>;

/** Difference of multipliers that float32 arithmetic explains. */
const ROUNDING = 3e-6;

/** What each frequency is multiplied by, `[headSize / 2]`; as in transformers' `_compute_llama3_parameters`. */
export function llama3Multipliers(rope: Llama3Rope, headSize: number, theta: number): number[] {
  const { factor, lowFrequency: low, highFrequency: high, originalContext: original } = rope;
  return turnsPerToken(headSize, theta).map((turns) => {
    const smooth = (original * turns - low) / (high - low);
    return smooth >= 1 ? 1 : smooth <= 0 ? 1 / factor : (1 - smooth) / factor + smooth;
  });
}

/**
 * The scaling with these divisors; undefined if there is none. Several choices of the four numbers give the same divisors;
 * the lower bound is taken to be 1, as in Meta's models.
 *
 * @param divisors `[headSize / 2]`, not all 1
 */
export function llama3Rope(divisors: Float32Array, headSize: number, theta: number): Llama3Rope | undefined {
  const factor = divisors.reduce((a, b) => Math.max(a, b));
  if (divisors.length !== headSize / 2 || !(factor > 1) || !Number.isFinite(factor)) return undefined;
  const turns = turnsPerToken(headSize, theta);
  const multipliers = Array.from(divisors, (divisor) => 1 / divisor);
  // How far a frequency is from being divided, 0, to staying, 1: linear in its turns.
  const smooth = multipliers.map((multiplier) => (multiplier - 1 / factor) / (1 - 1 / factor));
  const between = smooth.flatMap((s, i) => s > 1e-4 && s < 1 - 1e-4 ? [i] : []);
  const first = between[0] ?? smooth.findLastIndex((s) => s >= 1 - 1e-4);
  const last = between.length > 1 ? between.at(-1)! : smooth.findIndex((s) => s <= 1e-4);
  if (first < 0 || last < 0) return undefined;
  let original: number, high: number;
  if (between.length > 1) {
    const slope = (smooth[first]! - smooth[last]!) / (turns[first]! - turns[last]!);
    const offset = smooth[first]! - slope * turns[first]!;
    original = Math.round(-slope / offset);
    high = Math.round((1 - 1 / offset) * 1000) / 1000;
  } else {
    // One frequency or none between the bounds: any bound between its neighbors will do.
    original = Math.round(1 / Math.sqrt(turns[first]! * turns[last]!));
    high = 1 + (original * turns[first]! - 1) / (between.length === 1 ? smooth[first]! : 2);
  }
  const rope: Llama3Rope = { type: "llama3", factor, originalContext: original, lowFrequency: 1, highFrequency: high };
  if (!(original >= 1 && high > 1)) return undefined;
  const same = llama3Multipliers(rope, headSize, theta).every((multiplier, i) =>
    Math.abs(multiplier - multipliers[i]!) < ROUNDING
  );
  return same ? rope : undefined;
}

/** Turns of each pair of a head per token. */
function turnsPerToken(headSize: number, theta: number): number[] {
  return ropeFrequencies(headSize, theta).map((frequency) => frequency / (2 * Math.PI));
}
