// Types of this room's schemas. `deno task build:types` writes this file; change the schemas instead.
import type { z } from "zod";

export interface ModelConfigSchema extends
  z.ZodObject<{
    vocabSize: z.ZodDefault<z.ZodInt>;
    width: z.ZodDefault<z.ZodInt>;
    layers: z.ZodDefault<z.ZodInt>;
    heads: z.ZodDefault<z.ZodInt>;
    kvHeads: z.ZodDefault<z.ZodInt>;
    inner: z.ZodDefault<z.ZodInt>;
    contextLength: z.ZodDefault<z.ZodInt>;
    ropeTheta: z.ZodDefault<z.ZodNumber>;
    normEps: z.ZodDefault<z.ZodNumber>;
    tiedEmbeddings: z.ZodDefault<z.ZodBoolean>;
    headSize: z.ZodOptional<z.ZodInt>;
    attentionBias: z.ZodOptional<z.ZodEnum<{ all: "all"; qkv: "qkv" }>>;
    mlpBias: z.ZodOptional<z.ZodBoolean>;
    qkNorm: z.ZodOptional<z.ZodBoolean>;
    slidingWindow: z.ZodOptional<z.ZodInt>;
    fullLayers: z.ZodOptional<z.ZodInt>;
    ropeScaling: z.ZodOptional<RopeScalingSchema>;
  }, z.core.$strict> {}
export interface RopeScalingSchema extends
  z.ZodDiscriminatedUnion<[
    z.ZodObject<{
      type: z.ZodLiteral<"linear">;
      factor: z.ZodNumber;
    }, z.core.$strict>,
    z.ZodObject<{
      type: z.ZodLiteral<"dynamic">;
      factor: z.ZodNumber;
      originalContext: z.ZodInt;
    }, z.core.$strict>,
    z.ZodObject<{
      type: z.ZodLiteral<"yarn">;
      factor: z.ZodNumber;
      originalContext: z.ZodInt;
      attentionFactor: z.ZodNumber;
      betaFast: z.ZodDefault<z.ZodNumber>;
      betaSlow: z.ZodDefault<z.ZodNumber>;
      truncate: z.ZodDefault<z.ZodBoolean>;
    }, z.core.$strict>,
    z.ZodObject<{
      type: z.ZodLiteral<"llama3">;
      factor: z.ZodNumber;
      originalContext: z.ZodInt;
      lowFrequency: z.ZodNumber;
      highFrequency: z.ZodNumber;
    }, z.core.$strict>,
  ], "type"> {}
