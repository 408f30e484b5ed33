// Values as Python writes them.
import type { JinjaValue } from "./meter.ts";

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

/** A value of the library as Python's. @throws Error for functions */
export function toPlain({ type, value }: JinjaValue): unknown {
  if (type === "FloatValue") return new PythonFloat(value as unknown as number);
  if (type === "ArrayValue" || type === "TupleValue") return (value as unknown as JinjaValue[]).map(toPlain);
  if (type === "ObjectValue") {
    const entries = [...value as unknown as Map<string, JinjaValue>];
    return Object.fromEntries(entries.map(([key, one]) => [key, toPlain(one)]));
  }
  if (type === "FunctionValue" || type === "NamespaceValue") throw new Error("a function cannot be printed");
  return value;
}
