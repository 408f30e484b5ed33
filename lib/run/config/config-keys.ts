// The settings of a zod schema: key paths, types, defaults and descriptions, and the nearest to a misspelled one.
import { z } from "zod";
import { nearest } from "../../errors.ts";

/** The part of JSON Schema that zod writes and this folder reads. */
export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly items?: SchemaNode | false;
  readonly prefixItems?: readonly SchemaNode[];
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly allOf?: readonly SchemaNode[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly description?: string;
  /** Keys of older versions with the keys that have replaced them, from `.meta({ formerKeys })`. */
  readonly formerKeys?: Readonly<Record<string, string>>;
  /** What each name of a list stands for, where names with values are expected, too; from `.meta({ listValue })`. */
  readonly listValue?: unknown;
  /** The key path at which the configuration has the setting's value, from `.meta({ movedTo })`. */
  readonly movedTo?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, SchemaNode>>;
}

/** One setting: a leaf of the configuration. */
export interface ConfigKey {
  /** `train.seed.steps`; a record's keys are shown as `<name>`. */
  readonly path: string;
  /** The type in words: `integer > 0`, `one of auto, cpu`. */
  readonly type: string;
  /** The default value; undefined when there is none. */
  readonly default: unknown;
  readonly description: string;
}

/** The schema of a configuration's input with references resolved; a recursive reference admits any value. */
export function inputSchema(schema: z.ZodType): SchemaNode {
  const root = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as SchemaNode;
  const inline = (value: unknown, above: readonly string[]): unknown => {
    if (Array.isArray(value)) return value.map((item) => inline(item, above));
    if (typeof value !== "object" || value === null) return value;
    const { $ref, $defs: _, ...own } = value as SchemaNode;
    if ($ref === undefined) {
      return Object.fromEntries(Object.entries(own).map(([key, member]) => [key, inline(member, above)]));
    }
    if (above.includes($ref)) return own;
    const target = $ref === "#" ? root : root.$defs?.[$ref.replace("#/$defs/", "")];
    return { ...inline(target ?? {}, [...above, $ref]) as SchemaNode, ...own };
  };
  return inline(root, ["#"]) as SchemaNode;
}

/** A node's alternatives: itself, or the members of its union. */
export function alternatives(node: SchemaNode): SchemaNode[] {
  const members = node.anyOf ?? node.oneOf ?? node.allOf;
  if (members !== undefined) return members.flatMap(alternatives);
  if (Array.isArray(node.type)) return node.type.map((type: string) => ({ ...node, type }));
  return [node];
}

/** The schemas of a key of an object, one for each alternative that has the key; none for an unknown key. */
export function childrenOf(node: SchemaNode, key: string): SchemaNode[] {
  return alternatives(node).flatMap((option) => {
    const own = Object.hasOwn(option.properties ?? {}, key) ? option.properties![key] : undefined;
    if (own !== undefined) return [own];
    const rest = option.additionalProperties;
    if (rest === true || (rest === undefined && isAnything(option))) return [{}];
    return typeof rest === "object" ? [rest] : [];
  });
}

/** Whether a node admits any value: `z.any()`, `z.json()`. */
function isAnything(node: SchemaNode): boolean {
  return node.type === undefined && node.enum === undefined && node.const === undefined;
}

/** The schema at a key path, or undefined when there is no such setting. */
export function schemaAt(root: SchemaNode, path: readonly string[]): SchemaNode | undefined {
  let node: SchemaNode = root;
  for (const key of path) {
    const options = childrenOf(node, key);
    if (options.length === 0) return undefined;
    node = options.length === 1 ? options[0]! : { anyOf: options };
  }
  return node;
}

/** A key path with the former keys in it replaced by today's. */
export function currentPath(root: SchemaNode, path: readonly string[]): string[] {
  let node: SchemaNode = root;
  return path.map((key) => {
    const current = currentKey(node, key);
    node = { anyOf: childrenOf(node, current) };
    return current;
  });
}

/** The key that has replaced `key` in an object of this schema: the key itself, unless it is a former one. */
export function currentKey(node: SchemaNode, key: string): string {
  const former = alternatives(node).find(({ formerKeys }) => Object.hasOwn(formerKeys ?? {}, key))?.formerKeys;
  return former?.[key] ?? key;
}

