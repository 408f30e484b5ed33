// Types of this room's schemas. `deno task build:types` writes this file; change the schemas instead.
import type { z } from "zod";

export interface BtmSettingsSchema extends
  z.ZodObject<{
    topK: z.ZodDefault<z.ZodNullable<z.ZodInt>>;
    temperature: z.ZodDefault<z.ZodNumber>;
    history: z.ZodDefault<z.ZodNullable<z.ZodInt>>;
    prior: z.ZodDefault<z.ZodEnum<{ dev: "dev"; uniform: "uniform" }>>;
    decay: z.ZodDefault<z.ZodNumber>;
  }, z.core.$strict> {}
export interface SeedMergeSchema extends
  z.ZodObject<{
    lambda: z.ZodDefault<z.ZodNumber>;
    density: z.ZodDefault<z.ZodNumber>;
  }, z.core.$strict> {}
