// What a job needs of each device's memory, by how its state is spread over the devices.
import type { Job } from "./jobs.ts";

/**
 * How state is spread over a job's devices: every device has all of it; optimizer state is split (ZeRO stage 1); or
 * weights, gradients and optimizer state are, and weights gathered piece by piece (ZeRO stage 3, FSDP).
 */
export const SHARDINGS = ["none", "optimizer", "full"] as const;
export type Sharding = (typeof SHARDINGS)[number];

/** Bytes on one device. */
export interface DeviceMemory {
  readonly sharding: Sharding;
  /** Working weights, trained and frozen, and pieces gathered from other devices. */
  readonly weights: number;
  readonly gradients: number;
  /** Float32 master weights and two moments. */
  readonly optimizer: number;
  /** Of one sequence, and its logits. */
  readonly activations: number;
  readonly total: number;
}

/** Bytes of a value: weights, gradients and activations in bfloat16; master weights, moments and logits in float32. */
const HALF = 2;
const FULL = 4;

/** One sequence at a time on each device; more come one after the other and add up their gradients. */
export function deviceMemory(job: Job, devices: number, sharding: Sharding): DeviceMemory {
  const { trained, frozen, piece, activations: values, logits } = job;
  const split = sharding === "full" ? devices : 1;
  const gathered = split === 1 ? 0 : piece;
  const weights = HALF * ((trained + frozen) / split + gathered);
  const gradients = HALF * trained / split;
  const optimizer = 3 * FULL * trained / (sharding === "none" ? 1 : devices);
  // The logits and their gradient.
  const activations = HALF * values + 2 * FULL * logits;
  return { sharding, weights, gradients, optimizer, activations, total: weights + gradients + optimizer + activations };
}

/** The memory under the least spreading that fits into `bytes`; under the most when none does. One device shares nothing. */
export function leastSharding(job: Job, devices: number, bytes: number): DeviceMemory {
  const choices = (devices === 1 ? SHARDINGS.slice(0, 1) : SHARDINGS).map((sharding) =>
    deviceMemory(job, devices, sharding)
  );
  return choices.find(({ total }) => total <= bytes) ?? choices.at(-1)!;
}
