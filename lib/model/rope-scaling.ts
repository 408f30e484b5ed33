// Scaled rotary embeddings: the frequencies of a model that reads longer texts than it was first trained on. The formulas are
// those of Python's transformers (modeling_rope_utils.py).
import { z } from "zod";
import { ropeFrequencies } from "../tensor/mod.ts";
import type { RopeScalingSchema } from "./inferred-types.ts";

const factor = z.number().min(1).max(1e6).describe("how much longer the text may be");
const originalContext = z.int().min(1).max(1e9).describe("context length before scaling");

/** How the frequencies of a rotary embedding are scaled. */
export const ropeScalingSchema: RopeScalingSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("linear"), factor }),
  z.strictObject({ type: z.literal("dynamic"), factor, originalContext }),
  z.strictObject({
    type: z.literal("yarn"),
    factor,
    originalContext,
    attentionFactor: z.number().positive().max(1e6).describe("factor of cosines and sines"),
    betaFast: z.number().positive().max(1e9).default(32).describe("turns above which a frequency stays"),
    betaSlow: z.number().positive().max(1e9).default(1).describe("turns below which it is divided by the factor"),
    truncate: z.boolean().default(true).describe("whether the bounds are rounded to whole dimensions"),
  }),
  z.strictObject({
    type: z.literal("llama3"),
    factor,
    originalContext,
    lowFrequency: z.number().positive().max(1e9).describe("low_freq_factor"),
    highFrequency: z.number().positive().max(1e9).describe("high_freq_factor, above lowFrequency"),
  }),
]);

export type RopeScaling = z.infer<typeof ropeScalingSchema>;

/** What a rotary embedding needs to know. */
export interface Rotary {
  readonly headSize: number;
  readonly ropeTheta: number;
  readonly ropeScaling?: RopeScaling | undefined;
}

/**
 * The angles per position of each pair of a head, `[headSize / 2]`, and the factor of cosines and sines.
 *
 * @param length tokens that the pass ends at, which `dynamic` depends on
 */
export function scaledFrequencies(
  { headSize, ropeTheta: theta, ropeScaling: scaling }: Rotary,
  length: number,
): { readonly frequencies: readonly number[]; readonly scale: number } {
  const plain = ropeFrequencies(headSize, theta);
  switch (scaling?.type) {
    case undefined:
      return { frequencies: plain, scale: 1 };
    case "linear":
      return { frequencies: plain.map((f) => f / scaling.factor), scale: 1 };
    case "dynamic":
      return { frequencies: ropeFrequencies(headSize, dynamicTheta(headSize, theta, scaling, length)), scale: 1 };
    case "yarn":
      return { frequencies: yarn(plain, theta, scaling), scale: scaling.attentionFactor };
    case "llama3":
      return { frequencies: plain.map((f) => llama3(f, scaling)), scale: 1 };
  }
}

type Of<T extends RopeScaling["type"]> = Extract<RopeScaling, { type: T }>;

/** NTK-aware scaling of the base, which grows with the text once it is longer than the original context. */
function dynamicTheta(size: number, theta: number, { factor, originalContext }: Of<"dynamic">, length: number) {
  const stretched = factor * Math.max(length, originalContext) / originalContext - (factor - 1);
  return theta * stretched ** (size / (size - 2));
}

/** Llama 3.1: long wavelengths are divided by the factor, short ones stay, and those between are interpolated. */
function llama3(frequency: number, { factor, lowFrequency: low, highFrequency: high, originalContext }: Of<"llama3">) {
  const turns = originalContext * frequency / (2 * Math.PI);
  if (turns > high) return frequency;
  if (turns < low) return frequency / factor;
  const smooth = (turns - low) / (high - low);
  return (1 - smooth) * frequency / factor + smooth * frequency;
}

/** YaRN (arXiv 2309.00071 §3.2): a ramp over the dimensions, between the frequencies that stay and those divided. */
function yarn(plain: readonly number[], theta: number, scaling: Of<"yarn">): number[] {
  const { factor, originalContext, betaFast, betaSlow, truncate } = scaling;
  const size = 2 * plain.length;
  const dimension = (turns: number) => size * Math.log(originalContext / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
  const [from, to] = [dimension(betaFast), dimension(betaSlow)];
  const low = Math.max(truncate ? Math.floor(from) : from, 0);
  const high = Math.min(truncate ? Math.ceil(to) : to, size - 1);
  const width = high === low ? 0.001 : high - low;
  return plain.map((f, i) => {
    const divided = Math.min(Math.max((i - low) / width, 0), 1);
    return divided * f / factor + (1 - divided) * f;
  });
}
