// Values as Python writes and reads them: the harness prints documents into prompts, and parses templates' lists.

export { PythonFloat, pythonRepr, pythonText } from "../jinja/mod.ts";

/** What Python counts as whitespace, in a character class. */
export const PYTHON_SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

const SPACE = new RegExp(`^[${PYTHON_SPACE}]`);
const SPACES_AT_END = new RegExp(`[${PYTHON_SPACE}]+$`);
const SPACES_AT_START = new RegExp(`^[${PYTHON_SPACE}]+`);

/** Whether a text begins with whitespace, as `text[0].isspace()`. */
export const startsWithSpace = (text: string): boolean => SPACE.test(text);

/** Whether a text ends with whitespace, as `text[-1].isspace()`. */
export const endsWithSpace = (text: string): boolean => SPACES_AT_END.test(text);

/** Python's `rstrip()`. */
export const stripEnd = (text: string): string => text.replace(SPACES_AT_END, "");

/** Python's `strip()`. */
export const strip = (text: string): string => stripEnd(text).replace(SPACES_AT_START, "");

/** Python's `split()` without a separator. */
export const pythonWords = (text: string): string[] =>
  text.split(new RegExp(`[${PYTHON_SPACE}]+`)).filter((word) => word !== "");

/** The number of parts that `re.split(r"\s+", text)` gives. */
export const wordCount = (text: string): number => text.split(new RegExp(`[${PYTHON_SPACE}]+`)).length;

/** Python's `len()` of a text, in code points. */
export const textLength = (text: string): number => [...text].length;
