// Types of this room's schemas. `deno task build:types` writes this file; change the schemas instead.
import type { z } from "zod";

export interface CalmConfigSchema extends
  z.ZodObject<{
    connections: z.ZodDefault<z.ZodInt>;
  }, z.core.$strict> {}
export interface MixtureConfigSchema extends
  z.ZodObject<{
    attention: z.ZodDefault<z.ZodEnum<{ averaged: "averaged"; experts: "experts" }>>;
    routing: z.ZodDefault<z.ZodEnum<{ sample: "sample"; soft: "soft"; "top-2": "top-2" }>>;
    balance: z.ZodDefault<z.ZodNumber>;
    adapters: z.ZodDefault<z.ZodBoolean>;
    bias: z.ZodDefault<z.ZodBoolean>;
  }, z.core.$strict> {}
export type BaselineNames = readonly [
  "dense",
  ...(
    | "bam"
    | "bam-adapters"
    | "btx-sample"
    | "btx-soft"
    | "btx-top2"
    | "calm"
    | "dense"
    | "dume"
    | "flexolmo"
    | "routing"
    | "self-stitch"
  )[],
];
export type BaselineSettingsShape = {
  balance: z.ZodDefault<z.ZodNumber>;
  readonly calm: z.ZodPrefault<CalmConfigSchema>;
  readonly dume: z.ZodPrefault<
    z.ZodObject<{
      documents: z.ZodDefault<z.ZodInt>;
      tokens: z.ZodDefault<z.ZodInt>;
      lambda: z.ZodDefault<z.ZodNumber>;
      temperature: z.ZodDefault<z.ZodNumber>;
      topK: z.ZodDefault<z.ZodLiteral<1 | 2>>;
    }, z.core.$strict>
  >;
  readonly flexolmo: z.ZodPrefault<
    z.ZodObject<{
      documents: z.ZodDefault<z.ZodInt>;
      tokens: z.ZodDefault<z.ZodInt>;
      topK: z.ZodDefault<z.ZodInt>;
    }, z.core.$strict>
  >;
};
export interface BaselineSettingsSchema extends
  z.ZodObject<{
    balance: z.ZodDefault<z.ZodNumber>;
    calm: z.ZodPrefault<CalmConfigSchema>;
    dume: z.ZodPrefault<
      z.ZodObject<{
        documents: z.ZodDefault<z.ZodInt>;
        tokens: z.ZodDefault<z.ZodInt>;
        lambda: z.ZodDefault<z.ZodNumber>;
        temperature: z.ZodDefault<z.ZodNumber>;
        topK: z.ZodDefault<z.ZodLiteral<1 | 2>>;
      }, z.core.$strict>
    >;
    flexolmo: z.ZodPrefault<
      z.ZodObject<{
        documents: z.ZodDefault<z.ZodInt>;
        tokens: z.ZodDefault<z.ZodInt>;
        topK: z.ZodDefault<z.ZodInt>;
      }, z.core.$strict>
    >;
  }, z.core.$strip> {}
