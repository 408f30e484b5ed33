// The settings of a training phase.
import { z } from "zod";
import type { TrainConfigSchema } from "./inferred-types.ts";

/** The settings of one phase: steps, batch, optimizer and schedule. */
export const trainConfigSchema: TrainConfigSchema = z.strictObject({
  steps: z.int().min(1).max(100_000_000).default(400).describe("optimizer steps"),
  batch: z.int().min(1).max(1_000_000).default(8).describe("sequences per step"),
  accumulate: z.int().min(1).max(100_000).default(1).describe("micro-batches per step"),
  lr: z.number().positive().max(10).default(3e-3).describe("peak learning rate"),
  warmup: z.int().min(0).default(40).describe("steps of linear warm-up"),
  floor: z.number().min(0).max(1).default(0.1).describe("final learning rate, as a fraction of the peak"),
  beta1: z.number().min(0).max(0.99999).default(0.9).describe("AdamW β1"),
  beta2: z.number().min(0).max(0.99999).default(0.95).describe("AdamW β2"),
  epsilon: z.number().positive().max(1).default(1e-8).describe("AdamW ε"),
  weightDecay: z.number().min(0).max(10).default(0.1).describe("decoupled weight decay; norms and biases are exempt"),
  clipNorm: z.number().positive().max(1e9).default(1).describe("global norm that gradients are clipped to"),
  validateEvery: z.int().min(1).default(50).describe("steps between validation losses"),
  activations: z.enum(["keep", "recompute"]).default("keep")
    .describe(
      "keep all activations for the backward pass, or recompute them layer by layer: less memory, more time",
    ),
}).refine(({ batch, accumulate }) => batch % accumulate === 0, {
  path: ["accumulate"],
  error: "the batch must be a multiple of accumulate",
});

export type TrainConfig = z.infer<typeof trainConfigSchema>;
