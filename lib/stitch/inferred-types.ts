// Types of this room's schemas. `deno task build:types` writes this file; change the schemas instead.
import type { z } from "zod";

export interface StitchSettingsSchema extends
  z.ZodObject<{
    frozen: z.ZodDefault<z.ZodEnum<{ float32: "float32"; half: "half" }>>;
    initialization: z.ZodDefault<
      z.ZodEnum<{ "hub-preserving": "hub-preserving"; identity: "identity"; random: "random" }>
    >;
    gates: z.ZodDefault<z.ZodEnum<{ scalar: "scalar"; vector: "vector" }>>;
    dropout: z.ZodDefault<z.ZodNumber>;
    expertAfterE2H: z.ZodDefault<z.ZodEnum<{ "pass-through": "pass-through"; projected: "projected" }>>;
    rank: z.ZodDefault<z.ZodInt>;
    mode: z.ZodDefault<z.ZodEnum<{ hub: "hub"; pair: "pair" }>>;
    count: z.ZodDefault<z.ZodInt>;
    positions: z.ZodDefault<z.ZodNullable<z.ZodArray<z.ZodInt>>>;
    kinds: z.ZodDefault<
      z.ZodUnion<
        readonly [
          z.ZodEnum<{ "all-e2h": "all-e2h"; alternating: "alternating" }>,
          z.ZodArray<z.ZodEnum<{ E2H: "E2H"; "E2H-LR": "E2H-LR"; H2E: "H2E" }>>,
        ]
      >
    >;
  }, z.core.$strict> {}
export interface StitchConfigSchema extends z.ZodPreprocess<StitchSettingsSchema, unknown> {}
export type KindSettingsShape = {
  expertAfterE2H: z.ZodDefault<z.ZodEnum<{ "pass-through": "pass-through"; projected: "projected" }>>;
  rank: z.ZodDefault<z.ZodInt>;
};
export type SharedSettingsShape = {
  initialization: z.ZodDefault<
    z.ZodEnum<{ "hub-preserving": "hub-preserving"; identity: "identity"; random: "random" }>
  >;
  gates: z.ZodDefault<z.ZodEnum<{ scalar: "scalar"; vector: "vector" }>>;
  dropout: z.ZodDefault<z.ZodNumber>;
};
