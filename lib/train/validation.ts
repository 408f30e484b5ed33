// The validation loss: the weighted mean over fixed batches, and by domain.
import * as tf from "@tensorflow/tfjs";
import type { Batch } from "../data/mod.ts";
import { interruptible } from "../tensor/mod.ts";
import { toDeviceBatch, yieldToEvents } from "./step.ts";
import type { DeviceBatch, Validation } from "./task.ts";

/** A validation batch. */
export interface ValidationBatch extends Batch {
  /** The domain of all its rows, if they have the same one. */
  readonly domain?: string;
  /** Its weight in the mean loss. @default 1 */
  readonly weight?: number;
}

/**
 * The mean of `loss` over batches, and over those of each domain.
 *
 * @throws the signal's reason when it is aborted
 */
export async function validate(
  batches: readonly ValidationBatch[],
  loss: (batch: DeviceBatch) => tf.Scalar,
  signal?: AbortSignal,
): Promise<Validation> {
  const all = new Mean();
  const byDomain = new Map<string, Mean>();
  for (const batch of batches) {
    const value = interruptible(
      () => signal?.throwIfAborted(),
      () => tf.tidy(() => loss(toDeviceBatch(batch))),
    );
    const nats = (await value.data())[0]!;
    value.dispose();
    const { domain, weight = 1 } = batch;
    all.add(nats, weight);
    if (domain !== undefined) {
      const mean = byDomain.get(domain) ?? new Mean();
      byDomain.set(domain, mean);
      mean.add(nats, weight);
    }
    await yieldToEvents();
  }
  return { loss: all.value(), domains: new Map([...byDomain].map(([domain, mean]) => [domain, mean.value()])) };
}

class Mean {
  #sum = 0;
  #weight = 0;

  add(value: number, weight: number): void {
    this.#sum += weight * value;
    this.#weight += weight;
  }

  value(): number {
    return this.#sum / this.#weight;
  }
}
