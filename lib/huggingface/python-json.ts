// JSON files of model folders: read as Python's `json` reads them, and changed without touching the rest of the text.
import { type JsonToken, jsonTokens } from "./json-tokens.ts";
import { decodeUtf8 } from "./strict-json.ts";

/**
 * Parses UTF-8 JSON as Python's `json.loads()` does: a byte order mark at the start is skipped, `NaN`, `Infinity` and
 * `-Infinity` are numbers, and the last of repeated keys counts. Keys such as `__proto__` become ordinary own properties.
 *
 * @throws SyntaxError that says what is wrong
 */
export function parsePythonJson(bytes: Uint8Array<ArrayBuffer>): unknown {
  const text = withoutMark(decodeUtf8(bytes));
  try {
    return JSON.parse(text);
  } catch (error) {
    const nan = crypto.randomUUID();
    const plain = withoutPythonNumbers(text, nan);
    try {
      if (plain !== text) return JSON.parse(plain, (_, value) => isOnly(value, nan) ? NaN : value);
    } catch { /* the first error is about the original text */ }
    throw new SyntaxError(`it is not JSON (${(error as Error).message})`);
  }
}

const withoutMark = (text: string) => text.startsWith("\ufeff") ? text.slice(1) : text;

/** Replaces the numbers that Python's `json` writes and JSON lacks by JSON. */
function withoutPythonNumbers(text: string, nan: string): string {
  // NaN becomes a list, which like NaN cannot be a key.
  const json = new Map([["Infinity", "1e999"], ["-Infinity", "-1e999"], ["NaN", `["${nan}"]`]]);
  const parts: string[] = [];
  let done = 0;
  for (const { kind, start, end } of jsonTokens(text)) {
    const number = kind === "a" ? json.get(text.slice(start, end)) : undefined;
    if (number === undefined) continue;
    parts.push(text.slice(done, start), number);
    done = end;
  }
  return parts.join("") + text.slice(done);
}

const isOnly = (value: unknown, item: string) => Array.isArray(value) && value.length === 1 && value[0] === item;

/** A new value for a path of one or more keys from the root. */
export interface JsonChange {
  readonly path: readonly string[];
  readonly value: string | number | boolean | null | readonly (string | number | boolean | null)[];
}

/**
 * Changes some values and keeps every other byte. A missing key is added at the end of its object; of repeated keys, the
 * last one is changed, because it is the one that counts.
 *
 * @param bytes JSON that {@linkcode parsePythonJson} reads, with an object at the root and at every key but the last
 */
export function changeJson(bytes: Uint8Array<ArrayBuffer>, changes: readonly JsonChange[]): Uint8Array<ArrayBuffer> {
  const text = changes.reduce(changed, decodeUtf8(bytes));
  return new TextEncoder().encode(text);
}

function changed(text: string, { path, value }: JsonChange): string {
  let object = membersOf(text, 0);
  for (const key of path.slice(0, -1)) object = membersOf(text, object.members.get(key)!.start);
  const json = JSON.stringify(value);
  const member = object.members.get(path.at(-1)!);
  if (member !== undefined) return text.slice(0, member.start) + json + text.slice(member.end);
  const added = `${JSON.stringify(path.at(-1))}: ${json}`;
  const { first, end } = object;
  // Formatted like the first member: on its own line, or after a space.
  const gap = first === undefined ? "" : text.slice(object.start + 1, first);
  return first === undefined
    ? text.slice(0, end) + added + text.slice(end)
    : `${text.slice(0, object.last)},${gap || " "}${added}${text.slice(object.last)}`;
}

/** Positions in the text of an object and its members' values. */
interface ObjectSpans {
  /** The opening brace. */
  readonly start: number;
  /** The first key, if there is one. */
  readonly first: number | undefined;
  /** The end of the last value. */
  readonly last: number;
  /** The closing brace. */
  readonly end: number;
  readonly members: ReadonlyMap<string, { readonly start: number; readonly end: number }>;
}

/** Locates the object that starts at or after `from`. */
function membersOf(text: string, from: number): ObjectSpans {
  const rest = text.slice(from);
  const members = new Map<string, { start: number; end: number }>();
  let [start, first, last, depth] = [from, undefined as number | undefined, from, 0];
  let key: JsonToken | undefined;
  let valueStart: number | undefined;
  for (const token of jsonTokens(rest)) {
    const at = { start: from + token.start, end: from + token.end };
    const opens = token.kind === "{" || token.kind === "[";
    const closes = token.kind === "}" || token.kind === "]";
    if (depth === 0) start = at.start;
    if (depth === 1 && key === undefined && token.kind === '"') {
      key = token;
      first ??= at.start;
    } else if (depth === 1 && key !== undefined && valueStart === undefined && token.kind !== ":") {
      valueStart = at.start;
    }
    if (opens) depth++;
    if (closes) depth--;
    if (depth === 0) return { start, first, last, end: at.start, members };
    if (depth === 1 && valueStart !== undefined && token.kind !== ",") {
      last = at.end;
      members.set(JSON.parse(rest.slice(key!.start, key!.end)), { start: valueStart, end: at.end });
      [key, valueStart] = [undefined, undefined];
    }
  }
  throw new TypeError("There is no JSON object");
}
