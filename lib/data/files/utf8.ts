// Decodes UTF-8 strictly: an invalid byte is reported with its place, never replaced.
import { UserError } from "../../errors.ts";
import { joinBytes } from "./blocks.ts";

/** UTF-16 units of the longest string that V8 can hold; one document must fit into a string. */
export const MAX_TEXT = 2 ** 29 - 24;

/**
 * The text of `bytes`, without a byte order mark at its start.
 *
 * @param where the file, or file and record, for the message
 * @param offset bytes of the file before these, for the message
 * @throws UserError for invalid UTF-8 and NUL bytes, with the byte's place, and for text too long for one string
 */
export function decodeUtf8(bytes: Uint8Array, where: string, offset = 0): string {
  return decode(bytes, where, offset, false);
}

/**
 * The text of a file in parts that end between characters. A byte order mark at the start of any line is dropped: files
 * joined by `cat` have them in the middle.
 *
 * @throws UserError as {@linkcode decodeUtf8}
 */
export async function* decodeBlocks(blocks: AsyncIterable<Uint8Array>, where: string): AsyncGenerator<string> {
  let offset = 0;
  let rest: Uint8Array = new Uint8Array();
  let atLineStart = true;
  for await (const block of blocks) {
    const bytes = rest.length === 0 ? block : joinBytes([rest, block]);
    const end = wholeCharacters(bytes);
    const text = decode(bytes.subarray(0, end), where, offset, true);
    offset += end;
    rest = bytes.slice(end);
    if (text === "") continue;
    yield withoutMarks(text, atLineStart);
    atLineStart = text.endsWith("\n");
  }
  if (rest.length > 0) decode(rest, where, offset, true); // throws: the last character is cut short
}

function withoutMarks(text: string, atLineStart: boolean): string {
  if (!text.includes("\ufeff")) return text;
  const plain = text.replaceAll("\n\ufeff", "\n");
  return atLineStart && plain.startsWith("\ufeff") ? plain.slice(1) : plain;
}

function decode(bytes: Uint8Array, where: string, offset: number, ignoreBOM: boolean): string {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM }).decode(bytes);
  } catch (error) {
    const invalid = firstInvalidByte(bytes);
    if (invalid === bytes.length) {
      if (bytes.length > MAX_TEXT) throw tooLong(where);
      throw error; // the fault is not in the user's file
    }
    const utf16 = offset === 0 &&
      ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff));
    throw new UserError(
      "data.not-utf8",
      `${where} is not UTF-8: byte ${offset + invalid} is 0x${bytes[invalid]!.toString(16).padStart(2, "0")}`,
      utf16
        ? "It is UTF-16: save it as UTF-8, for instance with `iconv -f utf-16 -t utf-8`"
        : "Save it as UTF-8, for instance with `iconv -f latin1 -t utf-8`, or skip what is not with data.skipBad=true; binary " +
          "files cannot be training text",
    );
  }
  const nul = bytes.indexOf(0);
  if (nul >= 0) {
    throw new UserError(
      "data.nul",
      `${where} has a NUL byte at byte ${offset + nul}: text has none`,
      "Is it a binary file, or UTF-16? Save it as UTF-8",
    );
  }
  return text;
}

/** The error for a document that does not fit into one string. */
export function tooLong(where: string): UserError {
  return new UserError(
    "data.too-long",
    `${where} has more than 512 MB of text in one document`,
    "Split it into several documents: a .txt file is cut into documents by itself, a .jsonl file has one per line",
  );
}

/** Length of the longest prefix of `bytes` that ends between characters, assuming UTF-8. */
function wholeCharacters(bytes: Uint8Array): number {
  const { length } = bytes;
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = bytes[length - back]!;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const needed = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return needed > back ? length - back : length;
  }
  return length;
}

/** Offset of the first byte that starts no valid UTF-8 sequence, or `bytes.length`. */
export function firstInvalidByte(bytes: Uint8Array): number {
  let i = 0;
  while (i < bytes.length) {
    const length = sequenceLength(bytes, i);
    if (length === 0) return i;
    i += length;
  }
  return i;
}

/** Length of the valid sequence at `i`, or 0 (The Unicode Standard, table 3-7). */
function sequenceLength(bytes: Uint8Array, i: number): number {
  const first = bytes[i]!;
  if (first < 0x80) return 1;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  // No overlong forms, no surrogates, nothing above U+10FFFF.
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  for (let k = 1; k < length; k++) {
    const byte = bytes[i + k];
    if (byte === undefined || byte < (k === 1 ? low : 0x80) || byte > (k === 1 ? high : 0xbf)) return 0;
  }
  return length;
}
