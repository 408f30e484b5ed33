// Whether two models have the same shape.
import type { ModelConfig } from "../model/mod.ts";

/**
 * How the shape of `model` differs from that of `other`: a clause with both numbers, or undefined if it does not. The
 * context length is no part of the shape.
 *
 * @param whose the other model: `the seed's`
 */
export function shapeDifference(model: ModelConfig, other: ModelConfig, whose: string): string | undefined {
  const keys = new Set([...Object.keys(model), ...Object.keys(other)] as (keyof ModelConfig)[]);
  keys.delete("contextLength");
  const different = [...keys].filter((key) => JSON.stringify(model[key]) !== JSON.stringify(other[key]));
  if (different.length === 0) return undefined;
  const named = different.map((key) =>
    `${key === "vocabSize" ? "the number of rows of its embedding table" : `its model.${key}`} is ${
      JSON.stringify(model[key]) ?? "absent"
    }, and ${whose} ${JSON.stringify(other[key]) ?? "absent"}`
  );
  return named.join("; ");
}
