// Text from logs, labels and configurations made safe to show. Pure: the browser loads this file.

/**
 * Characters that a terminal or a page would obey instead of showing them: control characters, the line and paragraph
 * separators, and the marks that change the direction of text, with which a name can pretend to be another (Unicode
 * Technical Report 36, section 3.1).
 */
// deno-lint-ignore no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb]/g;

/** One line of text without characters that move the cursor, hide text or reverse it; each becomes U+FFFD. */
export function printable(text: string): string {
  return text.replace(/[\t\n]+/g, " ").replace(UNSAFE, "\ufffd");
}

/** Several lines of text, each {@linkcode printable}; indentation stays. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

/** The text with every unsafe character, but for line ends, replaced by what `escape` gives. */
export function escapeUnsafe(text: string, escape: (character: string) => string): string {
  return text.replace(UNSAFE, (character) => character === "\n" ? character : escape(character));
}

/**
 * JSON on one line in which unsafe characters are written as `\u` escapes, so that it reads back as the same value. Big
 * integers are written as numbers with all their digits.
 */
export function jsonLine(value: unknown): string {
  const { rawJSON } = JSON as typeof JSON & { rawJSON(text: string): unknown };
  return JSON.stringify(value, (_, member) => typeof member === "bigint" ? rawJSON(String(member)) : member).replace(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
