// The browser's modules one by one, for where they cannot be bundled: TypeScript and TSX without their types, and the
// files of packages that they import.
import { parse } from "es-module-lexer";
import { stripTypeScriptTypes } from "node:module";

/** A module as the browser gets it. */
export interface Script {
  readonly body: string;
  /** Paths of the modules that it imports. */
  readonly imports: readonly string[];
}

/** The package whose elements the browser makes. */
export const JSX_PACKAGE = "hono/jsx/dom";
/** Where packages lie below `/static/`. */
const PACKAGES = "npm/";
/**
 * What a browser gets in place of a package's main file. Components import `hono/jsx`, so that the server can render them
 * too; a browser needs the same names from `hono/jsx/dom`.
 */
const IN_BROWSER: Readonly<Record<string, string>> = {
  "uplot": "uplot/dist/uPlot.iife.min.js",
  "hono/jsx": JSX_PACKAGE,
};
/** Files of packages that make a variable instead of exporting it: the only small form of some. */
const VARIABLES: Readonly<Record<string, string>> = { "uPlot.iife.min.js": "uPlot" };
/** Where paths of modules begin. */
export const LIB = new URL("../", import.meta.url).href;

/**
 * The modules at `entries` and all that they import, by path below `/static/`: our own as they are below `lib/`, so that
 * relative imports work unchanged, and packages as below `node_modules/`.
 *
 * @throws Error when a module cannot be read or parsed
 */
export async function loadScripts(entries: readonly string[]): Promise<ReadonlyMap<string, Script>> {
  const scripts = new Map<string, Script>();
  const waiting = new Set(entries.map((path) => new URL(path, LIB).href));
  // Grows while it is walked.
  for (const url of waiting) {
    const code = await javaScript(url);
    const imports = importsOf(code, url);
    for (const { target } of imports) waiting.add(target);
    const body = shortened(rewritten(code, imports));
    scripts.set(pathOf(url), { body, imports: imports.map(({ target }) => pathOf(target)) });
  }
  return scripts;
}

/** A module's path and those of all modules that it needs, in the order in which a browser would meet them. */
export function moduleGraph(scripts: ReadonlyMap<string, Script>, entry: string): readonly string[] {
  const paths = new Set([entry]);
  for (const path of paths) for (const imported of scripts.get(path)?.imports ?? []) paths.add(imported);
  return [...paths];
}

/** A module's source as JavaScript. Lines stay, so that stack traces match them. @param url of the file */
export async function javaScript(url: string): Promise<string> {
  const source = await Deno.readTextFile(new URL(url));
  const variable = VARIABLES[url.slice(url.lastIndexOf("/") + 1)];
  if (variable !== undefined) return `${source}\nexport default ${variable};\n`;
  if (url.endsWith(".ts")) return stripTypeScriptTypes(source);
  if (!url.endsWith(".tsx")) return source;
  const { transform } = await import("sucrase");
  return transform(source, {
    transforms: ["typescript", "jsx"],
    jsxRuntime: "automatic",
    jsxImportSource: JSX_PACKAGE,
    production: true,
    disableESTransforms: true,
    keepUnusedImports: true,
    filePath: url,
  }).code;
}

/**
 * A module without indentation and without the comments that have lines to themselves, a quarter of what is sent. The
 * lines stay, so that stack traces match them. A test compares what it makes of every module that is served with what a
 * parser does: a text over several lines that it would change must be written in another way.
 */
export function shortened(code: string): string {
  let inside = false;
  return code.split("\n").map((line) => {
    const text = line.trim();
    const opens = !inside && text.startsWith("/*");
    if (!inside && !opens) return text.startsWith("//") ? "" : text;
    const end = text.indexOf("*/");
    if (end < 0) {
      inside = true;
      return "";
    }
    inside = false;
    return text.slice(end + 2);
  }).join("\n");
}

/** The URL of the file that a browser gets for a package. */
export function packageUrl(specifier: string): string {
  return import.meta.resolve(IN_BROWSER[specifier] ?? specifier);
}

interface Import {
  readonly start: number;
  readonly end: number;
  readonly specifier: string;
  /** The URL of the file. */
  readonly target: string;
}

function importsOf(code: string, url: string): Import[] {
  return parse(code, url)[0].flatMap((one) => {
    if (one.type !== "static" && one.type !== "reexport-star") return [];
    const { specifier, start, end } = one;
    const target = /^\.{1,2}\//.test(specifier) ? new URL(specifier, url).href : packageUrl(specifier);
    return [{ start, end, specifier, target }];
  });
}

/** The code with the specifiers of packages replaced by URLs. */
function rewritten(code: string, imports: readonly Import[]): string {
  return imports.filter(({ specifier }) => !specifier.startsWith(".")).reduceRight(
    (text, { start, end, target }) => `${text.slice(0, start)}/static/${pathOf(target)}${text.slice(end)}`,
    code,
  );
}

function pathOf(url: string): string {
  return url.startsWith(LIB) && !url.includes("/node_modules/")
    ? url.slice(LIB.length)
    : PACKAGES + url.slice(url.lastIndexOf("/node_modules/") + "/node_modules/".length);
}
