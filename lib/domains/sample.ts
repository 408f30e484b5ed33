// What is learned from one pass over all documents: how many there are, which occur twice, and a random sample.
import { Buffer } from "node:buffer";
import { createHash, hash } from "node:crypto";
import { textSet } from "../data/mod.ts";
import { hash32 } from "../random.ts";
import { featureText } from "./terms.ts";

/** One pass over documents. */
export interface Survey {
  /** Different documents, and those that repeat one exactly. */
  readonly documents: number;
  readonly duplicates: number;
  /** UTF-8 bytes of the different documents. */
  readonly bytes: number;
  /** Of all texts in their order: equal for equal documents. */
  readonly fingerprint: string;
  /** The part that features are computed from, of the sampled documents: in an order that the texts alone decide. */
  readonly sample: readonly string[];
}

/** A document in the sample; the text is in UTF-8, which holds on to no longer text that it was cut from. */
interface Sampled {
  readonly high: number;
  readonly low: number;
  readonly text: Uint8Array;
}

/** Finds the documents that occur for the first time. Of each document 24 bytes or more are kept. */
export function firstOccurrences(): { isFirst(digest: Uint8Array): boolean; count(): number } {
  const seen = textSet();
  return { isFirst: seen.addDigest, count: () => seen.size };
}

/** SHA-256 of a text. */
export function digestOf(text: string): Uint8Array {
  return hash("sha256", text, "buffer");
}

/**
 * Surveys documents, one at a time. The sample is a uniform one without repetition: the documents whose hashes with the seed
 * are the least, whatever their order.
 *
 * @param size of the sample, at most
 */
export function surveyor(size: number, seed: number): { add(text: string): void; end(): Survey } {
  const first = firstOccurrences();
  const fingerprint = createHash("sha256");
  const encoder = new TextEncoder();
  /** Unsorted; up to twice the size, then cut to it. */
  let kept: Sampled[] = [];
  let bound: Pick<Sampled, "high" | "low"> = { high: Infinity, low: Infinity };
  let documents = 0, duplicates = 0, bytes = 0;
  const cut = () => {
    kept = kept.sort(byRank).slice(0, size);
    if (kept.length === size) bound = kept.at(-1)!;
  };
  return {
    add(text) {
      const digest = digestOf(text);
      fingerprint.update(digest);
      if (!first.isFirst(digest)) return void duplicates++;
      documents++;
      bytes += Buffer.byteLength(text);
      const words = new DataView(digest.buffer, digest.byteOffset);
      const rank = {
        high: hash32(seed, words.getUint32(0), words.getUint32(4)),
        low: hash32(seed, words.getUint32(8), words.getUint32(12)),
      };
      if (byRank(rank, bound) >= 0) return;
      kept.push({ ...rank, text: encoder.encode(featureText(text)) });
      if (kept.length >= 2 * size) cut();
    },
    end() {
      cut();
      const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
      const sample = kept.map(({ text }) => decoder.decode(text));
      return { documents, duplicates, bytes, fingerprint: fingerprint.digest("hex"), sample };
    },
  };
}

function byRank(a: Pick<Sampled, "high" | "low">, b: Pick<Sampled, "high" | "low">): number {
  return a.high - b.high || a.low - b.low || 0;
}
