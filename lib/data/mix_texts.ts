// Training texts in the proportions of a datamix: what a tokeniser is trained on.
import { type Datamix, normalizeDatamix } from "./batch.ts";
import { byteLength } from "./stream.ts";
import type { Corpus } from "./types.ts";

/**
 * Training documents of each domain, from its first one on, until the domain's share of `bytes` is reached (or the
 * domain has no more).
 *
 * @throws UserError for a datamix that names an unknown domain or sums to nothing
 */
export function mixTexts(
  corpus: Pick<Corpus, "domains" | "documents">,
  datamix: Datamix,
  { bytes }: { readonly bytes: number },
): string[] {
  return Object.entries(normalizeDatamix(datamix, corpus.domains)).flatMap(([domain, share]) => {
    const texts: string[] = [];
    let left = share * bytes;
    for (const { text } of corpus.documents[domain]!.train) {
      if (left <= 0) break;
      texts.push(text);
      left -= byteLength(text);
    }
    return texts;
  });
}
