// Pretokens, across which BPE never merges, and the byte alphabet of byte-level BPE.

/** The only special token of our tokenizers; its id is 0. */
export const END_OF_TEXT = "<|endoftext|>";

/**
 * Pretokens similar to GPT-2's: contractions; words with the space before them; **single digits**; runs of punctuation
 * with the space before them; line ends with the blanks before them; blanks.
 *
 * - Each digit is a pretoken, without a space, so that numbers always use the same ten tokens: small models learn
 *   arithmetic far sooner than with chunks of one to three digits.
 * - Combining marks (`\p{M}`) belong to their letters; otherwise Devanagari and Thai words would fall apart.
 * - Blanks are listed rather than written `\s`, which matches different characters in JavaScript and in Oniguruma.
 */
export const PRETOKEN_PATTERN =
  "'(?:[sdmt]|ll|ve|re)| ?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\p{L}\\p{M}\\p{N}\\p{Z}\\t\\n\\r]+" +
  "|[\\t\\p{Z}]*[\\n\\r]+|[\\t\\p{Z}]+(?![^\\t\\n\\r\\p{Z}])|[\\t\\n\\r\\p{Z}]+";

/** A new regular expression for {@linkcode PRETOKEN_PATTERN}; every character of a text belongs to exactly one pretoken. */
export function pretokenPattern(): RegExp {
  return new RegExp(PRETOKEN_PATTERN, "gu");
}

/**
 * The printable character that stands for each byte in a byte-level vocabulary (GPT-2's table): printable Latin-1
 * stands for itself, the rest for U+0100 upwards.
 */
export const BYTE_CHARACTERS: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(printable ? byte : next++);
  });
})();
