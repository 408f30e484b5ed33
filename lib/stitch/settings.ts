// Settings that stitches of every kind share.
import { z } from "zod";
import type { SharedSettingsShape } from "./inferred-types.ts";

export const sharedSettings: SharedSettingsShape = {
  initialization: z.enum(["identity", "hub-preserving", "random"]).default("identity")
    .describe("W = I and G = 0; or with a gate bias that keeps the hub at step 0; or random"),
  gates: z.enum(["vector", "scalar"]).default("vector")
    .describe("one gate per model and dimension, or one per model"),
  dropout: z.number().min(0).max(0.99).default(0.1).describe("dropout on the gate logits"),
};

/** Settings that stitches of every kind share. */
export type StitchSettings = z.infer<z.ZodObject<typeof sharedSettings>>;
