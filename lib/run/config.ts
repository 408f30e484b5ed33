// Putting a configuration together: schema defaults < preset < configuration file < `--set`.
import type { z } from "zod";
import { UserError } from "../errors.ts";
import type { ConfigFile } from "./config-file.ts";
import { childrenOf, configKeys, inputSchema, schemaAt, type SchemaNode, typeInWords, valueAt } from "./config-keys.ts";
import { readAssignments, unknownKey } from "./config-value.ts";

type Plain = Readonly<Record<string, unknown>>;

export interface ConfigSources {
  readonly preset: { readonly name: string; readonly value: Plain };
  readonly file?: ConfigFile | undefined;
  /** The texts of every `--set`. */
  readonly sets: readonly string[];
}

/**
 * The configuration from its sources; later ones win, setting by setting (lists are replaced whole).
 *
 * @throws UserError for unknown keys (with the nearest), wrong types and values out of range, with their place
 */
export function buildConfig<Schema extends z.ZodType>(schema: Schema, sources: ConfigSources): z.output<Schema> {
  const root = inputSchema(schema);
  const known = configKeys(schema).map(({ path }) => path);
  const { preset, file } = sources;
  const assignments = readAssignments(sources.sets, root, known);
  const sets = assignments.reduce<Plain>((value, { path, value: leaf }) => merge(value, nest(path, leaf)), {});
  const layers = [
    { value: preset.value, where: () => `preset ${preset.name}` },
    ...(file === undefined ? [] : [{ value: file.value, where: file.where }]),
    { value: sets, where: () => "--set" },
  ];
  for (const { value, where } of layers) refuseUnknown(value, root, [], root, known, where);
  const merged = layers.reduce<Plain>((value, layer) => merge(value, layer.value), {});
  const parsed = schema.safeParse(merged);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => {
    const path = issue.path.map((part) => typeof part === "number" ? part : String(part));
    const layer = layers.findLast(({ value }) => valueAt(value, path) !== undefined);
    const place = layer === undefined ? "" : ` (${layer.where(path)})`;
    const got = valueAt(merged, path);
    const key = path.length === 0 ? "The configuration" : path.join(".");
    const is = got === undefined ? "is missing" : `cannot be ${shorten(JSON.stringify(got))}`;
    return `${key} ${is}${place}: ${explain(issue, path, root)}`;
  });
  throw new UserError("config.invalid", faults.join("; "), "--help shows the type and the default of every setting");
}

/** The merge of two plain values: objects by key, anything else is replaced. */
export function merge(below: Plain, above: Plain): Plain {
  const merged: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const under = Object.hasOwn(merged, key) ? merged[key] : undefined;
    merged[key] = isPlain(under) && isPlain(value) ? merge(under, value) : value;
  }
  return merged;
}

function isPlain(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function nest(path: readonly string[], leaf: unknown): Plain {
  return path.reduceRight<unknown>((value, key) => ({ [key]: value }), leaf) as Plain;
}

/** Refuses keys that no setting has, also where the schema itself would drop them in silence. */
function refuseUnknown(
  value: unknown,
  node: SchemaNode,
  path: readonly (string | number)[],
  root: SchemaNode,
  known: readonly string[],
  where: (path: readonly (string | number)[]) => string,
): void {
  if (!isPlain(value)) return;
  for (const [key, member] of Object.entries(value)) {
    const at = [...path, key];
    const options = childrenOf(node, key, root);
    if (options.length > 0) refuseUnknown(member, { anyOf: options }, at, root, known, where);
    // A scalar where settings were expected is a wrong type, which the schema reports; so is the reverse.
    else if (takesObjects(node, root)) throw unknownKey(at.join("."), known, where(at));
  }
}

function takesObjects(node: SchemaNode, root: SchemaNode): boolean {
  return typeInWords(node, root).split(" or ").some((word) => word === "settings" || word.startsWith("{"));
}

function explain(issue: z.core.$ZodIssue, path: readonly (string | number)[], root: SchemaNode): string {
  const node = schemaAt(root, path.map(String));
  if (issue.code === "custom" || node === undefined) return sentence(issue.message);
  return `expected ${typeInWords(node, root)}${issue.code === "invalid_format" ? ` (${sentence(issue.message)})` : ""}`;
}

function sentence(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
