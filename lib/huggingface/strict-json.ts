// Strict JSON for safetensors headers, which must be unambiguous: a repeated key or invalid UTF-8 is an error.
import { jsonTokens } from "./json-tokens.ts";

/**
 * Parses UTF-8 JSON without invalid bytes, a byte order mark, repeated keys, or numbers other than plain integers (`1.0`
 * and `1e3` are refused). Keys such as `__proto__` become ordinary own properties; read the value with `Object.entries`.
 *
 * @throws SyntaxError that says what is wrong
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

/** Decodes UTF-8 and keeps a byte order mark; throws SyntaxError for invalid bytes. */
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
