// Cuts a document into windows of tokens whose text is known exactly, whatever the tokenizer.
import { byteLength, type Tokenizer } from "../data/mod.ts";
import { UserError } from "../errors.ts";

/** Tokens, and the size of the text that they encode. */
export interface Stretch {
  readonly tokens: readonly number[];
  /** UTF-8 bytes of the text. */
  readonly bytes: number;
}

/** The shortest window, in tokens: a character takes up to four in byte-level BPE. */
export const MIN_WINDOW = 4;

/**
 * Cuts a document into stretches of at most `time` tokens that have about the same length and end between characters.
 *
 * If the texts of consecutive tokens join to the document, as in byte-level BPE, the document's tokens are cut. Otherwise,
 * as in SentencePiece, where the first token of a text loses its space, the text is cut and each stretch is encoded by
 * itself.
 *
 * @throws UserError `eval.tokenizer` if the tokenizer loses text, so that the number of bytes cannot be known, or a
 *   character takes more than `time` tokens
 */
export function cutDocument(text: string, tokenizer: Tokenizer, time: number): Stretch[] {
  const whole = text.toWellFormed();
  const tokens = tokenizer.encode(whole);
  return cutTokens(whole, tokens, tokenizer, time) ?? cutText(whole, tokens.length, tokenizer, time);
}

/** Undefined if the texts of the tokens do not join to the text. */
function cutTokens(text: string, tokens: readonly number[], tokenizer: Tokenizer, time: number): Stretch[] | undefined {
  const spell = (from: number, to: number) => tokenizer.decode(tokens.slice(from, to), { specialTokens: true });
  const stretches: Stretch[] = [];
  let at = 0; // in tokens
  let read = 0; // in UTF-16 units of the text
  while (at < tokens.length) {
    const left = tokens.length - at;
    let size = Math.ceil(left / Math.ceil(left / time));
    let piece = spell(at, at + size);
    /** Whether the text continues with the piece, and the piece ends between characters. */
    const fits = () =>
      piece !== "" && text.startsWith(piece, read) && (!piece.endsWith("\uFFFD") || endsClean(piece, at, at + size));
    // A character takes at most four tokens, so one of these sizes fits if any does.
    for (let tries = 1; tries < MIN_WINDOW && size > 1 && !fits(); tries++) piece = spell(at, at + --size);
    if (!fits()) return undefined;
    stretches.push({ tokens: tokens.slice(at, at + size), bytes: byteLength(piece) });
    at += size;
    read += piece.length;
  }
  return read === text.length ? stretches : undefined;

  /**
   * Whether the U+FFFD at the end of a piece is the text's own. Within a character, decoding both sides separately would
   * replace both halves.
   */
  function endsClean(piece: string, from: number, to: number): boolean {
    return piece + spell(to, to + MIN_WINDOW) === spell(from, to + MIN_WINDOW);
  }
}

function cutText(text: string, tokens: number, tokenizer: Tokenizer, time: number): Stretch[] {
  const stretches: Stretch[] = [];
  let bytes = 0;
  const usual = Math.ceil(text.length / Math.ceil(tokens / time));
  for (let read = 0; read < text.length;) {
    let end = cutBefore(text, read, read + usual);
    let own = tokenizer.encode(text.slice(read, end));
    while (own.length > time) {
      const shorter = cutBefore(text, read, read + Math.floor((end - read) * Math.min(0.9, time / own.length)));
      if (shorter >= end) {
        throw new UserError(
          "eval.tokenizer",
          `The tokenizer spells the character ${
            JSON.stringify(text.slice(read, end))
          } with ${own.length} tokens, but ` +
            `the context has ${time}`,
          "Use a longer context",
        );
      }
      end = shorter;
      own = tokenizer.encode(text.slice(read, end));
    }
    const piece = text.slice(read, end);
    if (plain(tokenizer.decode(own, { specialTokens: true })) !== plain(piece)) {
      throw new UserError(
        "eval.tokenizer",
        "The tokenizer does not give back the text of a document after " +
          JSON.stringify(text.slice(Math.max(0, read - 40), read).toWellFormed()),
        "Bits per byte need a tokenizer that loses nothing but blanks and ways to write the same character: not one that " +
          "lowers case, for instance",
      );
    }
    bytes += byteLength(piece);
    read = end;
    if (own.length === 0) continue; // blanks without tokens belong to the next stretch
    stretches.push({ tokens: own, bytes });
    bytes = 0;
  }
  return stretches;
}

/** The last place before a blank in the second half of the stretch, else the last between characters; after `from`. */
function cutBefore(text: string, from: number, to: number): number {
  if (to >= text.length) return text.length;
  for (let at = to; at > (from + to) / 2; at--) if (/\s/.test(text[at]!)) return at;
  const pair = (at: number) => /^[\udc00-\udfff]/.test(text[at] ?? "");
  let at = Math.max(to, from + 1);
  while (at > from + 1 && pair(at)) at--;
  while (pair(at)) at++;
  return at;
}

/** The text without what tokenizers normalize: whitespace, and characters that can be written in several ways. */
function plain(text: string): string {
  return text.normalize("NFKC").replace(/\s+/g, "");
}
