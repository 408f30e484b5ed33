// Checks whether the `config.json` of several models give equal weights the same meaning.
import { UserError } from "../../errors.ts";
import { readConfig } from "../inputs/tied.ts";
import { configMeaning, type Meaning, OF_LAYERS } from "./config-meaning.ts";

/**
 * Describes how `config.json` files disagree: the first two folders that do, and each key with both values; undefined if
 * they agree. Folders without the file agree with all others.
 *
 * @param names of the folders, for the description
 * @param ignored keys that may differ
 */
export async function configMismatch(
  folders: readonly string[],
  names = folders,
  ignored: (key: string) => boolean = () => false,
): Promise<string | undefined> {
  const meanings = await Promise.all(folders.map(async (folder) => configMeaning(await readConfig(folder))));
  for (const [i, a] of meanings.entries()) {
    for (const [j, b] of meanings.entries()) {
      if (j <= i) continue;
      const keys = [...new Set([...a.keys(), ...b.keys()])].filter((key) => !ignored(key)).sort();
      const said = keys.map((key) => [key, at(a, key), at(b, key)] as const)
        .filter(([, one, other]) => differs(one, other))
        .map(([key, one, other]) => `${key} is ${show(one!)} and ${show(other!)}`);
      if (said.length === 0) continue;
      return `the config.json of "${names[i]}" and "${names[j]}" disagree: ${said.join("; ")}`;
    }
  }
  return undefined;
}

/** The error for a model whose `config.json` {@linkcode configDoubt} doubts. */
export function doubtError(name: string, doubt: string): UserError {
  return new UserError(
    "merge.config",
    `Cannot merge "${name}": ${doubt}`,
    "Give the folder the config.json that was saved with its weights; --allow-config-mismatch merges it as it is",
  );
}

/** The error for a mismatch that {@linkcode configMismatch} describes. */
export function configError(mismatch: string): UserError {
  return new UserError(
    "merge.config",
    `Cannot merge models whose weights have different meanings: ${mismatch}`,
    "To merge them anyway, with the configuration of the base (or of the first model), give --allow-config-mismatch",
  );
}

/** A key's value; a key for one layer type falls back to the key for all layers. */
function at(meaning: ReadonlyMap<string, Meaning>, key: string): Meaning | undefined {
  return meaning.get(key) ?? meaning.get(key.split(OF_LAYERS)[0]!);
}

/** Whether two known values differ, at least one of which is stated. */
function differs(a: Meaning | undefined, b: Meaning | undefined): boolean {
  if (a === undefined || b === undefined || (a.byDefault && b.byDefault)) return false;
  return canonical(a.value) !== canonical(b.value);
}

/** Equal texts for equal values: sorted keys, and one text for null, false and missing. */
function canonical(value: unknown): string {
  if (value === null || value === undefined || value === false) return "off";
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => canonical(member) !== "off").sort(([a], [b]) =>
    a < b ? -1 : 1
  );
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join()}}`;
}

function show({ value, byDefault }: Meaning): string {
  const small = typeof value === "number" && value !== 0 && Math.abs(value) < 1e-3;
  const text = small ? value.toExponential() : typeof value === "number" ? String(value) : JSON.stringify(value);
  return byDefault ? `${text} (by default)` : text;
}
