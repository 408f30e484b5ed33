// What a module's source says of other files: its imports, re-exports and assets.
import { parse } from "es-module-lexer";

/** Names that are imported from a module; `all`: any of them, or the module for its effects. */
export type Names = readonly string[] | "all";

/** What a module's source says. Types count for nothing: they are not there at run time. */
export interface ModuleFacts {
  /** Whether it holds nothing but imports and re-exports, like a `mod.ts`. */
  readonly barrel: boolean;
  readonly imports: readonly { readonly specifier: string; readonly names: Names }[];
  /** Exported names that come from another module: its specifier, and the name there (undefined: all of it). */
  readonly reexports: ReadonlyMap<string, { readonly specifier: string; readonly name: string | undefined }>;
  /** Specifiers of `export * from`. */
  readonly stars: readonly string[];
  /** Names of values that it defines itself, and names of types, which lead nowhere. */
  readonly values: readonly string[];
  readonly types: readonly string[];
  /**
   * Files in `new URL("…", import.meta.url)`, which is how a module names a file that it reads or starts as a worker. An
   * expression in a template is written as `*`.
   */
  readonly assets: readonly string[];
}

/**
 * Reads the facts of a TypeScript or JavaScript module.
 *
 * @param name for the message
 * @throws Error when the source cannot be parsed
 */
export function moduleFacts(source: string, name: string): ModuleFacts {
  const [imports, exports, facade] = parse(source, name);
  const reexports = new Map<string, { specifier: string; name: string | undefined }>();
  const stars: string[] = [];
  const [values, types]: [string[], string[]] = [[], []];
  for (const one of exports) {
    if (one.type === "reexport-all") {
      if (!one.typeOnly) stars.push(one.from);
    } else if (one.typeOnly) types.push(one.name);
    else if (one.type === "direct") values.push(one.name);
    else reexports.set(one.name, { specifier: one.from, name: one.importName ?? undefined });
  }
  const found: { specifier: string; names: Names }[] = [];
  const assets: string[] = [];
  const statements: string[] = [];
  for (const one of imports) {
    if (one.type === "import-meta") assets.push(...assetAt(source, one.start, one.end));
    else if (one.specifier === undefined || (one.type !== "dynamic" && one.typeOnly)) continue;
    else if (one.type === "dynamic" && TYPE_BEFORE.test(source.slice(0, one.importStart))) continue;
    // Re-exports are among the exports.
    else if (source.startsWith("export", one.importStart)) continue;
    else if (one.attributes !== null) assets.push(one.specifier);
    else if (one.type === "static" && CLAUSE.test(source.slice(one.importStart, one.importStart + 20))) {
      statements.push(source.slice(one.importStart, one.importEnd));
    } else found.push({ specifier: one.specifier, names: "all" });
  }
  found.push(...namedImports(statements));
  return { barrel: facade && values.length === 0, imports: found, reexports, stars, values, types, assets };
}

/** What precedes `import("…")` where it is a type: `typeof import("…")`. */
const TYPE_BEFORE = /\btypeof\s+$/;

/** The beginning of an import of names only: no default, and not the whole module. */
const CLAUSE = /^import\s*\{/;

/** What import statements of names import: they read like re-exports, which the lexer takes apart. */
function namedImports(statements: readonly string[]): { specifier: string; names: string[] }[] {
  if (statements.length === 0) return [];
  const [imports, exports] = parse(statements.map((text) => text.replace(/^import/, "export")).join(";\n"));
  return imports.flatMap(({ specifier }, i) => {
    const names = exports.flatMap((one) =>
      one.type === "reexport" && one.importIndex === i && !one.typeOnly ? [one.importName!] : []
    );
    return names.length === 0 ? [] : [{ specifier: specifier!, names }];
  });
}

/** The file in `new URL("…", import.meta.url)`, where that is what stands around `import.meta`; folders are left out. */
function assetAt(source: string, start: number, end: number): string[] {
  if (!/^\s*\.url\s*\)/.test(source.slice(end))) return [];
  const [, quote, text] = /\bnew\s+URL\(\s*(["'`])([^"'`]*)\1\s*,\s*$/.exec(source.slice(0, start)) ?? [];
  if (text === undefined || text === "." || text.endsWith("/")) return [];
  return [quote === "`" ? text.replaceAll(/\$\{[^}]*\}/g, "*") : text];
}
