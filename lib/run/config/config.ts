// Merges a configuration from its sources: schema defaults < preset < configuration file < `--set`.
import type { z } from "zod";
import { nearest, UserError } from "../../errors.ts";
import type { SettingSource } from "../events/provenance.ts";
import type { ConfigFile } from "./config-file.ts";
import {
  alternatives,
  childrenOf,
  choicesOf,
  configKeys,
  currentKey,
  inputSchema,
  schemaAt,
  type SchemaNode,
  typeInWords,
  valueAt,
} from "./config-keys.ts";
import { OPTIONS_SHOWN, readAssignments, TYPES_SHOWN, unknownKey } from "./config-value.ts";
import { dependentDefaults } from "./dependent-defaults.ts";
import { childOf, isPlain, merge, type Plain, sentence } from "./plain.ts";

export interface ConfigSources {
  readonly preset: { readonly name: string; readonly value: Plain };
  readonly file?: ConfigFile | undefined;
  /** The texts of every `--set`. */
  readonly sets: readonly string[];
  /** What gave the settings that an option or argument of their own gave, for messages: `--budget`. @default all by `--set` */
  readonly setBy?: Readonly<Record<string, string>>;
}

/**
 * The configuration from its sources; later ones win, setting by setting. Lists and records of free names (a datamix)
 * are replaced whole; `--set mix.seed.code=2` still changes one weight and keeps the others.
 *
 * @throws UserError for unknown keys (with the nearest), wrong types and values out of range, with their place
 *
 * @example
 * ```ts
 * import { buildConfig } from "@stitchbook/stitchbook/run";
 * import { trainConfigSchema } from "@stitchbook/stitchbook/train";
 * import assert from "node:assert/strict";
 *
 * const preset = { name: "short", value: { steps: 50 } };
 * const { steps, lr, batch } = buildConfig(trainConfigSchema, { preset, sets: ["lr=1e-4"] });
 * assert.deepEqual([steps, lr, batch], [50, 1e-4, 8]);
 * ```
 */
export function buildConfig<Schema extends z.ZodType>(schema: Schema, sources: ConfigSources): z.output<Schema> {
  const root = inputSchema(schema);
  const known = configKeys(schema).map(({ path }) => path);
  const { preset, file, setBy = {} } = sources;
  const assignments = readAssignments(sources.sets, root, known, { setBy });
  const sets = assignments.reduce<Plain>((value, { path, value: leaf }) => setAt(value, root, path, leaf), {});
  const layers = [
    { value: withCurrentKeys(preset.value, root), where: () => `preset ${preset.name}` },
    ...(file === undefined ? [] : [{ value: withCurrentKeys(file.value, root), where: file.where }]),
    { value: sets, where: () => "--set" },
  ];
  for (const { value, where } of layers) refuseUnknown(value, root, [], known, where);
  const over = (defaults: unknown): unknown => {
    const below = layers.slice(0, -1).reduce((value, layer) => merge(value, layer.value, root), defaults);
    return assignments.reduce((value, { path, value: leaf }) => setAt(value, root, path, leaf), below);
  };
  const own = dependentDefaults(schema, over({}) as Plain);
  const merged = over(merge(defaultsOf(root), own, root));
  const parsed = schema.safeParse(merged);
  if (parsed.success) return parsed.data;
  const paths = parsed.error.issues.map(({ path }) =>
    path.map((part) => typeof part === "number" ? part : String(part))
  );
  const faults = parsed.error.issues.map((issue, at) => {
    const path = paths[at]!;
    const layer = layers.findLast(({ value }) => valueAt(value, path) !== undefined);
    const place = layer === undefined ? "" : ` (${layer.where(path)})`;
    const got = valueAt(merged, path);
    const option = setBy[path.join(".")];
    if (option !== undefined) return `${option} cannot be ${shorten(String(got))}: ${explain(issue, path, root, got)}`;
    const key = path.length === 0 ? "The configuration" : path.join(".");
    const is = got === undefined ? "is missing" : `cannot be ${shorten(JSON.stringify(got))}`;
    return `${key} ${is}${place}: ${explain(issue, path, root, got)}`;
  });
  // Of a number that is no integer, or too large for one, zod reports two issues.
  const said = [...new Set(faults)].join("; ");
  const byOptions = paths.every((path) => Object.hasOwn(setBy, path.join(".")));
  throw new UserError("config.invalid", said, byOptions ? OPTIONS_SHOWN : TYPES_SHOWN);
}

