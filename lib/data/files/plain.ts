// Plain text as documents.
import { END_OF_TEXT } from "../tokenizer/train.ts";
import { cutText, textCutter, tidy } from "../text/cut.ts";
import { MAX_TEXT, tooLong } from "./utf8.ts";

/** A separated document longer than this is cut like running text, so that it need not fit into memory as a whole. */
const LONGEST_DOCUMENT = 1 << 24;

/**
 * The documents of a `.txt` file. Where `<|endoftext|>` separates documents, each is one; running text without it is cut
 * at blank lines, else at lines, sentences, blanks or characters.
 *
 * @param longest characters of a separated document that stays whole
 */
export async function* plainDocuments(
  text: AsyncIterable<string>,
  { longest = LONGEST_DOCUMENT }: { readonly longest?: number } = {},
): AsyncGenerator<string> {
  /** What is known of the document that is being read, while it may stay whole. */
  let document = "";
  let cutter: ReturnType<typeof textCutter> | undefined;
  /** The only document so far: a file of a single one is running text. */
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

/** The text of a file whose whole content is one document. */
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

/** The text in parts, with undefined where `<|endoftext|>` stood. */
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
    // The separator may be cut in two.
    const kept = Math.min(last.length, END_OF_TEXT.length - 1);
    yield last.slice(0, last.length - kept);
    rest = last.slice(last.length - kept);
  }
  yield rest;
}