/** Every setting of a schema, in the schema's order. */
export function configKeys(schema: z.ZodType): ConfigKey[] {
  const root = inputSchema(schema);
  const defaults = schema.safeParse({});
  return leavesOf(root, []).map(({ path, node }) => ({
    path: path.join("."),
    type: typeInWords(node),
    default: node.default ?? (defaults.success ? valueAt(defaults.data, path) : undefined),
    description: node.description ?? "",
  }));
}

function leavesOf(
  node: SchemaNode,
  path: readonly string[],
): { path: readonly string[]; node: SchemaNode }[] {
  const leaves = new Map<string, { path: readonly string[]; node: SchemaNode }>();
  for (const option of alternatives(node)) {
    const found = option.properties !== undefined
      ? Object.entries(option.properties).flatMap(([key, child]) => leavesOf(child, [...path, key]))
      : typeof option.additionalProperties === "object" && hasProperties(option.additionalProperties)
      ? leavesOf(option.additionalProperties, [...path, "<name>"])
      : [{ path, node: { ...node, description: node.description ?? option.description ?? "" } }];
    for (const leaf of found) {
      const name = leaf.path.join(".");
      const other = leaves.get(name);
      leaves.set(name, other === undefined ? leaf : { ...other, node: withConstant(other.node, leaf.node) });
    }
  }
  return [...leaves.values()];
}

/** The key that tells members of a union apart has a constant in each: one leaf admits all of them. */
function withConstant(node: SchemaNode, other: SchemaNode): SchemaNode {
  const constants = alternatives(node);
  if (other.const === undefined || constants.some(({ const: value }) => value === undefined)) return node;
  return { anyOf: [...constants, other], description: node.description ?? "" };
}

function hasProperties(node: SchemaNode): boolean {
  return alternatives(node).some(({ properties }) => properties !== undefined);
}

/** The value at a path of a plain value, or undefined. */
export function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string | number, unknown>)[key];
  }
  return at;
}

/** A type in a few words, for `--help` and for errors. */
export function typeInWords(node: SchemaNode): string {
  const words = alternatives(node).map((option) => {
    if (option.const !== undefined) return JSON.stringify(option.const);
    if (option.enum !== undefined) return `one of ${option.enum.join(", ")}`;
    if (option.type === "array") {
      return `list of ${option.items ? typeInWords(option.items).replace(/^one of /, "any of ") : "values"}`;
    }
    if (option.type === "object") {
      const values = option.additionalProperties;
      return typeof values === "object" ? `{name: ${typeInWords(values)}}` : "settings";
    }
    return `${option.type ?? "any value"}${rangeInWords(option)}`;
  });
  return [...new Set(words)].join(" or ");
}

function rangeInWords(node: SchemaNode): string {
  // zod writes the range of safe integers for every integer, which tells a reader nothing.
  const shown = (limit: number | undefined) => limit !== undefined && Math.abs(limit) !== Number.MAX_SAFE_INTEGER;
  if (shown(node.minimum) && shown(node.maximum)) return ` from ${node.minimum} to ${node.maximum}`;
  const low = shown(node.exclusiveMinimum)
    ? `> ${node.exclusiveMinimum}`
    : shown(node.minimum)
    ? `≥ ${node.minimum}`
    : "";
  const high = shown(node.exclusiveMaximum)
    ? `< ${node.exclusiveMaximum}`
    : shown(node.maximum)
    ? `≤ ${node.maximum}`
    : "";
  return [low, high].filter((part) => part !== "").map((part) => ` ${part}`).join(" and");
}

/** The values that a node, or the items of its lists, choose from. */
export function choicesOf(node: SchemaNode): string[] {
  return alternatives(node).flatMap(({ enum: choices, const: constant, items }) =>
    choices?.map(String) ?? (constant !== undefined ? [String(constant)] : items ? choicesOf(items) : [])
  );
}

/** The known key path nearest to an unknown one: the one that ends in it, otherwise the nearest by spelling. */
export function nearestKey(path: string, known: readonly string[]): string | undefined {
  const ending = known.filter((key) => key.endsWith(`.${path}`));
  return ending[0] ?? nearest(path, known) ??
    known.find((key) => key.endsWith(`.${path.split(".").at(-1)}`));
}
