// Tf-idf: texts as sparse vectors of weighted terms.
import { termCounts } from "./terms.ts";

/** Terms of a vocabulary at most: those in the most documents. */
const MOST_TERMS = 32_768;

/** The terms that count, with their weights. */
export interface Vocabulary {
  readonly terms: readonly string[];
  /** `ln((1 + n) / (1 + df)) + 1` by term, for n documents of which df have it. */
  readonly idf: Float64Array;
}

/** A sparse row: the values at ascending indices. */
export interface SparseRow {
  readonly indices: Uint32Array;
  readonly values: Float64Array;
}

/** A text's row, and how much of the text the vocabulary knows. */
export interface TextRow {
  /** Of length 1, or empty if no term is known. */
  readonly row: SparseRow;
  /** Occurrences of terms in the text, and those of terms that the vocabulary lacks. */
  readonly terms: number;
  readonly unknown: number;
}

/**
 * The vocabulary of some texts: terms that occur in at least two of them.
 *
 * @param counts the terms of each text with their counts
 */
export function fitVocabulary(counts: Iterable<ReadonlyMap<string, number>>): Vocabulary {
  const frequencies = new Map<string, number>();
  let documents = 0;
  for (const one of counts) {
    documents++;
    for (const term of one.keys()) frequencies.set(term, (frequencies.get(term) ?? 0) + 1);
  }
  const chosen = [...frequencies].filter(([, df]) => df > 1)
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, MOST_TERMS)
    .sort(([a], [b]) => a < b ? -1 : 1);
  return {
    terms: chosen.map(([term]) => term),
    idf: Float64Array.from(chosen, ([, df]) => Math.log((1 + documents) / (1 + df)) + 1),
  };
}

/** A function that turns texts into rows of tf-idf: counts times idf, divided by the length of the row. */
export function tfIdf({ terms, idf }: Vocabulary): (text: string) => TextRow {
  const places = new Map(terms.map((term, at) => [term, at]));
  return (text) => {
    const weights: [place: number, weight: number][] = [];
    let total = 0, unknown = 0, squares = 0;
    for (const [term, count] of termCounts(text)) {
      total += count;
      const place = places.get(term);
      if (place === undefined) {
        unknown += count;
        continue;
      }
      const weight = count * idf[place]!;
      squares += weight ** 2;
      weights.push([place, weight]);
    }
    weights.sort(([a], [b]) => a - b);
    const length = Math.sqrt(squares);
    return {
      row: {
        indices: Uint32Array.from(weights, ([place]) => place),
        values: Float64Array.from(weights, ([, weight]) => weight / length),
      },
      terms: total,
      unknown,
    };
  };
}
