// What the keywords of a JSON schema say about each type of value, as a choice of alternatives.
import { FORMATS } from "./formats.ts";
import { described, isRecord, type Node, type Nodes, schemaFault } from "./nodes.ts";

export const TYPES = ["null", "boolean", "number", "string", "array", "object"] as const;

export type JsonType = (typeof TYPES)[number];

/** A limit of numbers. */
export interface Bound {
  readonly value: number;
  readonly isExclusive: boolean;
}

/** What `properties` and `additionalProperties` of one schema say. */
export interface Properties {
  readonly named: ReadonlyMap<string, Node>;
  readonly others: Node | undefined;
}

/** What `prefixItems` and `items` of one schema say. */
export interface Items {
  readonly first: readonly Node[];
  readonly others: Node | undefined;
}

/** Everything that a value must satisfy; what is about another type does not matter. */
export interface Alternative {
  readonly path: string;
  readonly types: readonly JsonType[];
  /** Whether numbers are whole. */
  readonly isInteger: boolean;
  /** What `enum` and `const` allow. */
  readonly values?: readonly unknown[];
  readonly minLength: number;
  readonly maxLength: number;
  readonly patterns: readonly string[];
  readonly formats: readonly string[];
  readonly least: readonly Bound[];
  readonly most: readonly Bound[];
  readonly multiples: readonly number[];
  readonly properties: readonly Properties[];
  readonly required: readonly string[];
  readonly minProperties: number;
  readonly maxProperties: number;
  readonly items: readonly Items[];
  readonly minItems: number | undefined;
  readonly maxItems: number;
}

const ANYTHING: Omit<Alternative, "path"> = {
  types: TYPES,
  isInteger: false,
  minLength: 0,
  maxLength: Infinity,
  patterns: [],
  formats: [],
  least: [],
  most: [],
  multiples: [],
  properties: [],
  required: [],
  minProperties: 0,
  maxProperties: Infinity,
  items: [],
  minItems: undefined,
  maxItems: Infinity,
};

