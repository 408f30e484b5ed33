// Types of this room's schemas. `deno task build:types` writes this file; change the schemas instead.
import type { z } from "zod";

export interface CheckpointConfigSchema extends
  z.ZodObject<{
    steps: z.ZodDefault<z.ZodNullable<z.ZodInt>>;
    minutes: z.ZodDefault<z.ZodNullable<z.ZodNumber>>;
    keep: z.ZodDefault<z.ZodInt>;
  }, z.core.$strict> {}
export interface TrainConfigSchema extends
  z.ZodObject<{
    steps: z.ZodDefault<z.ZodInt>;
    batch: z.ZodDefault<z.ZodInt>;
    accumulate: z.ZodDefault<z.ZodInt>;
    lr: z.ZodDefault<z.ZodNumber>;
    warmup: z.ZodDefault<z.ZodInt>;
    floor: z.ZodDefault<z.ZodNumber>;
    beta1: z.ZodDefault<z.ZodNumber>;
    beta2: z.ZodDefault<z.ZodNumber>;
    epsilon: z.ZodDefault<z.ZodNumber>;
    weightDecay: z.ZodDefault<z.ZodNumber>;
    clipNorm: z.ZodDefault<z.ZodNumber>;
    validateEvery: z.ZodDefault<z.ZodInt>;
    activations: z.ZodDefault<z.ZodEnum<{ keep: "keep"; recompute: "recompute" }>>;
  }, z.core.$strict> {}
export interface MonitorConfigSchema extends
  z.ZodObject<{
    every: z.ZodDefault<z.ZodInt>;
    samples: z.ZodDefault<z.ZodInt>;
    spike: z.ZodPrefault<
      z.ZodObject<{
        action: z.ZodDefault<
          z.ZodEnum<
            {
              alert: "alert";
              clip: "clip";
              epsilon: "epsilon";
              off: "off";
              rewind: "rewind";
              skip: "skip";
              stop: "stop";
            }
          >
        >;
        deviations: z.ZodDefault<z.ZodNumber>;
        share: z.ZodDefault<z.ZodNumber>;
        rise: z.ZodDefault<z.ZodNumber>;
        window: z.ZodDefault<z.ZodInt>;
      }, z.core.$strict>
    >;
    instability: z.ZodPrefault<
      z.ZodObject<{
        action: z.ZodDefault<
          z.ZodEnum<{ alert: "alert"; clip: "clip"; epsilon: "epsilon"; off: "off"; rewind: "rewind"; stop: "stop" }>
        >;
        bimodality: z.ZodDefault<z.ZodNumber>;
        updateRms: z.ZodDefault<z.ZodNumber>;
      }, z.core.$strict>
    >;
    notFinite: z.ZodPrefault<
      z.ZodObject<{
        action: z.ZodDefault<z.ZodEnum<{ rewind: "rewind"; skip: "skip"; stop: "stop" }>>;
      }, z.core.$strict>
    >;
    rewindSteps: z.ZodDefault<z.ZodInt>;
    clipRms: z.ZodDefault<z.ZodNumber>;
    epsilonFactor: z.ZodDefault<z.ZodNumber>;
    limit: z.ZodDefault<z.ZodInt>;
  }, z.core.$strict> {}
export interface ProgressSchema extends
  z.ZodObject<{
    /** Steps done. */
    step: z.ZodInt;
    /** Index of the next batch. Ahead of `step` only after a rewind, which skips batches. */
    position: z.ZodInt;
    tokens: z.ZodInt;
    flops: z.ZodNumber;
    /** Training time so far, in this process and before it was resumed. */
    seconds: z.ZodNumber;
    /** Loss of the last step; null before the first. */
    loss: z.ZodNullable<z.ZodNumber>;
    /** The last validation loss, and the lowest with its step. */
    validation: z.ZodNullable<z.ZodNumber>;
    best: z.ZodNullable<
      z.ZodObject<{
        step: z.ZodInt;
        validation: z.ZodNumber;
      }, z.core.$strict>
    >;
    /** The metrics of the last step when training was stopped during its validation, before it was reported. */
    unreported: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodNumber>>;
  }, z.core.$strict> {}
