// Values of JavaScript as JSON: how inputs reach a generated program and how what it returns comes back, and the
// comparison of two values, which is made here, out of the program's reach.

/**
 * A value as JSON. Null, truth values, strings, numbers, arrays and plain objects are what they are in JSON. Any other
 * value is an object with the key `$`:
 *
 * - `{"$": "undefined"}`
 * - `{"$": "number", "value": "NaN"}`, and so for `Infinity`, `-Infinity` and `-0`
 * - `{"$": "bigint", "value": "12"}`
 * - `{"$": "map", "value": [[key, value], …]}` and `{"$": "set", "value": […]}`
 * - `{"$": "date", "value": milliseconds}`
 * - `{"$": "array", "value": ["Uint8Array", […]]}` for typed arrays
 * - `{"$": "object", "value": [[key, value], …]}` for an object that has a key `$` itself
 * - `{"$": "cycle", "value": 1}` for an object within itself, as many levels up
 * - `{"$": "function"}` and `{"$": "symbol"}`, which equal nothing
 *
 * Objects of classes are encoded by their own enumerable properties, and holes of arrays as undefined.
 */
export type Encoded = null | boolean | number | string | readonly Encoded[] | { readonly [key: string]: Encoded };

const isArray = (value: Encoded): value is readonly Encoded[] => Array.isArray(value);

/** A value's kind, and for the tagged ones what they hold. */
function tagOf(value: Encoded): { readonly tag: string; readonly held: Encoded } {
  if (value === null) return { tag: "null", held: null };
  if (typeof value !== "object") return { tag: typeof value, held: value };
  if (isArray(value)) return { tag: "list", held: value };
  if (Object.hasOwn(value, "$")) return { tag: String(value.$), held: value.value ?? null };
  return { tag: "object", held: Object.entries(value) };
}

/**
 * Whether `actual` is the value that is expected: same kinds, same keys in any order, same length. NaN equals NaN.
 * Where 0 is expected, −0 will do, but not the other way around. Maps and sets are compared in any order.
 *
 * @param tolerance the largest difference of two numbers, in proportion to the expected one if that is above 1
 */
export function encodedEquals(actual: Encoded, expected: Encoded, tolerance = 0): boolean {
  const a = tagOf(actual), b = tagOf(expected);
  if (a.tag === "number" && b.tag === "number") return numbersEqual(numberOf(a.held), numberOf(b.held), tolerance);
  if (a.tag !== b.tag) return false;
  switch (b.tag) {
    case "undefined":
      return true;
    case "function":
    case "symbol":
      return false;
    case "list":
    case "array":
      return listsEqual(a.held, b.held, tolerance);
    case "date":
      return encodedEquals(a.held, b.held);
    case "object":
    case "map":
    case "set":
      return sameMembers(a.held, b.held, tolerance);
    default:
      return a.held === b.held;
  }
}

/** JSON has no −0: a number that is 0 there is 0. */
function numberOf(held: Encoded): number {
  return typeof held === "number" ? held : Number(held);
}

function numbersEqual(actual: number, expected: number, tolerance: number): boolean {
  if (Object.is(actual, expected)) return true;
  if (Object.is(expected, -0)) return false;
  if (actual === expected) return true;
  return Number.isFinite(expected) && Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected));
}

function listsEqual(actual: Encoded, expected: Encoded, tolerance: number): boolean {
  if (!Array.isArray(actual) || !Array.isArray(expected)) return false;
  return actual.length === expected.length && expected.every((part, i) => encodedEquals(actual[i], part, tolerance));
}

/** Whether each member of one has an equal in the other that no other member takes. */
function sameMembers(actual: Encoded, expected: Encoded, tolerance: number): boolean {
  if (!Array.isArray(actual) || !Array.isArray(expected) || actual.length !== expected.length) return false;
  const left = [...actual];
  return expected.every((member, i) => {
    // Mostly they are in the same order.
    const at = left[i] !== undefined && encodedEquals(left[i], member, tolerance)
      ? i
      : left.findIndex((other) => other !== undefined && encodedEquals(other, member, tolerance));
    if (at < 0) return false;
    left[at] = undefined;
    return true;
  });
}

/**
 * The value as source text, for people, cut to about `length` characters.
 *
 * @example
 * ```ts
 * import { encodedText } from "@stitchbook/stitchbook/sandbox";
 * import assert from "node:assert/strict";
 *
 * assert.equal(encodedText([1, { $: "number", value: "NaN" }, { a: "b" }]), '[1, NaN, {a: "b"}]');
 * ```
 */
export function encodedText(value: Encoded, length = 200): string {
  let text = "";
  const write = (part: string) => void (text.length <= length && (text += part.slice(0, length + 1)));
  const list = (open: string, parts: readonly Encoded[], close: string, part = visit) => {
    write(open);
    for (const [i, one] of parts.entries()) {
      if (text.length > length) return;
      if (i > 0) write(", ");
      part(one);
    }
    write(close);
  };
  const property = (entry: Encoded) => {
    const [key, part] = entry as [string, Encoded];
    write(`${/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key)}: `);
    visit(part);
  };
  function visit(one: Encoded): void {
    const { tag, held } = tagOf(one);
    const parts = Array.isArray(held) ? held as readonly Encoded[] : [];
    if (tag === "list") list("[", parts, "]");
    else if (tag === "object") list("{", parts, "}", property);
    else if (tag === "map") list("new Map([", parts, "])");
    else if (tag === "set") list("new Set([", parts, "])");
    else if (tag === "array") {
      list(`new ${String(parts[0])}([`, Array.isArray(parts[1]) ? parts[1] as readonly Encoded[] : [], "])");
    } else if (tag === "string") write(JSON.stringify(String(held).slice(0, length + 1)));
    else if (tag === "number") write(String(held));
    else if (tag === "bigint") write(`${held}n`);
    else if (tag === "date") {
      write("new Date(");
      visit(held);
      write(")");
    } else if (tag === "cycle") write(`<cycle, ${held} up>`);
    else write(tag === "boolean" ? String(held) : tag);
  }
  visit(value);
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
