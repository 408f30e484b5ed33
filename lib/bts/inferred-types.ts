// Types of this room's schemas. `deno task build:types` writes this file; change the schemas instead.
import type { z } from "zod";
import type { DataConfigSchema, DatamixSchema, TokenizerConfigSchema } from "../data/mod.ts";
import type { RopeScalingSchema } from "../model/mod.ts";
import type { MeasureSchema, MethodResultSchema } from "../run/mod.ts";
import type { StitchConfigSchema } from "../stitch/mod.ts";
import type { CheckpointConfigSchema, MonitorConfigSchema, TrainConfigSchema } from "../train/mod.ts";

export interface BtsSettingsSchema extends
  z.ZodObject<{
    data: z.ZodPrefault<DataConfigSchema>;
    tokenizer: z.ZodPrefault<TokenizerConfigSchema>;
    model: z.ZodPrefault<
      z.ZodObject<{
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
      }, z.core.$strict>
    >;
    experts: z.ZodArray<z.ZodString>;
    pretrained: z.ZodPrefault<z.ZodRecord<z.ZodString, z.ZodString>>;
    mix: z.ZodObject<{
      seed: DatamixSchema;
      expertShare: z.ZodDefault<z.ZodNumber>;
      stitch: DatamixSchema;
    }, z.core.$strict>;
    train: z.ZodPrefault<
      z.ZodObject<{
        seed: z.ZodPrefault<TrainConfigSchema>;
        expert: z.ZodPrefault<TrainConfigSchema>;
        stitch: z.ZodPrefault<TrainConfigSchema>;
        validationBatches: z.ZodDefault<z.ZodInt>;
      }, z.core.$strict>
    >;
    monitor: z.ZodPrefault<MonitorConfigSchema>;
    hub: z.ZodDefault<z.ZodString>;
    stitch: z.ZodPrefault<StitchConfigSchema>;
    checkpoint: z.ZodPrefault<CheckpointConfigSchema>;
    eval: z.ZodPrefault<
      z.ZodObject<{
        tokens: z.ZodDefault<z.ZodInt>;
        items: z.ZodDefault<z.ZodInt>;
        batch: z.ZodDefault<z.ZodInt>;
        tasks: z.ZodDefault<z.ZodNullable<z.ZodArray<z.ZodString>>>;
        questionTokens: z.ZodDefault<z.ZodNullable<z.ZodInt>>;
        apart: z.ZodDefault<z.ZodBoolean>;
      }, z.core.$strict>
    >;
  }, z.core.$strict> {}
export interface ExpertSettingsSchema extends
  z.ZodObject<{
    data: z.ZodPrefault<DataConfigSchema>;
    tokenizer: z.ZodPrefault<TokenizerConfigSchema>;
    model: z.ZodPrefault<
      z.ZodObject<{
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
      }, z.core.$strict>
    >;
    experts: z.ZodArray<z.ZodString>;
    pretrained: z.ZodPrefault<z.ZodRecord<z.ZodString, z.ZodString>>;
    mix: z.ZodObject<{
      seed: DatamixSchema;
      expertShare: z.ZodDefault<z.ZodNumber>;
      stitch: DatamixSchema;
    }, z.core.$strict>;
    train: z.ZodPrefault<
      z.ZodObject<{
        seed: z.ZodPrefault<TrainConfigSchema>;
        expert: z.ZodPrefault<TrainConfigSchema>;
        stitch: z.ZodPrefault<TrainConfigSchema>;
        validationBatches: z.ZodDefault<z.ZodInt>;
      }, z.core.$strict>
    >;
    monitor: z.ZodPrefault<MonitorConfigSchema>;
    hub: z.ZodDefault<z.ZodString>;
    stitch: z.ZodPrefault<StitchConfigSchema>;
    checkpoint: z.ZodPrefault<CheckpointConfigSchema>;
    eval: z.ZodPrefault<
      z.ZodObject<{
        tokens: z.ZodDefault<z.ZodInt>;
        items: z.ZodDefault<z.ZodInt>;
        batch: z.ZodDefault<z.ZodInt>;
        tasks: z.ZodDefault<z.ZodNullable<z.ZodArray<z.ZodString>>>;
        questionTokens: z.ZodDefault<z.ZodNullable<z.ZodInt>>;
        apart: z.ZodDefault<z.ZodBoolean>;
      }, z.core.$strict>
    >;
    from: z.ZodString;
    change: z.ZodEnum<{ add: "add"; merge: "merge"; remove: "remove" }>;
    expert: z.ZodString;
    other: z.ZodDefault<z.ZodString>;
    restitch: z.ZodInt;
  }, z.core.$strict> {}
export interface MeasuredSchema extends
  z.ZodObject<{
    measures: z.ZodArray<MeasureSchema>;
    methods: z.ZodRecord<z.ZodString, MethodResultSchema>;
    scoring: z.ZodRecord<
      z.ZodString,
      z.ZodObject<{
        tokensPerSecond: z.ZodNumber;
        bytes: z.ZodNullable<z.ZodNumber>;
      }, z.core.$strict>
    >;
  }, z.core.$strict> {}
export interface AdaptedSchema extends
  z.ZodObject<{
    /** Content hash of the stitches' parameters. */
    weights: z.ZodString;
    kept: z.ZodInt;
    changed: z.ZodInt;
  }, z.core.$strict> {}
export interface TokensSchema extends
  z.ZodObject<{
    vocabSize: z.ZodInt;
    /** UTF-8 bytes of text by domain and split. */
    bytes: z.ZodRecord<z.ZodString, z.ZodRecord<z.ZodString, z.ZodNumber>>;
  }, z.core.$strict> {}
export interface StreamSizeSchema extends
  z.ZodObject<{
    documents: z.ZodInt;
    tokens: z.ZodInt;
    /** How many of the tokens are not trained on. */
    unscored: z.ZodDefault<z.ZodInt>;
    /** UTF-8 bytes of the texts. */
    bytes: z.ZodInt;
  }, z.core.$strict> {}
export interface TrainedSchema extends
  z.ZodObject<{
    steps: z.ZodInt;
    /** Null if the model was trained elsewhere: it is not known. */
    tokens: z.ZodNullable<z.ZodInt>;
    seconds: z.ZodNullable<z.ZodNumber>;
    loss: z.ZodNullable<z.ZodNumber>;
    validation: z.ZodNullable<z.ZodNumber>;
    /** Peak size of all tensors in bytes; null if the device does not report it. */
    peakBytes: z.ZodNullable<z.ZodNumber>;
    /** Content hash of the weights. */
    weights: z.ZodString;
  }, z.core.$strict> {}
