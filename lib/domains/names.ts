// What sets clusters apart in words: top terms, and names of domains from them.
import * as stopword from "stopword";
import { isDomainName } from "../data/mod.ts";
import { NUMBER_TERM } from "./terms.ts";
import type { FittedRows } from "./space.ts";

const TOP_TERMS = 12;
/** Letters of a term in a name, and terms of a name, at most. */
const LONGEST_PART = 24;
const PARTS = 2;

/** Frequent words of 60 languages, which say little in a name. */
const STOP_WORDS: ReadonlySet<string> = new Set(
  Object.values(stopword as Readonly<Record<string, unknown>>).flatMap((list) => Array.isArray(list) ? list : []),
);

/** A term that stands out in a cluster. */
export interface TopTerm {
  readonly term: string;
  /** Of the documents that have it, the share that is in the cluster. */
  readonly share: number;
}

/**
 * The terms of each cluster that stand out: those whose mean tf-idf weight in the cluster exceeds the mean over all documents
 * the most.
 *
 * @param members the cluster of each row; −1 for none
 */
export function topTerms(
  { vocabulary: { terms }, rows }: FittedRows,
  members: Int32Array,
  count: number,
): TopTerm[][] {
  const overall = new Float64Array(terms.length);
  const documents = new Float64Array(terms.length);
  const own = Array.from({ length: count }, () => new Map<number, { sum: number; documents: number }>());
  const sizes = new Float64Array(count);
  let total = 0;
  rows.forEach(({ indices, values }, row) => {
    const cluster = members[row]!;
    if (cluster < 0) return;
    total++;
    sizes[cluster]!++;
    const sums = own[cluster]!;
    indices.forEach((term, at) => {
      overall[term]! += values[at]!;
      documents[term]!++;
      const before = sums.get(term) ?? { sum: 0, documents: 0 };
      sums.set(term, { sum: before.sum + values[at]!, documents: before.documents + 1 });
    });
  });
  return own.map((sums, cluster) =>
    [...sums].map(([term, { sum, documents }]) => ({
      term,
      documents,
      excess: sum / sizes[cluster]! - overall[term]! / total,
    }))
      .filter(({ excess }) => excess > 0)
      .sort((a, b) => b.excess - a.excess || a.term - b.term)
      .slice(0, TOP_TERMS)
      .map(({ term, documents: inside }) => ({ term: terms[term]!, share: inside / documents[term]! }))
  );
}

/** From this share on, a term says of a document that it is in the cluster. */
const TELLING_SHARE = 0.5;

/**
 * A name for a domain from each cluster's top terms, if possible from terms that most other documents do not have. All are
 * different, also on file systems that ignore case.
 */
export function domainNames(topTerms: readonly (readonly TopTerm[])[]): string[] {
  const taken = new Set<string>([REST_NAME]);
  return topTerms.map((terms, cluster) => {
    const fit = terms.filter(({ term }) => term !== NUMBER_TERM && isDomainName(term.slice(0, LONGEST_PART)));
    const words = fit.filter(({ term }) => !STOP_WORDS.has(term) && !/^_+$/.test(term));
    const telling = words.filter(({ share }) => share > TELLING_SHARE);
    const chosen = [telling, words, fit].find(({ length }) => length > 0) ?? [];
    const parts = chosen.slice(0, PARTS).map(({ term }) => term.slice(0, LONGEST_PART));
    const stem = parts.join("-") || `cluster-${cluster + 1}`;
    let name = stem;
    for (let more = 2; taken.has(nameKey(name)) || !isDomainName(name); more++) name = `${stem}-${more}`;
    taken.add(nameKey(name));
    return name;
  });
}

/** The name of the domain of documents that are near no center. */
export const REST_NAME = "rest";

/** What is alike of two names that a file system may not tell apart. */
export function nameKey(name: string): string {
  return name.normalize("NFC").toLowerCase();
}
