// What sets clusters apart in words: top terms, and names of domains from them.
import * as stopword from "stopword";
import { isDomainName } from "../data/mod.ts";
import { NUMBER_TERM } from "./terms.ts";
import type { FittedRows } from "./space.ts";

/** Top terms that are told of a cluster, and those among which as many words are looked for, of which its name is made. */
export const TOP_TERMS = 12;
const NAME_TERMS = 64;
/** Letters of a term in a name, and terms of a name, at most. */
const LONGEST_PART = 24;
const PARTS = 2;

/** English function words that the lists of stop words lack. */
const MORE_STOP_WORDS =
  "above across again against always below cannot does during either even every few further having hence however let " +
  "moreover neither not often once others own perhaps quite rather shall still therefore though three thus toward towards " +
  "two until unto upon when whether whom whose why within without yet";

/** Frequent words of 60 languages, which say little in a name. */
const STOP_WORDS: ReadonlySet<string> = new Set([
  ...Object.values(stopword as Readonly<Record<string, unknown>>).flatMap((list) => Array.isArray(list) ? list : []),
  ...MORE_STOP_WORDS.split(" "),
]);

/** A term that stands out in a cluster. */
export interface TopTerm {
  readonly term: string;
  /** Of the documents that have it, the share that is in the cluster. */
  readonly share: number;
}

/**
 * The terms of each cluster that stand out: those whose mean tf-idf weight in the cluster exceeds the mean over all documents
 * the most, the first {@linkcode TOP_TERMS} of which are told.
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
      .slice(0, NAME_TERMS)
      .map(({ term, documents: inside }) => ({ term: terms[term]!, share: inside / documents[term]! }))
  );
}

/** From this share on, a term says of a document that it is in the cluster. */
const TELLING_SHARE = 0.5;

/** Letters that a word of a name has at least, and those of scripts in which a sign is a syllable or a word. */
const SHORTEST = { letters: 3, signs: 2 };
/** Scripts that are written together count as one. */
const SCRIPTS = [
  /^\p{Script=Latin}/u,
  /^\p{Script=Cyrillic}/u,
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u,
  /^\p{Script=Hangul}/u,
];
const SIGNS = SCRIPTS.slice(2);
/** Two words that begin with as large a part of the shorter one are forms of one: `whale` and `whales`. */
const SAME_STEM = 0.75;

/**
 * A name for a domain from each cluster's top terms: two words of one script that are no function words nor forms of one
 * another, if possible such as most other documents do not have. All names are different, also on file systems that ignore
 * case.
 */
export function domainNames(topTerms: readonly (readonly TopTerm[])[]): string[] {
  const taken = new Set<string>([REST_NAME]);
  return topTerms.map((terms, cluster) => {
    const fit = terms.filter(({ term }) => term !== NUMBER_TERM && isDomainName(term.slice(0, LONGEST_PART)));
    const words = fit.filter(({ term }) => !STOP_WORDS.has(term) && isLongEnough(term)).slice(0, TOP_TERMS);
    const telling = words.filter(({ share }) => share > TELLING_SHARE);
    const others = words.filter(({ share }) => share <= TELLING_SHARE);
    const parts = partsOf(words.length > 0 ? [...telling, ...others] : fit);
    const stem = parts.join("-") || `cluster-${cluster + 1}`;
    let name = stem;
    for (let more = 2; taken.has(nameKey(name)) || !isDomainName(name); more++) name = `${stem}-${more}`;
    taken.add(nameKey(name));
    return name;
  });
}

/** The first of the terms that go together in a name. */
function partsOf(terms: readonly TopTerm[]): string[] {
  const parts: string[] = [];
  for (const { term } of terms) {
    const [first = term] = parts;
    const alike = parts.some((part) => sameStem(part, term));
    if (!alike && scriptOf(first) === scriptOf(term)) parts.push(term);
    if (parts.length === PARTS) break;
  }
  return parts.map((part) => part.slice(0, LONGEST_PART));
}

/** Whether a word is long enough to say something. Underscores say nothing. */
function isLongEnough(term: string): boolean {
  const letters = term.replaceAll("_", "").length;
  return letters >= (SIGNS.some((script) => script.test(term)) ? SHORTEST.signs : SHORTEST.letters);
}

const scriptOf = (term: string) => SCRIPTS.findIndex((script) => script.test(term));

function sameStem(a: string, b: string): boolean {
  const shorter = Math.min(a.length, b.length);
  let shared = 0;
  while (shared < shorter && a[shared] === b[shared]) shared++;
  return shared >= SAME_STEM * shorter;
}

/** The name of the domain of documents that are near no center. */
export const REST_NAME = "rest";

/** What is alike of two names that a file system may not tell apart. */
export function nameKey(name: string): string {
  return name.normalize("NFC").toLowerCase();
}
