// Tokens that are found in a text before it is split: special ones, and ones that were added to a vocabulary.

/** An entry of `added_tokens`. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Only where neither neighbor is a letter, digit or underscore. */
  readonly singleWord: boolean;
  /** Takes the whitespace before it. */
  readonly lstrip: boolean;
  /** Takes the whitespace after it. */
  readonly rstrip: boolean;
  /** Whether it is looked for in the normalized text, as its own normalized form. */
  readonly normalized: boolean;
  readonly special: boolean;
}

/** Parts of a text in order: texts, and ids of tokens. */
export type Parts = readonly (string | number)[];

const WORD = "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]";
const ENDS_WITH_WORD = new RegExp(`${WORD}$`, "u");
const STARTS_WITH_WORD = new RegExp(`^${WORD}`, "u");
const SPACE = /\p{White_Space}/u;

/**
 * Finds tokens as Python's `tokenizers` does: the leftmost, and of those the longest.
 *
 * @param spelling how a token is written in the text
 */
export function tokenFinder(
  tokens: readonly AddedToken[],
  spelling: (token: AddedToken) => string,
): (text: string) => Parts {
  const bySpelling = new Map(tokens.map((token) => [spelling(token), token]));
  bySpelling.delete("");
  if (bySpelling.size === 0) return (text) => text === "" ? [] : [text];
  const longestFirst = [...bySpelling.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map((one) => RegExp.escape(one)).join("|"), "g");
  return (text) => {
    if (text === "") return [];
    const parts: (string | number)[] = [];
    let done = 0;
    for (const match of text.matchAll(pattern)) {
      const token = bySpelling.get(match[0])!;
      let start = match.index;
      let end = start + match[0].length;
      if (token.singleWord && isInWord(text, start, end)) continue;
      if (token.lstrip) { while (start > done && SPACE.test(text[start - 1]!)) start--; }
      if (token.rstrip) { while (end < text.length && SPACE.test(text[end]!)) end++; }
      if (start > done) parts.push(text.slice(done, start));
      parts.push(token.id);
      done = end;
    }
    if (done < text.length) parts.push(text.slice(done));
    return parts;
  };
}

function isInWord(text: string, start: number, end: number): boolean {
  // Two units before it hold a whole character.
  return ENDS_WITH_WORD.test(text.slice(Math.max(0, start - 2), start)) ||
    STARTS_WITH_WORD.test(text.slice(end, end + 2));
}