/** Keywords that say nothing about what is valid. */
const ANNOTATIONS: ReadonlySet<string> = new Set(
  ["$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "default", "example", "examples"]
    .concat(["deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType"]),
);

/** Read by {@linkcode alternativesOf}. */
const COMBINING: ReadonlySet<string> = new Set(["$ref", "allOf", "anyOf", "oneOf"]);

/** Types by the keywords that are only about them. */
const TYPE_OF_KEYWORD: Readonly<Record<string, JsonType>> = {
  minLength: "string",
  maxLength: "string",
  pattern: "string",
  format: "string",
  minimum: "number",
  maximum: "number",
  exclusiveMinimum: "number",
  exclusiveMaximum: "number",
  multipleOf: "number",
  properties: "object",
  required: "object",
  additionalProperties: "object",
  minProperties: "object",
  maxProperties: "object",
  prefixItems: "array",
  items: "array",
  additionalItems: "array",
  minItems: "array",
  maxItems: "array",
};

/** Formats of OpenAPI for numbers, with the bounds that they set. All numbers that are written are doubles. */
const NUMBER_FORMATS: Readonly<Record<string, readonly [Bound, Bound] | readonly []>> = {
  int32: [{ value: -(2 ** 31), isExclusive: false }, { value: 2 ** 31 - 1, isExclusive: false }],
  int64: [],
  float: [],
  double: [],
};

const MOST_ALTERNATIVES = 1000;

/** Most subschemas that are combined at one place, each counted as often as it is referred to. */
const MOST_COMBINED = 10_000;

/** Longest chain of `$ref`, `allOf`, `anyOf` and `oneOf`. */
const LONGEST_CHAIN = 500;

/** Decides whether values can satisfy two alternatives at once. */
export type Overlap = (a: Alternative, b: Alternative) => boolean;

/**
 * What satisfies all of some schemas.
 *
 * @param overlap for `oneOf`, which is supported where the alternatives exclude each other
 * @throws UserError `constraint.schema` for a keyword that is wrong or not supported
 */
export function alternativesOf(nodes: Nodes, all: readonly Node[], overlap: Overlap): readonly Alternative[] {
  let readCount = 0;
  const read = (node: Node, within: readonly Node[]): readonly Alternative[] => {
    if (++readCount > MOST_COMBINED) throw tooMany(node.path);
    if (within.length === LONGEST_CHAIN) {
      throw schemaFault(node.path, `more than ${LONGEST_CHAIN} of $ref, allOf, anyOf and oneOf follow each other`);
    }
    if (within.includes(node)) throw schemaFault(node.path, "the schema refers to itself without an end");
    const { path, value } = node;
    const inside = [...within, node];
    if (value === true) return [{ path, ...ANYTHING }];
    if (value === false) return [];
    let found: readonly Alternative[] = [keywordsOf(nodes, node, value)];
    if (Object.hasOwn(value, "$ref")) found = combined(found, read(nodes.referred(node, value["$ref"]), inside), path);
    for (const one of listed(nodes, node, value, "allOf")) found = combined(found, read(one, inside), path);
    const anyOf = listed(nodes, node, value, "anyOf");
    if (anyOf.length > 0) {
      const some: Alternative[] = [];
      for (const one of anyOf) {
        some.push(...read(one, inside));
        if (some.length > MOST_ALTERNATIVES) throw tooMany(path);
      }
      found = combined(found, some, path);
    }
    const oneOf = listed(nodes, node, value, "oneOf").map((one) => combined(found, read(one, inside), path));
    if (oneOf.length > 0) {
      found = oneOf.flat();
      if (found.length > MOST_ALTERNATIVES) throw tooMany(path);
      oneOf.forEach((some, i) =>
        oneOf.slice(0, i).forEach((others, k) => {
          if (!some.some((a) => others.some((b) => overlap(a, b)))) return;
          const what = `a value may satisfy both ${k} and ${i} of oneOf`;
          throw schemaFault(path, what, "Use anyOf, or give each alternative a property with a const of its own");
        })
      );
    }
    return found;
  };
  const { path } = nodes.root;
  const anything: readonly Alternative[] = [{ path, ...ANYTHING }];
  return all.reduce((found, node) => combined(found, read(node, []), path), anything);
}

function tooMany(path: string) {
  return schemaFault(path, "there are too many combinations of alternatives");
}

/** Each of some alternatives with each of others, unless these are too many. */
function combined(some: readonly Alternative[], others: readonly Alternative[], path: string): readonly Alternative[] {
  if (some.length * others.length > MOST_ALTERNATIVES) throw tooMany(path);
  return some.flatMap((a) => others.map((b) => merged(a, b)));
}

function merged(a: Alternative, b: Alternative): Alternative {
  const values = a.values === undefined
    ? b.values
    : b.values === undefined
    ? a.values
    : a.values.filter((one) => b.values!.some((other) => equal(one, other)));
  const minItems = a.minItems === undefined ? b.minItems : Math.max(a.minItems, b.minItems ?? 0);
  return {
    path: b.path,
    types: a.types.filter((type) => b.types.includes(type)),
    isInteger: a.isInteger || b.isInteger,
    ...(values === undefined ? {} : { values }),
    minLength: Math.max(a.minLength, b.minLength),
    maxLength: Math.min(a.maxLength, b.maxLength),
    patterns: [...a.patterns, ...b.patterns],
    formats: [...a.formats, ...b.formats],
    least: [...a.least, ...b.least],
    most: [...a.most, ...b.most],
    multiples: [...a.multiples, ...b.multiples],
    properties: [...a.properties, ...b.properties],
    required: [...new Set([...a.required, ...b.required])],
    minProperties: Math.max(a.minProperties, b.minProperties),
    maxProperties: Math.min(a.maxProperties, b.maxProperties),
    items: [...a.items, ...b.items],
    minItems,
    maxItems: Math.min(a.maxItems, b.maxItems),
  };
}

/** Whether two JSON values are equal, whatever the order of their keys. */
export function equal(a: unknown, b: unknown): boolean {
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((one, i) => equal(one, b[i]));
  if (!isRecord(a)) return a === b;
  const keys = Object.keys(a);
  return isRecord(b) && keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
}

/** The subschemas in a list at a keyword; none if it is absent. */
function listed(nodes: Nodes, node: Node, value: Readonly<Record<string, unknown>>, key: string): readonly Node[] {
  if (!Object.hasOwn(value, key)) return [];
  const list = value[key];
  if (!Array.isArray(list) || list.length === 0) throw wrong(node, key, list, "a list of at least one schema");
  return list.map((_, i) => nodes.child(node, key, i));
}

/** What the simple keywords say. */
function keywordsOf(nodes: Nodes, node: Node, value: Readonly<Record<string, unknown>>): Alternative {
  const has = (key: string) => Object.hasOwn(value, key);
  for (const key of Object.keys(value)) {
    if (ANNOTATIONS.has(key) || COMBINING.has(key) || key.startsWith("x-")) continue;
    if (["type", "enum", "const"].includes(key) || Object.hasOwn(TYPE_OF_KEYWORD, key)) continue;
    throw schemaFault(node.path, `the keyword ${JSON.stringify(key)} is not supported`);
  }
  const number = (key: string): number | undefined => {
    if (!has(key)) return undefined;
    if (typeof value[key] !== "number" || !Number.isFinite(value[key])) throw wrong(node, key, value[key], "a number");
    return value[key];
  };
  const count = (key: string): number | undefined => {
    const given = number(key);
    if (given !== undefined && (!Number.isInteger(given) || given < 0)) throw wrong(node, key, given, "a whole number");
    return given;
  };
  const texts = (key: string): readonly string[] => {
    if (!has(key)) return [];
    const list = value[key];
    const isList = Array.isArray(list) && list.every((one) => typeof one === "string");
    if (!isList) throw wrong(node, key, list, "a list of strings");
    return list;
  };
  const single = (key: string): readonly string[] => {
    if (!has(key)) return [];
    if (typeof value[key] !== "string") throw wrong(node, key, value[key], "a string");
    return [value[key]];
  };
  const bounds = (key: string, isExclusive: boolean): readonly Bound[] => {
    const given = number(key);
    return given === undefined ? [] : [{ value: given, isExclusive }];
  };
  const formats = single("format");
  const known = [...Object.keys(FORMATS), ...Object.keys(NUMBER_FORMATS)];
  for (const format of formats) {
    if (known.includes(format)) continue;
    const what = `the format ${JSON.stringify(format)} is not supported`;
    throw schemaFault(node.path, what, `Formats are ${known.join(", ")}`);
  }
  const range = NUMBER_FORMATS[formats[0]!] ?? [];
  const multipleOf = number("multipleOf");
  if (multipleOf !== undefined && multipleOf <= 0) throw wrong(node, "multipleOf", multipleOf, "a number above 0");
  const values = valuesOf(node, value);
  return {
    path: node.path,
    ...typesOf(node, value, has("type") ? value["type"] : undefined),
    ...(values === undefined ? {} : { values }),
    minLength: count("minLength") ?? 0,
    maxLength: count("maxLength") ?? Infinity,
    patterns: single("pattern"),
    formats: formats.filter((format) => Object.hasOwn(FORMATS, format)),
    least: [...range.slice(0, 1), ...bounds("minimum", false), ...bounds("exclusiveMinimum", true)],
    most: [...range.slice(1), ...bounds("maximum", false), ...bounds("exclusiveMaximum", true)],
    multiples: multipleOf === undefined ? [] : [multipleOf],
    properties: propertiesOf(nodes, node, value),
    required: texts("required"),
    minProperties: count("minProperties") ?? 0,
    maxProperties: count("maxProperties") ?? Infinity,
    items: itemsOf(nodes, node, value),
    minItems: count("minItems"),
    maxItems: count("maxItems") ?? Infinity,
  };
}

function typesOf(
  node: Node,
  value: Readonly<Record<string, unknown>>,
  type: unknown,
): { readonly types: readonly JsonType[]; readonly isInteger: boolean } {
  if (type === undefined) return { types: TYPES, isInteger: false };
  const names: readonly unknown[] = Array.isArray(type) ? type : [type];
  for (const name of names) {
    if (name === "integer" || TYPES.includes(name as JsonType)) continue;
    throw wrong(node, "type", value["type"], `one or more of ${TYPES.join(", ")}, integer`);
  }
  return {
    types: TYPES.filter((one) => names.includes(one) || (one === "number" && names.includes("integer"))),
    isInteger: names.includes("integer") && !names.includes("number"),
  };
}

function valuesOf(node: Node, value: Readonly<Record<string, unknown>>): readonly unknown[] | undefined {
  const hasConst = Object.hasOwn(value, "const");
  if (!Object.hasOwn(value, "enum")) return hasConst ? [value["const"]] : undefined;
  const list = value["enum"];
  if (!Array.isArray(list)) throw wrong(node, "enum", list, "a list of values");
  return hasConst ? list.filter((one) => equal(one, value["const"])) : list;
}

function propertiesOf(nodes: Nodes, node: Node, value: Readonly<Record<string, unknown>>): readonly Properties[] {
  const properties = Object.hasOwn(value, "properties") ? value["properties"] : undefined;
  if (properties !== undefined && !isRecord(properties)) {
    throw wrong(node, "properties", properties, "an object of schemas");
  }
  const hasOthers = Object.hasOwn(value, "additionalProperties");
  if (properties === undefined && !hasOthers) return [];
  return [{
    named: new Map(Object.keys(properties ?? {}).map((name) => [name, nodes.child(node, "properties", name)])),
    others: hasOthers ? nodes.child(node, "additionalProperties") : undefined,
  }];
}

function itemsOf(nodes: Nodes, node: Node, value: Readonly<Record<string, unknown>>): readonly Items[] {
  const has = (key: string) => Object.hasOwn(value, key);
  // Before 2020, `items` could be the list, and `additionalItems` the others.
  const isOld = has("items") && Array.isArray(value["items"]);
  const [list, others] = isOld ? ["items", "additionalItems"] as const : ["prefixItems", "items"] as const;
  if (!has(list) && !has(others)) return [];
  const first = has(list) ? value[list] : [];
  if (!Array.isArray(first)) throw wrong(node, list, first, "a list of schemas");
  return [{
    first: first.map((_, i) => nodes.child(node, list, i)),
    others: has(others) ? nodes.child(node, others) : undefined,
  }];
}

function wrong(node: Node, key: string, value: unknown, expected: string) {
  return schemaFault(node.path, `${key} cannot be ${described(value)}: expected ${expected}`);
}

/**
 * The types that are generated. A schema that names no type but has keywords for some, such as `properties`, stands for these.
 */
export function generatedTypes({ types, ...rest }: Alternative): readonly JsonType[] {
  if (types.length < TYPES.length || rest.values !== undefined) return types;
  const meant = new Set<JsonType>();
  if (rest.minLength > 0 || rest.maxLength < Infinity || rest.patterns.length + rest.formats.length > 0) {
    meant.add("string");
  }
  if (rest.least.length + rest.most.length + rest.multiples.length > 0) meant.add("number");
  if (rest.properties.length + rest.required.length + rest.minProperties > 0 || rest.maxProperties < Infinity) {
    meant.add("object");
  }
  if (rest.items.length > 0 || (rest.minItems ?? 0) > 0 || rest.maxItems < Infinity) meant.add("array");
  return meant.size === 0 ? types : [...meant];
}
