// A JSON lexer, for what JSON.parse does not report: repeated keys, and where in the text a value is.

/** A string, number, literal or structural character. */
export interface JsonToken {
  /** `"` is a string, `0` a number, and `a` a literal such as `true` or anything else. */
  readonly kind: "{" | "}" | "[" | "]" | "," | ":" | '"' | "0" | "a";
  readonly start: number;
  readonly end: number;
}

/** The tokens in order, in time linear in the length of the text. Does not check that the text is JSON. */
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

/** The end of the string that opens at `start`, or of the text if it does not close. */
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
