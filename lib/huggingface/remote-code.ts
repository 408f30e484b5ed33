// The Python files of a model folder that transformers runs with `trust_remote_code=True`.
import { exists, readBytes, readJson } from "./files.ts";

/** The `model_type` of exported stitched models, whose code is in their folder. */
export const STITCHED_MODEL_TYPE = "stitched";

/** Files that may name code in `auto_map`. */
const NAMING = ["config.json", "tokenizer_config.json", "preprocessor_config.json", "processor_config.json"];

/** The code of a model folder. */
export interface RemoteCode {
  /** Names of the files that are there. */
  readonly files: readonly string[];
  /** Names of those that are not, each with the file that asks for it. */
  readonly missing: readonly { readonly file: string; readonly neededBy: string }[];
}

/**
 * The Python files that a folder's `auto_map` names, and those that they import from the folder, as transformers follows
 * them. Code in another repository (`org/model--module.Class`) is none of the folder's.
 *
 * @throws UserError naming a file that cannot be read
 */
export async function remoteCode(folder: string): Promise<RemoteCode> {
  const neededBy = new Map<string, string>();
  for (const naming of NAMING) {
    if (!await exists(`${folder}/${naming}`)) continue;
    for (const file of namedIn((await readJson(`${folder}/${naming}`))["auto_map"])) {
      if (!neededBy.has(file)) neededBy.set(file, naming);
    }
  }
  const [files, missing]: [string[], { file: string; neededBy: string }[]] = [[], []];
  // A map's iterator also visits entries that are added meanwhile.
  for (const [file, by] of neededBy) {
    if (!await exists(`${folder}/${file}`)) {
      missing.push({ file, neededBy: by });
      continue;
    }
    files.push(file);
    const text = new TextDecoder().decode(await readBytes(`${folder}/${file}`));
    for (const imported of importedIn(text)) if (!neededBy.has(imported)) neededBy.set(imported, file);
  }
  return { files: files.sort(), missing };
}

/** The files of the classes in an `auto_map`, each `module.Class` or, for tokenizers, a list of two. */
function namedIn(map: unknown): string[] {
  if (typeof map !== "object" || map === null) return [];
  const classes = Object.values(map).flat().filter((one): one is string => typeof one === "string");
  return classes.filter((one) => !one.includes("--")).flatMap(fileOf);
}

/** The files of relative imports: `from .configuration import X`, `import .configuration`. */
function importedIn(python: string): string[] {
  return [...python.matchAll(/^\s*(?:from\s+\.(\S+)\s+import\b|import\s+\.(\S+)\s*$)/gm)]
    .flatMap(([, from, whole]) => fileOf(from ?? whole!));
}

const fileOf = (dotted: string) => /^\w+/.exec(dotted)?.map((module) => `${module}.py`) ?? [];