/** Which source gave each setting that is not the schema's default, by key path; later sources win. */
export function configOrigins(schema: z.ZodType, sources: ConfigSources): Record<string, SettingSource> {
  const root = inputSchema(schema);
  const known = configKeys(schema).map(({ path }) => path);
  const origins: Record<string, SettingSource> = {};
  const mark = (value: unknown, node: SchemaNode, path: readonly string[], source: SettingSource) => {
    const groups = isPlain(value) && alternatives(node).some(({ properties }) => properties !== undefined);
    if (groups) {
      for (const [key, member] of Object.entries(value)) mark(member, childOf(node, key), [...path, key], source);
    } else origins[movedTo(node) ?? path.join(".")] = source;
  };
  mark(withCurrentKeys(sources.preset.value, root), root, [], "preset");
  if (sources.file !== undefined) mark(withCurrentKeys(sources.file.value, root), root, [], "file");
  for (const { path, value } of readAssignments(sources.sets, root, known)) {
    mark(value, schemaAt(root, path) ?? {}, path, "set");
  }
  return origins;
}

/** Where the value of a setting ends up, if not at its own key. */
function movedTo(node: SchemaNode): string | undefined {
  return alternatives(node).find(({ movedTo }) => movedTo !== undefined)?.movedTo;
}

/** Settings with today's keys. A former key beside today's stays, and is refused as unknown. */
function withCurrentKeys(value: Plain, node: SchemaNode): Plain {
  return Object.fromEntries(
    Object.entries(value).map(([given, member]) => {
      const current = currentKey(node, given);
      const key = Object.hasOwn(value, current) ? given : current;
      return [key, isPlain(member) ? withCurrentKeys(member, childOf(node, key)) : member];
    }),
  );
}

/** `value` with `leaf` at `path`; the rest stays. */
function setAt(value: unknown, node: SchemaNode, path: readonly string[], leaf: unknown): Plain {
  const [key, ...rest] = path as [string, ...string[]];
  const plain = isPlain(value) ? value : Array.isArray(value) ? namedBy(value, node) : {};
  const under = Object.hasOwn(plain, key) ? plain[key] : undefined;
  const child = childOf(node, key);
  return { ...plain, [key]: rest.length === 0 ? merge(under, leaf, child) : setAt(under, child, rest, leaf) };
}

/** A list of names as the settings that it stands for. */
function namedBy(list: readonly unknown[], node: SchemaNode): Plain {
  const { listValue } = node.anyOf?.length === 1 ? node.anyOf[0]! : node;
  return listValue === undefined ? {} : Object.fromEntries(list.map((name) => [String(name), listValue]));
}

/**
 * The defaults of whole groups and records. The schema itself applies them only when nothing of a group is given, so
 * setting one weight of a datamix would lose the others.
 */
function defaultsOf(node: SchemaNode): Plain {
  const [option, ...others] = alternatives(node);
  const own = isPlain(node.default) ? node.default : {};
  // A union's default belongs to one of its alternatives, and the settings given may be of another.
  if (option === undefined || others.length > 0) return {};
  const children = Object.entries(option.properties ?? {})
    .filter(([key, child]) => isPlain(child.default) || option.required?.includes(key))
    .map(([key, child]) => [key, defaultsOf(child)] as const)
    .filter(([, defaults]) => Object.keys(defaults).length > 0);
  return merge(Object.fromEntries(children), own, node) as Plain;
}

/** Refuses unknown keys, even where the schema itself would silently drop them. */
function refuseUnknown(
  value: unknown,
  node: SchemaNode,
  path: readonly (string | number)[],
  known: readonly string[],
  where: (path: readonly (string | number)[]) => string,
): void {
  if (!isPlain(value)) return;
  for (const [key, member] of Object.entries(value)) {
    const at = [...path, key];
    const options = childrenOf(node, key);
    if (options.length > 0) refuseUnknown(member, { anyOf: options }, at, known, where);
    // A scalar in place of settings, or settings in place of a scalar, is a wrong type, which the schema reports.
    else if (takesObjects(node)) throw unknownKey(at.join("."), known, where(at));
  }
}

function takesObjects(node: SchemaNode): boolean {
  return typeInWords(node).split(" or ").some((word) => word === "settings" || word.startsWith("{"));
}

function explain(
  issue: z.core.$ZodIssue,
  path: readonly (string | number)[],
  root: SchemaNode,
  got: unknown,
): string {
  const node = schemaAt(root, path.map(String));
  if (issue.code === "custom" || node === undefined) return sentence(issue.message);
  const reason = issue.code === "invalid_format" ? ` (${sentence(issue.message)})` : "";
  return `expected ${typeInWords(node)}${reason}${suggestion(got, node)}`;
}

/** The nearest choice to the first word that is none: `; did you mean "E2H"?`. */
function suggestion(got: unknown, node: SchemaNode): string {
  const choices = choicesOf(node);
  const wrong = [got].flat().find((word) => typeof word === "string" && !choices.includes(word));
  const near = wrong === undefined ? undefined : nearest(wrong as string, choices);
  return near === undefined ? "" : `; did you mean "${near}"?`;
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
