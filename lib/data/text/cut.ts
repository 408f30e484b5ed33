// Cuts long texts into documents of a few thousand characters, at the best places.

/** Documents are cut to about this many characters. */
export const PIECE_CHARACTERS = 4000;

/** The size of a text: the sum of the sizes of its parts. */
export type Measure = (text: string) => number;

const characters: Measure = (text) => text.length;

/**
 * Where running text may be cut, best places first. Each pattern matches between two characters and looks at few around
 * them, so that cutting takes linear time.
 */
const CUTS: readonly RegExp[] = [
  /(?<=\n[ \t\r]*\n)(?=\S)/, // after blank lines
  /(?<=\n)(?=\S)/, // between lines
  /(?<=[.!?]["”’)]?\s)(?=["“‘(]?\p{Lu})/u, // between sentences, where capitals begin them
  /(?<=[。！？｡．…।॥؟۔።។။][」』”’）)]?)(?![」』”’）)。！？｡．…])/u, // between sentences of other scripts
  /(?<=\s)(?=\S)/, // between words
  /(?<=[，、；：､])/u, // between clauses of scripts without spaces
];

/** Cuts running text into documents of about {@linkcode PIECE_CHARACTERS}, at the best places ({@linkcode CUTS}). */
export function cutText(text: string): string[] {
  const cutter = textCutter();
  return [...cutter.push(text), ...cutter.end()];
}

/** Cuts running text that arrives in parts. */
export interface TextCutter {
  /** Takes the next part and returns the documents that are complete. */
  push(text: string): string[];
  /** The last documents. */
  end(): string[];
}

/**
 * {@linkcode cutText} for text that is too long to process as a whole. It is processed in windows that end at their best
 * place. The result does not depend on the parts in which the text arrives.
 *
 * @param window characters
 */
export function textCutter(window = 1 << 22): TextCutter {
  const packer = piecePacker("", PIECE_CHARACTERS, characters);
  let buffer = "";
  const cut = (text: string) => cutFinely(text, PIECE_CHARACTERS, characters).flatMap(packer.push).map(tidy);
  return {
    push(text) {
      buffer += text;
      const pieces: string[] = [];
      while (buffer.length > window) {
        const end = lastCut(buffer.slice(0, window));
        pieces.push(...cut(buffer.slice(0, end)));
        buffer = buffer.slice(end);
      }
      return pieces;
    },
    end: () => [...cut(buffer), ...packer.end().map(tidy)],
  };
}

/** Cuts a text into parts of at most `limit`, unless a single character is larger. */
export function cutToSize(text: string, limit: number, measure: Measure): string[] {
  return packPieces(cutFinely(text, limit, measure), "", limit, measure);
}

/** Removes blank lines at the start and whitespace at the end. */
export function tidy(text: string): string {
  const whole = text.trimEnd();
  const start = whole.search(/\S/);
  return start <= 0 ? whole : whole.slice(whole.lastIndexOf("\n", start) + 1);
}

/** Cuts a text that is larger than `limit` at the best places that make all parts small enough. */
function cutFinely(text: string, limit: number, measure: Measure): string[] {
  let parts = [text];
  for (const cut of CUTS) {
    if (parts.every((part) => measure(part) <= limit)) return parts;
    parts = parts.flatMap((part) => measure(part) > limit ? part.split(cut) : [part]);
  }
  return parts.flatMap((part) => measure(part) > limit ? cutBetweenCharacters(part, limit, measure) : [part]);
}

function cutBetweenCharacters(text: string, limit: number, measure: Measure): string[] {
  const parts: string[] = [];
  let start = 0;
  let end = 0;
  let size = 0;
  const take = (unit: string) => {
    const own = measure(unit);
    if (size > 0 && size + own > limit) {
      parts.push(text.slice(start, end));
      [start, size] = [end, 0];
    }
    end += unit.length;
    size += own;
  };
  // Marks and joiners stay with the character before them, unless there are too many.
  for (const [character] of text.matchAll(/[^][\p{M}\u200d]*/gu)) {
    if (measure(character) <= limit) take(character);
    else for (const point of character) take(point);
  }
  return [...parts, text.slice(start)];
}

/** The last of the best places at which a text can be cut. */
function lastCut(text: string): number {
  for (const cut of CUTS) {
    const last = text.split(cut).at(-1)!;
    if (last.length < text.length) return text.length - last.length;
  }
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last < 0xdc00 ? text.length - 1 : text.length;
}

/**
 * Joins neighboring parts into pieces of at most `limit`; a larger part stays whole. Blank parts are dropped.
 */
export function packPieces(
  parts: readonly string[],
  separator: string,
  limit = PIECE_CHARACTERS,
  measure: Measure = characters,
): string[] {
  const packer = piecePacker(separator, limit, measure);
  return [...parts.flatMap(packer.push), ...packer.end()];
}

function piecePacker(separator: string, limit: number, measure: Measure) {
  const between = measure(separator);
  let piece = "";
  let size = 0;
  return {
    push(part: string): string[] {
      if (part.trim() === "") return [];
      const own = measure(part);
      if (piece !== "" && size + between + own <= limit) {
        piece += separator + part;
        size += between + own;
        return [];
      }
      const full = piece === "" ? [] : [piece];
      [piece, size] = [part, own];
      return full;
    },
    end: (): string[] => piece === "" ? [] : [piece],
  };
}
