// What a JSON value must satisfy, by its type; and what satisfies two such at once.
import { isRecord, type Node } from "./nodes.ts";

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

/** What every value satisfies, but for its place. */
export const ANYTHING: Omit<Alternative, "path"> = {
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

/** What satisfies both. */
export function merged(a: Alternative, b: Alternative): Alternative {
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
