// The tokens of a JSON text with their places: for what JSON.parse does not say, such as repeated keys, or where a value
// stands in the file.

/** One string, number, literal or character of structure. */
export interface JsonToken {
  /** `a` stands for a literal such as `true`, and for anything that is not JSON. */
  readonly kind: "{" | "}" | "[" | "]" | "," | ":" | '"' | "0" | "a";
  readonly start: number;
  readonly end: number;
}

/** The tokens in order, in time linear in the length of the text. Says nothing about whether the text is JSON. */
export function* jsonTokens(text: string): Generator<JsonToken> {
  for (let at = 0; at < text.length;) {
    const start = at;
    const character = text[at]!;
    if (/\s/.test(character)) at++;
    else if ("{}[],:".includes(character)) yield { kind: character as JsonToken["kind"], start, end: ++at };
    else if (character === '"') yield { kind: '"', start, end: at = endOfString(text, at) };
    else {
      while (at < text.length && !/[\s{}[\],:"]/.test(text[at]!)) at++;
      yield { kind: /^-?\d/.test(text.slice(start, start + 2)) ? "0" : "a", start, end: at };
    }
  }
}

/** Where the string ends that opens at `start`; the end of the text if it never does. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return text.length;
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}
