// The code version of a cell: a hash of the source text that decides its outcome.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import project from "../../../deno.json" with { type: "json" };
import { filesBelow, sha256, sha256OfFile } from "./files.ts";

/** The repository's root folder. */
export const repositoryRoot: string = fileURLToPath(new URL("../../../", import.meta.url));

const imports: Readonly<Record<string, string>> = project.imports;

/**
 * A hash of every `.ts`, `.wasm` and `.so` file of the given rooms and files, by path and content, and of the exact
 * versions of the packages that they import. Comments and formatting count: a spurious rebuild costs time, a stale
 * result costs trust.
 *
 * @param code folders or files relative to `root`, such as `lib/model`
 * @throws Error when an entry names nothing
 */
export async function codeVersion(code: readonly string[], root: string = repositoryRoot): Promise<string> {
  const lines = new Set<string>();
  for (const entry of code) {
    const paths = await sourcesOf(entry, root);
    if (paths.length === 0) throw new Error(`Cannot hash the code of "${entry}": it has no .ts, .wasm or .so file`);
    for (const path of paths) {
      lines.add(`${path} ${await sha256OfFile(join(root, path))}`);
      if (!path.endsWith(".ts")) continue;
      for (const specifier of packagesImported(await Deno.readTextFile(join(root, path)))) lines.add(specifier);
    }
  }
  return sha256([...lines].sort().join("\n"));
}

async function sourcesOf(entry: string, root: string): Promise<string[]> {
  try {
    const { isFile } = await Deno.stat(join(root, entry));
    if (isFile) return [entry];
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(`Cannot hash the code of "${entry}": there is no such file or folder in the repository`);
  }
  return (await filesBelow(join(root, entry)))
    .filter((path) => /\.(ts|wasm|so)$/.test(path))
    .map((path) => `${entry}/${path}`);
}

function packagesImported(source: string): string[] {
  return [...source.matchAll(/(?:from|import|import\()\s*"([^".][^"]*)"/g)]
    .map(([, name]) => imports[name!])
    .filter((specifier) => specifier !== undefined);
}
