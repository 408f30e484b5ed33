// Reads the nodes of a YAML document, with errors that name the line.
import { isMap, isScalar, isSeq, type Node } from "yaml";
import { didYouMean, type UserError } from "../../errors.ts";

/** Positions and errors of one document. */
export interface Reader {
  /** File and line of a position. */
  readonly where: (offset: number) => string;
  readonly wrong: (offset: number, message: string, hint: string) => UserError;
}

/** A value, and where its key stands. */
export interface Entry {
  readonly value: unknown;
  readonly offset: number;
}

/** The hint for a key that is like no other. */
const SAME_KEYS = "docs/merging.md lists the keys, which are mergekit's; leave this one out";

/** Where a node starts. */
export function offsetOf(node: unknown): number {
  return (node as Node | null)?.range?.[0] ?? 0;
}

/**
 * The entries of a mapping; those that are null are left out.
 *
 * @param what it is, for messages
 * @param keys that it may have; any if undefined
 * @param unsupported keys that mergekit reads and this does not
 */
export function entriesOf(
  { wrong }: Reader,
  node: unknown,
  what: string,
  keys: readonly string[] | undefined,
  unsupported: readonly string[] = [],
): ReadonlyMap<string, Entry> {
  if (!isMap(node)) {
    throw wrong(offsetOf(node), `${what} is not a mapping`, `write keys and values, as in ${keys?.[0] ?? "key"}: …`);
  }
  const entries = new Map<string, Entry>();
  for (const { key, value } of node.items) {
    const [name, offset] = [isScalar(key) ? String(key.value) : String(key), offsetOf(key)];
    if (unsupported.includes(name)) throw wrong(offset, `"${name}" is not supported`, "mergekit itself merges it");
    if (keys?.includes(name) === false) {
      throw wrong(
        offset,
        `unknown key "${name}" in ${what}: expected one of ${keys.join(", ")}`,
        didYouMean(name, keys, "", SAME_KEYS)!,
      );
    }
    // As in mergekit, `base_model: null` is as good as nothing.
    if (value !== null && !(isScalar(value) && value.value === null)) entries.set(name, { value, offset });
  }
  return entries;
}

/** The items of a list. */
export function listOf({ wrong }: Reader, { value, offset }: Entry, key: string, of: string): readonly unknown[] {
  if (isSeq(value) && value.items.length > 0) return value.items;
  throw wrong(offset, `"${key}" is not a list of ${of}`, "begin each with a hyphen, as in - model: a");
}

/** The name of a model. */
export function textOf(
  { wrong }: Reader,
  { value, offset }: Entry,
  key: string,
  what = "a model",
  example = "last:code, the path of a folder or of a .gguf file, or org/model",
): string {
  if (isScalar(value) && typeof value.value === "string" && value.value !== "") return value.value;
  throw wrong(offset, `expected "${key}" with ${what}`, `write it as in ${key}: ${example}`);
}

/** One of several words. */
export function choice(reader: Reader, entry: Entry, key: string, among: readonly string[]): string {
  const text = isScalar(entry.value) ? String(entry.value.value) : "";
  if (among.includes(text)) return text;
  throw reader.wrong(
    entry.offset,
    `"${key}" is ${JSON.stringify(text)}: expected one of ${among.join(", ")}`,
    didYouMean(text, among, "", `write one of them after ${key}:`)!,
  );
}

/** A whole number from `least` on. */
export function wholeNumber({ wrong }: Reader, { value, offset }: Entry, key: string, least: number): number {
  const found = isScalar(value) ? value.value : undefined;
  if (Number.isInteger(found) && (found as number) >= least) return found as number;
  throw wrong(offset, `expected "${key}" with a whole number from ${least}`, `write it as in ${key}: ${least + 1}`);
}
