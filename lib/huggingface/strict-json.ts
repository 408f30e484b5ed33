// JSON that means one thing only: like JSON.parse, but a repeated key or a bad encoding is an error.

/** Matches one string, one number, or one character of structure of a text that is already known to be JSON. */
const JSON_TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|[{}[\],:]/g;

/**
 * Parses UTF-8 JSON strictly: no byte that is not UTF-8, no byte order mark, no key twice in one object.
 * Keys such as `__proto__` become ordinary own properties; read the value with `Object.entries`.
 *
 * @param wholeNumbers also refuse numbers that are not written as plain integers, such as `1.0` and `1e3`
 * @throws SyntaxError that says what was wrong
 */
export function parseStrictJson(bytes: Uint8Array<ArrayBuffer>, wholeNumbers = false): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SyntaxError("it is not UTF-8");
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(`it is not JSON (${(error as Error).message})`);
  }
  checkTokens(text, wholeNumbers);
  return value;
}

function checkTokens(text: string, wholeNumbers: boolean): void {
  // One entry an open bracket: the keys seen so far, or undefined for an array.
  const open: (Set<string> | undefined)[] = [];
  let keyNext = false;
  for (const [token] of text.matchAll(JSON_TOKEN)) {
    const keys = open.at(-1);
    switch (token[0]) {
      case "{":
        open.push(new Set());
        keyNext = true;
        break;
      case "[":
        open.push(undefined);
        keyNext = false;
        break;
      case "}":
      case "]":
        open.pop();
        keyNext = false;
        break;
      case ",":
        keyNext = keys !== undefined;
        break;
      case ":":
        keyNext = false;
        break;
      case '"':
        if (keyNext && keys !== undefined) {
          const key = JSON.parse(token) as string;
          if (keys.has(key)) throw new SyntaxError(`the key ${JSON.stringify(key)} appears twice`);
          keys.add(key);
        }
        break;
      default:
        if (wholeNumbers && !/^-?\d+$/.test(token)) throw new SyntaxError(`${token} is not a whole number`);
    }
  }
}
