// Reads `--set key.path=value`: the schema checks the key and gives the value its type.
import { parseDocument } from "yaml";
import { nearest, UserError } from "../../errors.ts";
import {
  alternatives,
  choicesOf,
  currentPath,
  nearestKey,
  schemaAt,
  type SchemaNode,
  typeInWords,
} from "./config-keys.ts";

/** One parsed `--set`. */
export interface Assignment {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** Keys with a meaning for JavaScript objects, which are never settings. */
const FORBIDDEN = ["__proto__", "constructor", "prototype"];
const NUMBER = /^[+-]?(\d[\d_]*)?\.?\d+([eE][+-]?\d+)?$/;

/** What gave settings, for messages. */
export interface GivenBy {
  /** @default `--set` */
  readonly option?: string;
  /** By key path, an option or argument of its own, such as `--budget`. @default none */
  readonly setBy?: Readonly<Record<string, string>>;
}

/**
 * Reads every `--set`.
 *
 * @param known all key paths, for suggestions
 * @throws UserError for a malformed one, an unknown key, a value of the wrong type, and a key set twice
 */
export function readAssignments(
  texts: readonly string[],
  root: SchemaNode,
  known: readonly string[],
  { option = "--set", setBy = {} }: GivenBy = {},
): Assignment[] {
  const assignments = texts.map((text) => readAssignment(text, root, known, { option, setBy }));
  for (const [i, { path }] of assignments.entries()) {
    for (const { path: before } of assignments.slice(0, i)) {
      const shared = Math.min(path.length, before.length);
      if (path.slice(0, shared).join(".") === before.slice(0, shared).join(".")) {
        const earlier = setBy[before.join(".")] ?? `${option} ${before.join(".")}`;
        throw new UserError(
          "config.repeated-key",
          `Cannot set ${path.join(".")} twice: ${texts[i]} conflicts with an earlier ${earlier}`,
          "give each setting once",
        );
      }
    }
  }
  return assignments;
}

function readAssignment(
  text: string,
  root: SchemaNode,
  known: readonly string[],
  { option, setBy }: Required<GivenBy>,
): Assignment {
  const equals = text.indexOf("=");
  const hint = `write ${option} key.path=value, for example ${option} train.seed.steps=500; --help all lists every key`;
  if (equals < 0) throw new UserError("config.malformed", `Cannot read ${option} ${text}: it has no "="`, hint);
  const key = text.slice(0, equals).trim();
  const value = text.slice(equals + 1).trim();
  if (key === "") throw new UserError("config.malformed", `Cannot read ${option} ${text}: it has no key`, hint);
  const parts = key.split(".");
  if (parts.some((part) => part.trim() === "")) {
    throw new UserError("config.malformed", `Cannot read ${option} ${text}: the key "${key}" has an empty part`, hint);
  }
  refuseForbidden(parts, `${option} ${text}`);
  const path = currentPath(root, parts);
  const node = schemaAt(root, path);
  if (node === undefined) throw unknownKey(key, known, option);
  const name = setBy[key];
  if (value === "" && name !== undefined) {
    throw new UserError("command.missing-argument", `Missing the value of ${name}`, OPTIONS_SHOWN);
  }
  if (value === "") {
    const empty = alternatives(node).some(({ type }) => type === "string") ? `; for an empty text: ${key}='""'` : "";
    throw new UserError(
      "config.malformed",
      `Cannot read ${option} ${text}: ${key} has no value`,
      `write ${key}=value${empty}`,
    );
  }
  return {
    path,
    value: name === undefined ? readValue(value, node, key) : readValue(value, node, name, OPTIONS_SHOWN),
  };
}

/** @throws UserError when a part of a key has a meaning for JavaScript objects */
function refuseForbidden(path: readonly string[], where: string): void {
  const bad = path.find((part) => FORBIDDEN.includes(part));
  if (bad !== undefined) {
    throw new UserError("config.unknown-key", `Cannot use "${bad}" as a key in ${where}`, "--help all lists every key");
  }
}

/** The error for an unknown key. */
export function unknownKey(key: string, known: readonly string[], where: string): UserError {
  if (known.includes(key)) {
    // A known key is only unknown in a file that writes it with dots instead of nesting it.
    const nested = key.split(".").join(": { ") + ": …" + " }".repeat(key.split(".").length - 1);
    return new UserError("config.unknown-key", `Cannot read the key "${key}" in ${where}`, `nest it: ${nested}`);
  }
  const near = nearestKey(key, known);
  return new UserError(
    "config.unknown-key",
    `Unknown setting ${key} in ${where}${near === undefined ? "" : `: did you mean ${near}?`}`,
    near !== undefined && key.startsWith(`${near}.`)
      ? "a dot separates the parts of a key, so a name cannot have one; --help all lists every key"
      : "--help all lists every key",
  );
}

/** Where the options of a command are shown. */
export const OPTIONS_SHOWN = "--help lists every option";

/** Where the types of an experiment's settings are shown. */
export const TYPES_SHOWN = "--help all shows the type and default of every setting";

/**
 * The value of a text: the strictest of its readings that the schema admits.
 *
 * @param key that it is the value of, for messages
 * @param help hint of where types are shown
 * @throws UserError `config.wrong-type`, or `config.malformed` and `config.repeated-key` for what looks like JSON
 */
export function readValue(text: string, node: SchemaNode, key: string, help = TYPES_SHOWN): unknown {
  const options = alternatives(node);
  const list = options.find(({ type }) => type === "array");
  const admitted = (value: unknown) => options.some((option) => admits(option, value));
  const scalar = readScalar(text);
  if (scalar !== undefined && admitted(scalar)) return scalar;
  const bracket = text.startsWith("[") ? [] : text.startsWith("{") ? {} : undefined;
  if (bracket !== undefined && admitted(bracket)) {
    // Bare words in brackets are a list, too; its items are read by their own type.
    const [, bare] = list === undefined ? [] : /^\[([^"{[]*)\]$/.exec(text) ?? [];
    if (bare === undefined) return readJson(text, key);
    return bare.trim() === "" ? [] : readItems(bare, list!, key, help);
  }
  // Where a text would do as well, a comma does not make a list.
  const takesText = options.some(({ type }) => type === "string" || type === undefined);
  if (list !== undefined && !takesText) return readItems(text, list, key, help);
  if (list !== undefined && isListOfChoices(text, options, list)) return readItems(text, list, key, help);
  const string = takesText && text.startsWith('"') ? readJson(text, key) : text;
  if (admitted(string)) return string;
  const near = nearest(text, choicesOf(node));
  throw new UserError(
    "config.wrong-type",
    `Cannot set ${key} to "${text}": expected ${typeInWords(node)}${tooLarge(text)}`,
    near === undefined ? help : `did you mean ${key}=${near}?`,
  );
}

/** Whether a text that is none of the choices can only be a list: it has a comma, or is an item of the list. */
function isListOfChoices(text: string, options: readonly SchemaNode[], { items }: SchemaNode): boolean {
  const takesAnyText = options.some((option) => option.enum === undefined && admits(option, text));
  if (takesAnyText || options.some((option) => admits(option, text))) return false;
  return text.includes(",") || (items !== false && items !== undefined && choicesOf(items).includes(text));
}

/** null, a boolean or a finite number; undefined for any other text. */
function readScalar(text: string): null | boolean | number | undefined {
  if (text === "null") return null;
  if (text === "true" || text === "false") return text === "true";
  const number = NUMBER.test(text) ? Number(text.replaceAll("_", "")) : NaN;
  return Number.isFinite(number) ? number : undefined;
}

/** Whether one alternative of a schema takes a value, judged by its type and its choices; the rest is zod's. */
function admits({ type, const: constant, enum: choices }: SchemaNode, value: unknown): boolean {
  if (constant !== undefined) return constant === value;
  if (choices !== undefined) return choices.includes(value);
  if (type === undefined) return true;
  if (type === "integer") return Number.isInteger(value);
  return type === (value === null ? "null" : Array.isArray(value) ? "array" : typeof value);
}

function readItems(text: string, { prefixItems, items }: SchemaNode, key: string, help: string): unknown[] {
  return text.split(",").map((item, i) => {
    if (item.trim() === "") {
      throw new UserError("config.malformed", `Cannot set ${key} to "${text}": item ${i + 1} of the list is empty`);
    }
    return readValue(item.trim(), prefixItems?.[i] ?? (items || {}), `${key}[${i}]`, help);
  });
}

/** Reads JSON with the YAML parser, which also reports repeated keys. */
function readJson(text: string, key: string): unknown {
  const document = parseDocument(text, { prettyErrors: false });
  const [fault] = document.errors;
  if (fault?.code === "DUPLICATE_KEY") {
    throw new UserError("config.repeated-key", `Cannot set ${key} to ${text}: a key is repeated`);
  }
  if (fault !== undefined) {
    throw new UserError(
      "config.malformed",
      `Cannot set ${key} to ${text}: it is not JSON (${fault.message})`,
      `quote it for the shell, for example --set '${key}=[1, 2]'`,
    );
  }
  const value = document.toJS({ maxAliasCount: 0 });
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
