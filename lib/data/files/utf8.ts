// Strict reading of UTF-8: where a byte is wrong is said, nothing is replaced.
import { UserError } from "../../errors.ts";

/**
 * The text of `bytes`, without a byte order mark.
 *
 * @param where the file, for the message
 * @throws UserError for invalid UTF-8 and NUL bytes, with the byte offset
 */
export function decodeUtf8(bytes: Uint8Array, where: string): string {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const offset = firstInvalidByte(bytes);
    throw new UserError(
      "data.not-utf8",
      `${where} is not UTF-8: byte ${offset} is 0x${(bytes[offset] ?? 0).toString(16).padStart(2, "0")}`,
      "Save it as UTF-8, for instance with `iconv -f latin1 -t utf-8`; binary files cannot be training text",
    );
  }
  const nul = bytes.indexOf(0);
  if (nul >= 0) {
    throw new UserError(
      "data.nul",
      `${where} has a NUL byte at byte ${nul}: text has none`,
      "Is it a binary file, or UTF-16? Save it as UTF-8",
    );
  }
  return text;
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
