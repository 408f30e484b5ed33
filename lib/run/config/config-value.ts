// Reading one `--set key.path=value`: the key checked against the schema, the value typed by it.
import { parseDocument } from "yaml";
import { nearest, UserError } from "../../errors.ts";
import { alternatives, nearestKey, schemaAt, type SchemaNode, typeInWords } from "./config-keys.ts";

/** One `--set`, read. */
export interface Assignment {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** Keys that mean something to JavaScript objects and so are never settings. */
const FORBIDDEN = ["__proto__", "constructor", "prototype"];
const NUMBER = /^[+-]?(\d[\d_]*)?\.?\d+([eE][+-]?\d+)?$/;

/**
 * Reads every `--set`.
 *
 * @param known all key paths, for suggestions
 * @param option what gave them, for messages
 * @throws UserError for a malformed one, an unknown key, a value of the wrong type, and a key set twice
 */
export function readAssignments(
  texts: readonly string[],
  root: SchemaNode,
  known: readonly string[],
  option = "--set",
): Assignment[] {
  const assignments = texts.map((text) => readAssignment(text, root, known, option));
  for (const [i, { path }] of assignments.entries()) {
    for (const { path: before } of assignments.slice(0, i)) {
      const shared = Math.min(path.length, before.length);
      if (path.slice(0, shared).join(".") === before.slice(0, shared).join(".")) {
        throw new UserError(
          "config.repeated-key",
          `Cannot set ${path.join(".")} twice: ${texts[i]} meets an earlier ${option} ${before.join(".")}`,
          "give each setting once",
        );
      }
    }
  }
  return assignments;
}

function readAssignment(text: string, root: SchemaNode, known: readonly string[], option: string): Assignment {
  const equals = text.indexOf("=");
  const hint = `write ${option} key.path=value, for example ${option} train.seed.steps=500; --help all lists every key`;
  if (equals < 0) throw new UserError("config.malformed", `Cannot read ${option} ${text}: it has no "="`, hint);
  const key = text.slice(0, equals).trim();
  const value = text.slice(equals + 1).trim();
  if (key === "") throw new UserError("config.malformed", `Cannot read ${option} ${text}: it has no key`, hint);
  const path = key.split(".");
  if (path.some((part) => part.trim() === "")) {
    throw new UserError("config.malformed", `Cannot read ${option} ${text}: the key "${key}" has an empty part`, hint);
  }
  refuseForbidden(path, `${option} ${text}`);
  const node = schemaAt(root, path);
  if (node === undefined) throw unknownKey(key, known, option);
  if (value === "") {
    const empty = alternatives(node).some(({ type }) => type === "string") ? `; for an empty text: ${key}='""'` : "";
    throw new UserError(
      "config.malformed",
      `Cannot read ${option} ${text}: ${key} has no value`,
      `write ${key}=value${empty}`,
    );
  }
  return { path, value: readValue(value, node, key) };
}

/** @throws UserError when a part of a key would reach into JavaScript's objects */
export function refuseForbidden(path: readonly string[], where: string): void {
  const bad = path.find((part) => FORBIDDEN.includes(part));
  if (bad !== undefined) {
    throw new UserError("config.unknown-key", `Cannot use "${bad}" as a key in ${where}`, "--help all lists every key");
  }
}

/** The error for a key that no setting has. */
export function unknownKey(key: string, known: readonly string[], where: string): UserError {
  if (known.includes(key)) {
    // Only a file can name a known key that is not there: written with points instead of nested.
    const nested = key.split(".").join(": { ") + ": …" + " }".repeat(key.split(".").length - 1);
    return new UserError("config.unknown-key", `Cannot read the key "${key}" in ${where}`, `nest it: ${nested}`);
  }
  const near = nearestKey(key, known);
  return new UserError(
    "config.unknown-key",
    `Unknown setting ${key} in ${where}${near === undefined ? "" : `: did you mean ${near}?`}`,
    "--help all lists every key",
  );
}

function readValue(text: string, node: SchemaNode, key: string): unknown {
  const options = alternatives(node);
  // From the strictest reading to the loosest: a text is what is left when nothing else fits.
  for (const kind of ["null", "boolean", "number", "array", "object", "any", "string"] as const) {
    // Where a text would do as well, a comma does not make a list: brackets do.
    if (kind === "array" && !text.startsWith("[") && options.some((option) => kindOf(option) === "string")) continue;
    for (const option of options.filter((option) => kindOf(option) === kind)) {
      const value = readAs(kind, text, option, key);
      if (value !== undefined) return value;
    }
  }
  const choices = options.flatMap((option) => option.enum ?? (option.const === undefined ? [] : [option.const]));
  const near = nearest(text, choices.map(String));
  throw new UserError(
    "config.wrong-type",
    `Cannot set ${key} to "${text}": expected ${typeInWords(node)}${tooLarge(text)}`,
    near === undefined ? "--help all shows the type and default of every setting" : `did you mean ${key}=${near}?`,
  );
}

type Kind = "null" | "boolean" | "number" | "array" | "object" | "string" | "any";

function kindOf(node: SchemaNode): Kind {
  const sample = node.const ?? node.enum?.[0];
  if (node.type === undefined && sample !== undefined) return typeof sample as Kind;
  if (node.type === "integer") return "number";
  return (node.type as Kind | undefined) ?? "any";
}

/** The value, or undefined when the text cannot be read as this kind. */
function readAs(kind: Kind, text: string, node: SchemaNode, key: string): unknown {
  switch (kind) {
    case "null":
      return text === "null" ? null : undefined;
    case "boolean":
      return among(node, text === "true" ? true : text === "false" ? false : undefined);
    case "number": {
      const number = NUMBER.test(text) ? Number(text.replaceAll("_", "")) : NaN;
      if (!Number.isFinite(number) || (node.type === "integer" && !Number.isInteger(number))) return undefined;
      return among(node, number);
    }
    case "array":
      return readList(text, node, key);
    case "object":
      return text.startsWith("{") ? readJson(text, key) : undefined;
    case "any":
      return /^[[{"]|^(true|false|null)$/.test(text) || NUMBER.test(text) ? readJson(text, key) : text;
    case "string":
      return among(node, text.startsWith('"') ? readJson(text, key) : text);
  }
}

function among(node: SchemaNode, value: unknown): unknown {
  if (node.const !== undefined) return node.const === value ? value : undefined;
  return node.enum === undefined || node.enum.includes(value) ? value : undefined;
}

/** `[1, 2]`, or `1,2`. */
function readList(text: string, node: SchemaNode, key: string): unknown {
  if (text.startsWith("[")) {
    // A list of bare words, `[a,b]`, is as good as one in quotes.
    if (!/["{[]/.test(text.slice(1)) && text.endsWith("]")) {
      const inner = text.slice(1, -1).trim();
      return inner === "" ? [] : readItems(inner, node, key);
    }
    return readJson(text, key);
  }
  return readItems(text, node, key);
}

function readItems(text: string, node: SchemaNode, key: string): unknown[] {
  return text.split(",").map((item, i) => {
    const type = node.prefixItems?.[i] ?? (node.items || {});
    if (item.trim() === "") {
      throw new UserError("config.malformed", `Cannot set ${key} to "${text}": item ${i + 1} of the list is empty`);
    }
    return readValue(item.trim(), type, `${key}[${i}]`);
  });
}

function readJson(text: string, key: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(
      "config.malformed",
      `Cannot set ${key} to ${text}: it is not JSON (${(error as Error).message})`,
      `quote it for the shell, for example --set '${key}=[1, 2]'`,
    );
  }
  // JSON.parse keeps the last of equal keys in silence; YAML, of which JSON is a part, finds them.
  const twice = parseDocument(text).errors.find(({ code }) => code === "DUPLICATE_KEY");
  if (twice !== undefined) {
    throw new UserError("config.repeated-key", `Cannot set ${key} to ${text}: a key is repeated`);
  }
  refuseUnplain(value, (path) => [key, ...path].join("."));
  return value;
}

/**
 * Refuses what JSON cannot hold, at any depth.
 *
 * @param placed a key path as messages name it, with its place
 * @throws UserError for infinite numbers and NaN, for forbidden keys, and for a value inside itself
 */
export function refuseUnplain(
  value: unknown,
  placed: (path: readonly (string | number)[]) => string,
  path: readonly (string | number)[] = [],
  around: readonly unknown[] = [],
): void {
  const refuse = (why: string) => new UserError("config.wrong-type", `Cannot use the value of ${placed(path)}: ${why}`);
  if (typeof value === "number" && !Number.isFinite(value)) throw refuse(`expected a finite number, got ${value}`);
  if (typeof value === "bigint") throw refuse(`${value} is too large`);
  if (typeof value !== "object" || value === null) return;
  if (around.includes(value)) throw refuse("it contains itself");
  for (const [key, member] of Object.entries(value)) {
    const inner = [...path, Array.isArray(value) ? Number(key) : key];
    if (!Array.isArray(value)) refuseForbidden([key], placed(inner));
    refuseUnplain(member, placed, inner, [...around, value]);
  }
}

function tooLarge(text: string): string {
  return NUMBER.test(text) && !Number.isFinite(Number(text.replaceAll("_", "")))
    ? " that double precision can hold"
    : "";
}
