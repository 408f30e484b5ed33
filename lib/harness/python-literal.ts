// Python's `ast.literal_eval()`: texts, numbers, constants and containers.
import { PythonFloat } from "./python-values.ts";

/** What a text cannot be parsed for. */
export class LiteralError extends Error {}

/**
 * The value of a Python literal. Tuples and sets become lists.
 *
 * @throws LiteralError if the text is anything else
 */
export function pythonLiteral(text: string): unknown {
  let at = 0;
  const source = text.trim();
  const value = read();
  blanks();
  if (at < source.length) throw unexpected();
  return value;

  function read(): unknown {
    blanks();
    const character = source[at];
    if (character === "[") return container("]");
    if (character === "(") return parenthesized();
    if (character === "{") return braces();
    if (character === "'" || character === '"') return texts();
    const constant = /^(?:True|False|None)\b/.exec(source.slice(at))?.[0];
    if (constant !== undefined) {
      at += constant.length;
      return constant === "None" ? null : constant === "True";
    }
    const number = /^[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?/.exec(source.slice(at))?.[0];
    if (number === undefined || /^[+-]?0\d/.test(number)) throw unexpected();
    at += number.length;
    const found = Number(number.replaceAll("_", ""));
    return /[.eE]/.test(number) ? new PythonFloat(found) : found;
  }

  function container(close: string): unknown[] {
    at++;
    const items: unknown[] = [];
    for (;;) {
      blanks();
      if (source[at] === close) break;
      items.push(read());
      blanks();
      if (source[at] === ",") at++;
      else if (source[at] !== close) throw unexpected();
    }
    at++;
    return items;
  }

  /** `(1)` is a number, `(1,)` a tuple. */
  function parenthesized(): unknown {
    const start = at;
    const items = container(")");
    const isTuple = items.length !== 1 || /,\s*\)$/.test(source.slice(start, at));
    return isTuple ? items : items[0];
  }

  function braces(): unknown {
    at++;
    const found: Record<string, unknown> = {};
    const items: unknown[] = [];
    for (;;) {
      blanks();
      if (source[at] === "}") break;
      const key = read();
      blanks();
      if (source[at] === ":") {
        at++;
        found[String(key)] = read();
        blanks();
      } else items.push(key);
      if (source[at] === ",") at++;
      else if (source[at] !== "}") throw unexpected();
    }
    at++;
    return items.length > 0 ? items : found;
  }

  /** One text, or several that are joined. */
  function texts(): string {
    let joined = "";
    for (let next = source[at]; next === "'" || next === '"'; blanks(), next = source[at]) joined += quoted(next);
    return joined;
  }

  function quoted(quote: string): string {
    const triple = source.startsWith(quote.repeat(3), at);
    const end = triple ? quote.repeat(3) : quote;
    at += end.length;
    let found = "";
    while (!source.startsWith(end, at)) {
      if (at >= source.length || (!triple && source[at] === "\n")) throw unexpected();
      found += source[at] === "\\" ? escape() : source[at++]!;
    }
    at += end.length;
    return found;
  }

  function escape(): string {
    const [all, code] = /^\\(\r?\n|[\\'"abfnrtv]|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})/
      .exec(source.slice(at)) ?? [];
    if (all === undefined || code === undefined) {
      at++;
      return "\\"; // an unknown escape stands for itself
    }
    at += all.length;
    if (code.endsWith("\n")) return "";
    if (/^[xuU]/.test(code)) return String.fromCodePoint(parseInt(code.slice(1), 16));
    if (/^[0-7]/.test(code)) return String.fromCodePoint(parseInt(code, 8));
    return ESCAPES[code] ?? code;
  }

  function blanks(): void {
    while (/\s/.test(source[at] ?? "")) at++;
  }

  function unexpected(): LiteralError {
    return new LiteralError(at >= source.length ? "it ends too early" : `unexpected ${JSON.stringify(source[at])}`);
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};
