// Which files decide what a module does: itself, what it imports, and the assets that these name.
import { basename, dirname, resolve } from "node:path";
import { type ModuleFacts, moduleFacts, type Names } from "./module-facts.ts";

/** Reads sources; paths are absolute. */
export interface SourceReader {
  /** Throws when there is no such file. */
  read(path: string): Uint8Array<ArrayBuffer>;
  /** Names of a folder's files. */
  list(folder: string): readonly string[];
}

/** The files and packages that a module depends on. */
export interface ModuleGraph {
  readonly files: ReadonlySet<string>;
  /** Bare specifiers, such as `zod`; those of the runtime (`node:`) are left out. */
  readonly packages: ReadonlySet<string>;
}

/** A module or an asset that is imported and cannot be read. */
export class MissingSource extends Error {
  constructor(readonly path: string, readonly importer: string, reason: string) {
    super(`${importer} needs ${path}, which cannot be read: ${reason}`);
  }
}

const decoder = new TextDecoder();
const MODULE = /\.[cm]?[jt]sx?$/;

/**
 * Finds what modules depend on, and remembers what it has read.
 *
 * Relative imports are followed, dynamic ones with a literal specifier too, and types are not. Through a barrel, a module
 * of re-exports only, a name leads to the module that defines it, and to those that the barrel imports for their effects: an
 * edit in one file of a room concerns those that import this file's names.
 *
 * @param skip modules that nothing is said to depend on
 * @param named the file of a bare specifier that is to be followed; undefined for packages
 */
export function moduleGraphs(
  reader: SourceReader,
  skip: (path: string) => boolean = () => false,
  named: (specifier: string) => string | undefined = () => undefined,
): (roots: readonly string[]) => ModuleGraph {
  const known = new Map<string, ModuleFacts>();
  /** The path of an imported file; undefined for a package. */
  const fileOf = (importer: string, specifier: string) =>
    isRelative(specifier) ? inFolderOf(importer, specifier) : named(specifier);
  const factsOf = (path: string, importer: string): ModuleFacts => {
    let facts = known.get(path);
    if (facts === undefined) {
      known.set(path, facts = moduleFacts(decoder.decode(readFor(reader, path, importer)), path));
    }
    return facts;
  };

  /** What a module exports under a name, itself or through others. */
  const exported = (path: string, name: string, seen: readonly string[] = []): "value" | "type" | undefined => {
    if (seen.includes(path)) return undefined;
    const { values, types, reexports, stars } = factsOf(path, path);
    if (values.includes(name) || reexports.has(name)) return "value";
    if (types.includes(name)) return "type";
    const found = stars.flatMap((star) => fileOf(path, star) ?? []).map((file) =>
      exported(file, name, [...seen, path])
    );
    return found.find((kind) => kind === "value") ?? found.find((kind) => kind !== undefined);
  };

  return (roots) => {
    const files = new Set<string>();
    const packages = new Set<string>();
    /** Barrels all of whose names were followed, and single names that were: `path name`. */
    const followed = new Set<string>();
    const isNew = (what: string) => !followed.has(what) && followed.add(what) !== undefined;

    const visit = (path: string, names: Names, importer: string) => {
      if (files.has(path) || skip(path)) return;
      if (!MODULE.test(path)) return assetsOf(reader, path, importer).forEach((file) => files.add(file));
      const facts = factsOf(path, importer);
      if (!facts.barrel) {
        files.add(path);
        followAll(facts, path);
        for (const asset of facts.assets) visit(inFolderOf(path, asset), "all", path);
      } else if (names !== "all") {
        for (const name of names) if (isNew(`${path} ${name}`)) followName(facts, path, name);
        // What it imports for its effects runs, whatever is asked of it.
        if (isNew(`${path} import`)) {
          for (const { specifier, names } of facts.imports) follow(specifier, names, path);
        }
      } else if (isNew(path)) followAll(facts, path);
    };
    const follow = (specifier: string, names: Names, importer: string) => {
      const file = fileOf(importer, specifier);
      if (file !== undefined) visit(file, names, importer);
      else if (!specifier.startsWith("node:")) packages.add(specifier);
    };
    const followAll = ({ imports, reexports, stars }: ModuleFacts, path: string) => {
      for (const { specifier, names } of imports) follow(specifier, names, path);
      for (const { specifier, name } of reexports.values()) {
        follow(specifier, name === undefined ? "all" : [name], path);
      }
      for (const star of stars) follow(star, "all", path);
    };
    const followName = ({ reexports, stars }: ModuleFacts, path: string, name: string) => {
      const direct = reexports.get(name);
      if (direct !== undefined) {
        return follow(direct.specifier, direct.name === undefined ? "all" : [direct.name], path);
      }
      const kind = exported(path, name);
      if (kind === "type") return;
      // A name that this reading cannot find: everything counts.
      if (kind === undefined) return visit(path, "all", path);
      for (const star of stars) {
        const file = fileOf(path, star);
        if (file !== undefined && exported(file, name) === "value") follow(star, [name], path);
      }
    };
    for (const root of roots) {
      // Itself, too, whatever it holds.
      visit(root, "all", root);
      files.add(root);
    }
    return { files, packages };
  };
}

/** The files that an asset's path names; `*` in its last part stands for any text. */
function assetsOf(reader: SourceReader, path: string, importer: string): string[] {
  const [folder, name] = [dirname(path), basename(path)];
  if (!name.includes("*")) {
    readFor(reader, path, importer);
    return [path];
  }
  const pattern = new RegExp(`^${name.split("*").map((part) => RegExp.escape(part)).join(".*")}$`);
  const found = reader.list(folder).filter((name) => pattern.test(name)).map((name) => resolve(folder, name));
  if (found.length === 0) throw new MissingSource(path, importer, "no file fits");
  return found;
}

function readFor(reader: SourceReader, path: string, importer: string): Uint8Array<ArrayBuffer> {
  try {
    return reader.read(path);
  } catch (error) {
    throw new MissingSource(path, importer, error instanceof Error ? error.message : String(error));
  }
}

const isRelative = (specifier: string) => /^\.\.?\//.test(specifier);
const inFolderOf = (module: string, specifier: string) => resolve(dirname(module), specifier);
