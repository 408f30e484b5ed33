// Lines of a script that are comments, and text in them.

/** A line that begins a cell. Three percent signs are something else. */
export const MARKER = /^\/\/ ?%%(?!%)(.*)$/;

/** Ends of lines for JavaScript, after which a comment is over, beside "\n". */
const OTHER_ENDS = /[\r\u2028\u2029]/;

/** Text as line comments. */
export function commented(text: string): string[] {
  return text === "" ? [] : text.split("\n").map((line) => line === "" ? "//" : `// ${line}`);
}

/** The text of line comments; lines that are none stay as they are. */
export function uncommented(lines: readonly string[]): string {
  return lines.map((line) => line.replace(/^\/\/ ?/, "")).join("\n");
}

/** Whether text as line comments is comments only, and begins no cell. */
export function isCommentable(text: string): boolean {
  return !OTHER_ENDS.test(text) && !commented(text).some((line) => MARKER.test(line));
}

/** JSON that stays within a line comment, with spaces as Python writes it. */
export function jsonInComment(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonInComment).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return `{${
      Object.entries(value).map(([key, member]) => `${jsonInComment(key)}: ${jsonInComment(member)}`).join(", ")
    }}`;
  }
  return JSON.stringify(value).replace(/[\u2028\u2029]/g, (end) => `\\u${end.charCodeAt(0).toString(16)}`);
}
