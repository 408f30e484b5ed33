// Multiple-choice questions: which of four continuations follows a passage of a held-out document?
import type { Document, Tokenizer } from "../data/mod.ts";
import { type Random, random } from "../random.ts";
import { type ChoiceItem, CHOICES, type TaskOptions } from "./task.ts";

/** A piece of a document. */
interface Piece {
  readonly document: number;
  /** Start index, in UTF-16 units. */
  readonly start: number;
  readonly text: string;
  readonly bytes: number;
}

/** Maximum length of a continuation; shorter if the context is short. */
const MAX_BYTES = 96;
/** Maximum relative difference in length between a distractor and the right continuation. */
const TOLERANCE = 0.2;
/** A piece begins at most this many UTF-16 units after the drawn place: text may have no blank for a long stretch. */
const SEARCHED = 16_384;
/** UTF-16 units of the preceding text to encode for each token of the prompt. */
const UNITS_PER_TOKEN = 8;

/**
 * Questions whose prompt is a stretch of a held-out document, and whose choices are what follows it and three pieces of
 * other documents. All four begin with the same blank (a space or a line end, across which no tokenizer merges), end
 * before one, and have nearly the same length in bytes. There may be fewer than `items`; a single document gives none.
 *
 * @param among `document`: the other three pieces are of the same document, and all begin where a line or a sentence does,
 *   so that grammar alone does not tell which comes next
 */
export function continuationItems(
  name: string,
  documents: readonly Document[],
  tokenizer: Tokenizer,
  { seed, items, time }: TaskOptions,
  among: "documents" | "document" = "documents",
): ChoiceItem[] {
  const draw = random(seed, "task", name);
  const length = Math.min(MAX_BYTES, Math.floor(time / 2));
  const order = draw.shuffle(documents.map((_, i) => i).filter((i) => documents[i]!.text.length > 2 * length));
  if (order.length < 2) return [];
  const result: ChoiceItem[] = [];
  const seen = new Set<string>();
  // Documents take turns. Some turns yield no item, so there are more turns than items.
  for (let turn = 0; turn < 8 * items && result.length < items; turn++) {
    const document = order[turn % order.length]!;
    const begins = among === "document" ? isBeginning : isCut;
    const right = pieceOf(documents, document, length, draw, length, { begins });
    if (right === undefined || seen.has(`${document}:${right.start}`)) continue;
    const others = among === "document" ? passages(documents, right, draw) : distractors(documents, order, right, draw);
    if (others === undefined) continue;
    seen.add(`${document}:${right.start}`);
    const pieces = draw.shuffle([right, ...others]);
    const choices = pieces.map(({ text }) => ({ tokens: tokenizer.encode(text) }));
    const room = time - Math.max(...choices.map(({ tokens }) => tokens.length));
    if (room < 1 || choices.some(({ tokens }) => tokens.length === 0)) continue;
    const { text } = documents[document]!;
    const before = text.slice(Math.max(0, right.start - UNITS_PER_TOKEN * room), right.start).toWellFormed();
    const prompt = [tokenizer.endOfText, ...tokenizer.encode(before).slice(-room)];
    result.push({ prompt, choices, right: pieces.indexOf(right) });
  }
  return result;
}

function distractors(
  documents: readonly Document[],
  order: readonly number[],
  right: Piece,
  draw: Random,
): Piece[] | undefined {
  const found: Piece[] = [];
  for (let attempt = 0; attempt < 60 && found.length < CHOICES - 1; attempt++) {
    const document = draw.pick(order);
    if (document === right.document) continue;
    // With enough documents, each distractor comes from a different one.
    if (order.length >= CHOICES && found.some((piece) => piece.document === document)) continue;
    const piece = pieceOf(documents, document, right.bytes, draw, 0, { blank: right.text[0]! });
    if (piece === undefined || Math.abs(piece.bytes - right.bytes) > TOLERANCE * right.bytes) continue;
    if ([right, ...found].some(({ text }) => text === piece.text)) continue;
    found.push(piece);
  }
  return found.length === CHOICES - 1 ? found : undefined;
}

/** Three other pieces of the same document that do not overlap with the right one or with each other. */
function passages(documents: readonly Document[], right: Piece, draw: Random): Piece[] | undefined {
  const found: Piece[] = [];
  for (let attempt = 0; attempt < 60 && found.length < CHOICES - 1; attempt++) {
    const piece = pieceOf(documents, right.document, right.bytes, draw, 0, {
      begins: isBeginning,
      blank: right.text[0]!,
    });
    if (piece === undefined || Math.abs(piece.bytes - right.bytes) > TOLERANCE * right.bytes) continue;
    const apart = ({ start, text }: Piece) =>
      text !== piece.text && (start + text.length <= piece.start || piece.start + piece.text.length <= start);
    if ([right, ...found].every(apart)) found.push(piece);
  }
  return found.length === CHOICES - 1 ? found : undefined;
}

/** A random piece of `length / 2` to `length` bytes that starts at or after `from`, where `begins`, with `blank` if given. */
function pieceOf(
  documents: readonly Document[],
  document: number,
  length: number,
  draw: Random,
  from: number,
  { begins = isCut, blank }: { readonly begins?: typeof isCut; readonly blank?: string },
): Piece | undefined {
  const { text } = documents[document]!;
  let start = draw.between(from, Math.max(from, text.length - length));
  const last = Math.min(text.length, start + SEARCHED);
  while (start < last && !(begins(text, start) && (blank === undefined || text[start] === blank))) start++;
  if (start === last) return undefined;
  // A unit is at least one byte, so the piece ends within the next `length` units.
  const bytesOf = (end: number) => new TextEncoder().encode(text.slice(start, end)).length;
  for (let end = Math.min(text.length, start + length); end > start; end--) {
    if (end < text.length && !isCut(text, end)) continue;
    const bytes = bytesOf(end);
    if (bytes > length) continue;
    return bytes >= length / 2 ? { document, start, text: text.slice(start, end), bytes } : undefined;
  }
  return undefined;
}

/** Whether a word or a line ends before `at`, with a single blank at which a pretoken begins. */
function isCut(text: string, at: number): boolean {
  const blank = text[at];
  if (at === 0 || /\s/.test(text[at - 1]!)) return false;
  return blank === "\n" || (blank === " " && at + 1 < text.length && /\p{L}/u.test(text[at + 1]!));
}

/** Whether a line or a sentence ends before `at`, likewise. */
function isBeginning(text: string, at: number): boolean {
  return isCut(text, at) && (text[at] === "\n" || /[.!?]/.test(text[at - 1]!));
}
