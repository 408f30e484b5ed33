// The terms of a text: its words in lower case, as tf-idf counts them.
import { eng } from "stopword";

/** Characters of a document that its features are computed from: the first ones. */
const FEATURE_CHARACTERS = 16_384;

/** What numbers count as, whatever their value. */
export const NUMBER_TERM = "#number";

/** A longer run of letters and digits is data rather than a word. */
const LONGEST_TERM = 48;

const WORD = /[\p{L}\p{M}\p{N}_]+/gu;
/** Scripts that put no spaces between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const segmenter = new Intl.Segmenter("en", { granularity: "word" });
const STOP_WORDS: ReadonlySet<string> = new Set(eng as readonly string[]);

/** The part of a text that its features are computed from. */
export function featureText(text: string): string {
  if (text.length <= FEATURE_CHARACTERS) return text;
  const isHalf = /[\ud800-\udbff]/.test(text[FEATURE_CHARACTERS - 1]!);
  return text.slice(0, FEATURE_CHARACTERS - Number(isHalf));
}

/**
 * How often each term occurs in the first {@linkcode FEATURE_CHARACTERS} of a text. Terms are runs of two or more letters,
 * digits and underscores in lower case, without English stop words; whatever begins with a digit counts as one
 * and the same term. Text in scripts without
 * spaces is divided into words by `Intl.Segmenter`.
 *
 * Source: what C-BTM (arXiv 2303.14177) gives to tf-idf.
 */
export function termCounts(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  const add = (term: string) => void counts.set(term, (counts.get(term) ?? 0) + 1);
  for (const [word] of featureText(text).normalize("NFC").toLowerCase().matchAll(WORD)) {
    if (!UNSPACED.test(word)) {
      if (/^\p{N}/u.test(word)) add(NUMBER_TERM);
      else if (word.length > 1 && word.length <= LONGEST_TERM && !STOP_WORDS.has(word)) add(word);
      continue;
    }
    for (const { segment, isWordLike } of segmenter.segment(word)) {
      if (isWordLike && segment.length <= LONGEST_TERM) add(segment);
    }
  }
  return counts;
}
