// The code version of a cell: a hash of the source code that determines its outcome, found by following imports.
import { createHash } from "node:crypto";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import project from "../../../deno.json" with { type: "json" };
import { sha256 } from "./files.ts";
import { moduleGraphs, type SourceReader } from "./module-graph.ts";
import { repositoryRoot } from "./repository.ts";

/** A module, as its own `import.meta` names it. */
export type CodeModule = Pick<ImportMeta, "url">;

/**
 * The room that runs experiments. It decides nothing that a cell returns or logs, so a script may define cells beside its
 * `experimentMain()` without depending on all that it imports: pages, reports, the command line.
 */
const ENGINE = "lib/experiment";

/** The source that decides what some modules do. */
export interface Code {
  /** Hash of all of it. */
  readonly version: string;
  /** SHA-256 of each file by its path in the repository, and the exact version of each package. */
  readonly sources: Readonly<Record<string, string>>;
}

/**
 * Finds the code of modules: the modules, all that they import, the assets that these name, and the exact versions of
 * packages. Comments and formatting count: a spurious rebuild costs time, a stale result costs trust.
 *
 * @param root paths are relative to it
 */
export function codeReader(reader: SourceReader, root: string): (modules: readonly CodeModule[]) => Code {
  const engine = join(root, ENGINE) + sep;
  const graphOf = moduleGraphs(reader, (path) => path.startsWith(engine), (specifier) => ownModule(specifier, root));
  const hashes = new Map<string, string>();
  const codes = new Map<string, Code>();
  const hashOf = (path: string): string => {
    let hash = hashes.get(path);
    if (hash === undefined) hashes.set(path, hash = createHash("sha256").update(reader.read(path)).digest("hex"));
    return hash;
  };
  return (modules) => {
    const paths = [...new Set(modules.map(({ url }) => pathOf(url)))].sort();
    const known = codes.get(paths.join("\n"));
    if (known !== undefined) return known;
    const { files, packages } = graphOf(paths);
    const sources = Object.fromEntries(
      [
        ...[...files].map((path) => [relative(root, path).replaceAll(sep, "/"), hashOf(path)]),
        ...[...packages].map((specifier) => [specifier, packageVersion(specifier)]),
      ].sort(([a], [b]) => a! < b! ? -1 : 1),
    );
    const code = { version: sha256(Object.entries(sources).map((line) => line.join(" ")).join("\n")), sources };
    codes.set(paths.join("\n"), code);
    return code;
  };
}

/**
 * The code of modules of this process, as it was when it was first asked for: what is edited later is not what runs.
 *
 * @throws Error naming the file that cannot be read, and the one that imports it
 */
export const codeOf: (modules: readonly CodeModule[]) => Code = codeReader(
  {
    read: (path) => Deno.readFileSync(path),
    list: (folder) => [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile).map(({ name }) => name),
  },
  repositoryRoot,
);

function pathOf(url: string): string {
  if (!url.startsWith("file:")) {
    throw new Error(`Cannot follow the imports of ${url}: a cell must be defined in a file`);
  }
  return fileURLToPath(url);
}

const entries: Readonly<Record<string, string>> = project.exports;

/** The file of one of this package's modules by name (`@stitchbook/stitchbook/train`), as scripts elsewhere import it. */
function ownModule(specifier: string, root: string): string | undefined {
  if (!specifier.startsWith(project.name)) return undefined;
  const file = entries[`.${specifier.slice(project.name.length)}`];
  return file && join(root, file);
}

const packages: Readonly<Record<string, string>> = project.imports;

/** `npm:zod@4.6.7`; of a specifier that the repository does not map, the specifier, which then names the version. */
function packageVersion(specifier: string): string {
  const name = Object.keys(packages).find((name) => specifier === name || specifier.startsWith(`${name}/`));
  return name === undefined ? specifier : packages[name]!;
}
