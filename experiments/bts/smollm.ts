// The preset `smollm`: a real model of 135 million parameters as the seed.
import type { ExperimentDefinition } from "../../lib/run/mod.ts";
import type { btsConfigSchema } from "../../lib/bts/mod.ts";

/**
 * SmolLM2-135M-Instruct (from Q4_1) as the seed, and experts branched from it.
 *
 * Its budgets keep training and bits per byte under 90 minutes, and the tasks under as much again, on two cores with AVX2,
 * where a step of 256 tokens of an expert took 2.0 s, one of 128 tokens of the stitches 2.1 s, and models read about 400
 * tokens a second. Hence the short context, and questions of at most 40 tokens. On the tasks the seed is neither at chance
 * nor perfect, and there are enough questions that differences from it are known to 5 points.
 */
export const smollm: ExperimentDefinition<typeof btsConfigSchema>["presets"][string] = {
  description:
    "SmolLM2-135M-Instruct (from Q4_1), which `deno task model get smollm2` downloads, as the seed: up to 3 hours on 2 cores",
  config: {
    pretrained: { seed: "models/smollm2" },
    data: {
      trainBytes: 600_000,
      validationBytes: 32_768,
      heldoutBytes: 262_144,
      problems: 500,
      translations: 250,
      questions: "hard",
    },
    model: { contextLength: 128 },
    train: {
      expert: { steps: 300, batch: 2, lr: 1e-4, warmup: 20, validateEvery: 100 },
      stitch: { steps: 450, batch: 1, lr: 1e-3, warmup: 40, validateEvery: 150 },
    },
    stitch: { count: 4 },
    eval: {
      tokens: 4_096,
      batch: 8,
      items: 500,
      questionTokens: 40,
      tasks: ["arithmetic-choice", "code-passage", "translation"],
      apart: true,
    },
  },
};
