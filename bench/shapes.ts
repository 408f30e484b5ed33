// The shapes and the fixed work that training steps are timed on, the same for every library compared.
import type { ModelConfig } from "../lib/model/mod.ts";

export type ShapeName = "tiny" | "small" | "base" | "135m" | "smollm";

export interface BenchShape {
  readonly config: ModelConfig;
  readonly batch: number;
  /** K of the `stitch` job, with {@linkcode EXPERTS} experts. */
  readonly stitches: number;
}

export const EXPERTS = 3;

function shape(numbers: readonly number[], stitches: number, tiedEmbeddings = false): BenchShape {
  const [vocabSize, width, layers, heads, kvHeads, inner, batch, contextLength] = numbers as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const sizes = { vocabSize, width, layers, heads, kvHeads, inner, contextLength };
  return { config: { ...sizes, ropeTheta: 10_000, normEps: 1e-5, tiedEmbeddings }, batch, stitches };
}

//                   vocab   d  layers heads kv inner batch time
export const shapes: Readonly<Record<ShapeName, BenchShape>> = {
  tiny: shape([2048, 128, 4, 4, 4, 344, 8, 128], 2),
  small: shape([4096, 256, 6, 4, 4, 688, 8, 256], 2),
  base: shape([8192, 512, 8, 8, 8, 1376, 4, 512], 4),
  // SmolLM2-135M, whose head is its embedding table.
  smollm: shape([49152, 576, 30, 9, 3, 1536, 2, 256], 4, true),
  "135m": shape([49152, 576, 30, 9, 3, 1536, 4, 512], 5),
};
