// Reads documents from plain text.
import { END_OF_TEXT } from "../tokenizer/pretokens.ts";
import { cutText, textCutter, tidy } from "../text/cut.ts";
import { MAX_TEXT, tooLong } from "./utf8.ts";

/** A separated document longer than this is cut like running text, so that it need not be in memory as a whole. */
const LONGEST_DOCUMENT = 1 << 24;

/**
 * The documents of a `.txt` file. If `<|endoftext|>` separates documents, each is one. Running text is cut at blank lines,
 * else at lines, sentences, words or characters.
 *
 * @param options.longest characters of the longest separated document that is not cut
 */
export async function* plainDocuments(
  text: AsyncIterable<string>,
  { longest = LONGEST_DOCUMENT }: { readonly longest?: number } = {},
): AsyncGenerator<string> {
  /** The document so far, as long as it may stay whole. */
  let document = "";
  let cutter: ReturnType<typeof textCutter> | undefined;
  /** The only document so far; if it stays the only one, it is running text. */
  let only: string | undefined;
  let several = false;

  const grow = (part: string): string[] => {
    if (cutter !== undefined) return cutter.push(part);
    document += part;
    if (document.length <= longest) return [];
    cutter = textCutter();
    const pieces = cutter.push(document);
    document = "";
    return pieces;
  };
  const close = (): string[] => {
    if (cutter !== undefined) {
      const pieces = cutter.end();
      cutter = undefined;
      several = true;
      return pieces;
    }
    const whole = tidy(document);
    document = "";
    if (whole === "") return [];
    if (several) return [whole];
    if (only === undefined) {
      only = whole;
      return [];
    }
    several = true;
    const both = [only, whole];
    only = undefined;
    return both;
  };

  for await (const part of separated(text)) yield* part === undefined ? close() : grow(part);
  yield* close();
  if (only !== undefined) yield* several ? [only] : cutText(only);
}

/** All text of a file, as one document. */
export async function wholeText(text: AsyncIterable<string>, where: string): Promise<string> {
  const parts: string[] = [];
  let length = 0;
  for await (const part of text) {
    parts.push(part);
    length += part.length;
    if (length > MAX_TEXT) throw tooLong(where);
  }
  return parts.join("");
}

/** The text in parts, with undefined for each `<|endoftext|>`. */
async function* separated(text: AsyncIterable<string>): AsyncGenerator<string | undefined> {
  let rest = "";
  for await (const block of text) {
    const [first, ...others] = (rest + block).split(END_OF_TEXT) as [string, ...string[]];
    let last = first;
    for (const other of others) {
      yield last;
      yield undefined;
      last = other;
    }
    // A separator may span two blocks.
    const kept = Math.min(last.length, END_OF_TEXT.length - 1);
    yield last.slice(0, last.length - kept);
    rest = last.slice(last.length - kept);
  }
  yield rest;
}
