// What held-out documents cost the seed and short probes of each candidate domain.
import type { DocumentLosses } from "../../run/mod.ts";

/** Losses per document, by domain. */
export type DomainLosses = Readonly<Record<string, DocumentLosses>>;

/** The seed, and the probes of each candidate, on the same documents. */
export interface ProbeLosses {
  readonly seed: DomainLosses;
  /** By candidate: repeats of its probe, which differ in the batches that they were trained on. */
  readonly probes: ReadonlyMap<string, readonly DomainLosses[]>;
}

/** Bits per byte of some documents. @param drawn their indices; all of them if left out */
export function bitsPerByteOf({ nll, bytes }: DocumentLosses, drawn?: Uint32Array): number {
  let nats = 0, size = 0;
  for (let i = 0; i < (drawn ?? nll).length; i++) {
    const at = drawn === undefined ? i : drawn[i]!;
    nats += nll[at]!;
    size += bytes[at]!;
  }
  return nats / (Math.LN2 * size);
}

/** Each document's mean loss over repeats. @param repeats at least one */
export function meanLosses(repeats: readonly DomainLosses[]): DomainLosses {
  return Object.fromEntries(
    Object.entries(repeats[0]!).map(([domain, { nll, bytes }]) => [domain, {
      nll: nll.map((_, i) => repeats.reduce((sum, one) => sum + one[domain]!.nll[i]!, 0) / repeats.length),
      bytes,
    }]),
  );
}
