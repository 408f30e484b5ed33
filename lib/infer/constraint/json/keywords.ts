// What the keywords of one JSON schema say, apart from those that combine schemas.
import {
  type Alternative,
  type Bound,
  equal,
  type Items,
  type JsonType,
  type Properties,
  TYPES,
} from "./alternative.ts";
import { FORMATS } from "./formats.ts";
import { described, isRecord, type Node, type Nodes, schemaFault } from "./nodes.ts";

/** Keywords that say nothing about what is valid. */
const ANNOTATIONS: ReadonlySet<string> = new Set(
  ["$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "default", "example", "examples"]
    .concat(["deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType"]),
);

/** Keywords that combine schemas, which `alternatives.ts` reads. */
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

/**
 * What the simple keywords say.
 *
 * @throws UserError `constraint.schema` for a keyword that is wrong or not supported
 */
export function keywordsOf(nodes: Nodes, node: Node, value: Readonly<Record<string, unknown>>): Alternative {
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

/** The error for a value of a keyword. */
export function wrong(node: Node, key: string, value: unknown, expected: string) {
  return schemaFault(node.path, `${key} cannot be ${described(value)}: expected ${expected}`);
}
