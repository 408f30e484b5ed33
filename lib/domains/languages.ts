// The languages of texts.
import { franc } from "franc-min";

/** Characters that are enough to tell. */
const CHARACTERS = 2000;

/** Shares of texts by language, the most frequent first: ISO 639-3 codes; `und` where it cannot be told. */
export function languageShares(texts: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) {
    const language = franc(text.slice(0, CHARACTERS));
    counts.set(language, (counts.get(language) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([language, count]) => [language, count / texts.length]));
}
