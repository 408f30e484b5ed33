// Batches for validation: every domain by itself, with its exact share of the datamix.
import { batchAt, type Datamix, normalizeDatamix, scoredShare } from "./batch.ts";
import type { Batch, TokenStream } from "../types.ts";

/** A batch of one domain. */
export interface DomainBatch extends Batch {
  readonly domain: string;
  /** Its share of the mean loss; all weights sum to 1. */
  readonly weight: number;
}

/**
 * The same batches each time, each of one domain. They are divided among the domains by their shares, at least one each;
 * those without a token to score are left out. The weighted mean of their losses is the loss on the datamix without the
 * variance of drawing domains at random.
 *
 * @param streams by domain
 * @param datamix weights of the domains
 * @param options.batches how many, about; none for 0
 */
export function stratifiedBatches(
  streams: Readonly<Record<string, TokenStream>>,
  datamix: Datamix,
  { batches, batch, time }: { readonly batches: number; readonly batch: number; readonly time: number },
): DomainBatch[] {
  if (batches === 0) return [];
  return Object.entries(normalizeDatamix(datamix, Object.keys(streams))).flatMap(([domain, share]) => {
    const count = Math.max(1, Math.round(share * batches));
    const drawn = Array.from(
      { length: count },
      (_, step) => batchAt(streams, { [domain]: 1 }, { seed: 1, step, batch, time }),
    );
    // By their tokens, so that every scored token of the domain counts the same.
    const scored = drawn.map(scoredShare);
    const total = scored.reduce((sum, one) => sum + one, 0);
    return drawn.flatMap((batch, i) =>
      scored[i] === 0 ? [] : [{ ...batch, domain, weight: share * scored[i]! / total }]
    );
  });
}
