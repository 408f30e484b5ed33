// Values as Python writes and reads them: the harness prints documents into prompts, and parses templates' lists.

/** A number that Python holds as a float, so that 3 is written 3.0. */
export class PythonFloat {
  constructor(readonly value: number) {}
  toJSON(): number {
    return this.value;
  }
}

/** Python's `str()`. */
export function pythonText(value: unknown): string {
  return typeof value === "string" ? value : pythonRepr(value);
}

/** Python's `repr()` of what JSON can hold. */
export function pythonRepr(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return reprOfText(value);
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value).toString() : reprOfFloat(value);
  if (value instanceof PythonFloat) return reprOfFloat(value.value);
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(", ")}]`;
  const entries = Object.entries(value as object).map(([key, one]) => `${reprOfText(key)}: ${pythonRepr(one)}`);
  return `{${entries.join(", ")}}`;
}

/** The shortest digits that read back, as in JavaScript, but with an exponent below 1e-4 and from 1e16 on. */
function reprOfFloat(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [digits, exponent] = value.toExponential().split("e") as [string, string];
  const power = Number(exponent);
  if (power < -4 || power >= 16) {
    return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  const text = String(value);
  // JavaScript writes 1e-5 and 1e-6 without an exponent, which the case above covers.
  return Number.isInteger(value) ? `${text}.0` : text;
}

function reprOfText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let result = quote;
  for (const character of text) {
    if (character === quote || character === "\\") result += `\\${character}`;
    else if (character === "\n") result += "\\n";
    else if (character === "\r") result += "\\r";
    else if (character === "\t") result += "\\t";
    else if (character !== " " && /[\p{C}\p{Z}]/u.test(character)) result += escaped(character.codePointAt(0)!);
    else result += character;
  }
  return result + quote;
}

function escaped(code: number): string {
  const hex = code.toString(16);
  return code < 256
    ? `\\x${hex.padStart(2, "0")}`
    : code < 65536
    ? `\\u${hex.padStart(4, "0")}`
    : `\\U${hex.padStart(8, "0")}`;
}

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
