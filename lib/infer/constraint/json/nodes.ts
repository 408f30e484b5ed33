// The places of a JSON schema: subschemas by identity, and references between them.
import { attempt, UserError } from "../../../errors.ts";
import { shortened } from "../shortened.ts";

/** A subschema. */
export interface Node {
  readonly id: number;
  /** A JSON pointer, such as `#/properties/name`. */
  readonly path: string;
  readonly value: boolean | Readonly<Record<string, unknown>>;
}

export interface Nodes {
  readonly root: Node;
  /** The subschema at a key of another one, or at an index of a list at a key. */
  child(node: Node, ...keys: readonly (string | number)[]): Node;
  /** What a `$ref` refers to. */
  referred(node: Node, reference: unknown): Node;
}

/** @throws UserError `constraint.schema` if the root is no schema */
export function schemaNodes(schema: unknown): Nodes {
  const nodes = new Map<string, Node>();
  const nodeAt = (path: string, value: unknown): Node => {
    let node = nodes.get(path);
    if (node === undefined) {
      if (typeof value !== "boolean" && !isRecord(value)) {
        throw schemaFault(path, `a schema is an object or a boolean, not ${described(value)}`);
      }
      nodes.set(path, node = { id: nodes.size, path, value });
    }
    return node;
  };
  const root = nodeAt("#", schema);
  return {
    root,
    child: (node, ...keys) =>
      nodeAt([node.path, ...keys.map((key) => escaped(String(key)))].join("/"), keys.reduce(itemOf, node.value)),
    referred(node, reference) {
      if (typeof reference !== "string" || !/^#(\/|$)/.test(reference)) {
        const hint = "References within the schema can be used, such as #/$defs/name";
        throw schemaFault(node.path, `$ref cannot be ${described(reference)}`, hint);
      }
      const pointer = attempt(() => decodeURIComponent(reference)) ?? reference;
      const keys = pointer.split("/").slice(1).map(unescaped);
      let value: unknown = root.value;
      for (const key of keys) {
        value = itemOf(value, key);
        if (value === undefined) throw schemaFault(node.path, `there is nothing at ${reference}`);
      }
      return nodeAt(["#", ...keys.map(escaped)].join("/"), value);
    },
  };
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function itemOf(value: unknown, key: string | number): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

const escaped = (key: string) => key.replaceAll("~", "~0").replaceAll("/", "~1");
const unescaped = (key: string) => key.replaceAll("~1", "/").replaceAll("~0", "~");

/** A value for an error. */
export function described(value: unknown): string {
  return shortened(JSON.stringify(value) ?? String(value));
}

/** The error for a schema that cannot be used. */
export function schemaFault(path: string, what: string, hint?: string): UserError {
  return new UserError("constraint.schema", `The JSON schema cannot be used: at ${path}, ${what}`, hint);
}
