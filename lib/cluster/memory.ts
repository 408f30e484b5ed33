// The memory that a job needs on each device, by how its state is sharded.
import type { Job } from "./jobs.ts";

/**
 * How a job's state is sharded over its devices: `none`, every device has all of it; `optimizer`, the optimizer state is
 * sharded (ZeRO stage 1); `full`, weights, gradients and optimizer state are sharded, and weights are gathered unit by
 * unit (ZeRO stage 3, FSDP).
 */
export const SHARDINGS = ["none", "optimizer", "full"] as const;
export type Sharding = (typeof SHARDINGS)[number];

/** Bytes on one device. */
export interface DeviceMemory {
  readonly sharding: Sharding;
  /** Trained and frozen weights, and units gathered from other devices. */
  readonly weights: number;
  readonly gradients: number;
  /** Float32 master weights and two moments. */
  readonly optimizer: number;
  /** Activations and logits of one sequence. */
  readonly activations: number;
  readonly total: number;
}

/** Bytes per value: bfloat16 for weights, gradients and activations; float32 for master weights, moments and logits. */
const HALF = 2;
const FULL = 4;

/** Memory with one sequence at a time on each device; larger batches accumulate gradients. */
export function deviceMemory(job: Job, devices: number, sharding: Sharding): DeviceMemory {
  const { trained, frozen, unit, activations: values, logits } = job;
  const split = sharding === "full" ? devices : 1;
  const gathered = split === 1 ? 0 : unit;
  const weights = HALF * ((trained + frozen) / split + gathered);
  const gradients = HALF * trained / split;
  const optimizer = 3 * FULL * trained / (sharding === "none" ? 1 : devices);
  // The logits and their gradient.
  const activations = HALF * values + 2 * FULL * logits;
  return { sharding, weights, gradients, optimizer, activations, total: weights + gradients + optimizer + activations };
}

/** Memory with the least sharding that fits into `bytes`, or with the most if none fits. A single device shards nothing. */
export function leastSharding(job: Job, devices: number, bytes: number): DeviceMemory {
  const choices = (devices === 1 ? SHARDINGS.slice(0, 1) : SHARDINGS).map((sharding) =>
    deviceMemory(job, devices, sharding)
  );
  return choices.find(({ total }) => total <= bytes) ?? choices.at(-1)!;
}
