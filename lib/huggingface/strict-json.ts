// The JSON of a safetensors header, which must mean one thing only: a repeated key or a bad encoding is an error.
import { jsonTokens } from "./json-tokens.ts";

/**
 * Parses UTF-8 JSON strictly: no byte that is not UTF-8, no byte order mark, no repeated key in an object, and no number
 * that is not written as a plain integer, such as `1.0` and `1e3`. Keys such as `__proto__` become ordinary own
 * properties; read the value with `Object.entries`.
 *
 * @throws SyntaxError that says what was wrong
 */
export function parseStrictJson(bytes: Uint8Array<ArrayBuffer>): unknown {
  const text = decodeUtf8(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(`it is not JSON (${(error as Error).message})`);
  }
  checkTokens(text);
  return value;
}

/** The text; throws SyntaxError for what is not UTF-8. A byte order mark stays. */
export function decodeUtf8(bytes: Uint8Array<ArrayBuffer>): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SyntaxError("it is not UTF-8");
  }
}

function checkTokens(text: string): void {
  // One entry per open bracket: the keys seen so far, or undefined for an array.
  const open: (Set<string> | undefined)[] = [];
  let keyNext = false;
  for (const { kind, start, end } of jsonTokens(text)) {
    const keys = open.at(-1);
    if (kind === "{") {
      open.push(new Set());
      keyNext = true;
      continue;
    }
    if (kind === "[") open.push(undefined);
    else if (kind === "}" || kind === "]") open.pop();
    else if (kind === '"' && keyNext && keys !== undefined) {
      const key = JSON.parse(text.slice(start, end)) as string;
      if (keys.has(key)) throw new SyntaxError(`the key ${JSON.stringify(key)} appears twice`);
      keys.add(key);
    } else if (kind === "0" && !/^-?\d+$/.test(text.slice(start, end))) {
      throw new SyntaxError(`${text.slice(start, end)} is not a whole number`);
    }
    keyNext = kind === "," && keys !== undefined;
  }
}
