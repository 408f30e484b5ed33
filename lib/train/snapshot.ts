// Snapshots of the training state in host memory: weights, moments and progress.
import * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import type { HostWeights } from "../model/mod.ts";
import type { Optimizer } from "./optimizer.ts";
import type { ProgressSchema } from "./inferred-types.ts";

/**
 * The progress of training. Together with the random seed it is the whole state of the random numbers: batches and
 * dropout are pure functions of the position and the step.
 */
export const progressSchema: ProgressSchema = z.strictObject({
  /** Steps done. */
  step: z.int().nonnegative(),
  /** Index of the next batch. Ahead of `step` only after a rewind, which skips batches. */
  position: z.int().nonnegative(),
  tokens: z.int().nonnegative(),
  flops: z.number().nonnegative(),
  /** Training time so far, in this process and before it was resumed. */
  seconds: z.number().nonnegative(),
  /** Loss of the last step; null before the first. */
  loss: z.number().nullable(),
  /** The last validation loss, and the lowest with its step. */
  validation: z.number().nullable(),
  best: z.strictObject({ step: z.int(), validation: z.number() }).nullable(),
  /** The metrics of the last step when training was stopped during its validation, before it was reported. */
  unreported: z.record(z.string(), z.number()).optional(),
});
export type Progress = Readonly<z.infer<typeof progressSchema>>;

/** The progress before the first step. */
export const BEGINNING: Progress = {
  step: 0,
  position: 0,
  tokens: 0,
  flops: 0,
  seconds: 0,
  loss: null,
  validation: null,
  best: null,
};

/** Weights and AdamW's two moments by parameter name, after `progress.step` steps. */
export interface Snapshot {
  readonly progress: Progress;
  readonly parameters: HostWeights;
  readonly m: HostWeights;
  readonly v: HostWeights;
}

/** Copies the parameters and their moments from the device. */
export async function takeSnapshot({ names, slots }: Optimizer, progress: Progress): Promise<Snapshot> {
  const copy = async (tensorOf: (slot: Optimizer["slots"][number]) => tf.Tensor): Promise<HostWeights> => {
    const copies: Record<string, HostWeights[string]> = {};
    for (const [i, slot] of slots.entries()) {
      const tensor = tensorOf(slot);
      copies[names[i]!] = { shape: [...tensor.shape], data: new Float32Array(await tensor.data()) };
    }
    return copies;
  };
  return {
    progress,
    parameters: await copy(({ parameter }) => parameter),
    m: await copy(({ m }) => m),
    v: await copy(({ v }) => v),
  };
}

/**
 * Restores parameters and moments from a snapshot, bit for bit.
 *
 * @throws Error when the names of the parameters differ
 */
export function restoreSnapshot({ names, slots }: Optimizer, snapshot: Snapshot): void {
  const { parameters, m, v } = snapshot;
  for (const values of [parameters, m, v]) {
    const [held, wanted] = [Object.keys(values).sort().join(", "), [...names].sort().join(", ")];
    if (held !== wanted) throw new Error(`Cannot restore a snapshot of "${held}" into "${wanted}"`);
  }
  tf.tidy(() =>
    slots.forEach((slot, i) => {
      const put = (variable: tf.Variable, from: HostWeights) => {
        const { shape, data } = from[names[i]!]!;
        variable.assign(tf.tensor(data.slice(), [...shape], "float32"));
      };
      put(slot.parameter, parameters);
      put(slot.m, m);
      put(slot.v, v);
    })
  );
}
