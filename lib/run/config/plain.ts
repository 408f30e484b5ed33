// Settings as plain objects, merged by their schema.
import { alternatives, childrenOf, type SchemaNode } from "./config-keys.ts";

/** Settings by name. */
export type Plain = Readonly<Record<string, unknown>>;

/** `above` over `below`: groups of settings by key, anything else is replaced. */
export function merge(below: unknown, above: unknown, node: SchemaNode): unknown {
  if (!isPlain(below) || !isPlain(above)) return above;
  if (!alternatives(node).some(({ properties }) => properties !== undefined)) return above;
  const merged: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    merged[key] = merge(Object.hasOwn(below, key) ? below[key] : undefined, value, childOf(node, key));
  }
  return merged;
}

/** The schema of a key of an object. */
export function childOf(node: SchemaNode, key: string): SchemaNode {
  return { anyOf: childrenOf(node, key) };
}

/** Whether a value is an object with settings. */
export function isPlain(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A message as the continuation of a sentence. */
export function sentence(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
