// The pages' scripts and styles: read once at the start and served from memory, so that no request reaches the disk.
import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path/posix";

/** One static file in memory. */
export interface Asset {
  readonly type: string;
  readonly body: string;
}

const CLIENT = new URL("./client/", import.meta.url);
/** Folders of the pages; their scripts begin at `page.ts`, and imports are followed. */
const PAGES = ["home", "run", "sweep"];

/**
 * All static files by path below `/static/`.
 *
 * The browser's code is TypeScript like everything else: the types are erased here (positions stay, so that stack
 * traces match the sources), and `uplot` is the only package it imports. Events are folded into a view by
 * the same file that the terminal, notebooks and reports use.
 */
export function loadAssets(): ReadonlyMap<string, Asset> {
  const assets = new Map<string, Asset>();
  const modules = PAGES.map((page) => `serve/client/${page}/page.ts`);
  // Grows while it is walked. Paths are relative to `lib/`, so relative imports work unchanged.
  for (const path of modules) {
    const source = Deno.readTextFileSync(fileUrl(path));
    const script = stripTypeScriptTypes(source).replace(/(from\s+)"uplot"/g, '$1"/static/uplot.js"');
    for (const [, specifier] of script.matchAll(/\bfrom\s+"(\.[^"]+)"/g)) {
      const imported = join(dirname(path), specifier!);
      if (!modules.includes(imported)) modules.push(imported);
    }
    assets.set(path, { type: "text/javascript; charset=utf-8", body: script });
  }
  assets.set("uplot.js", { type: "text/javascript; charset=utf-8", body: readPackageFile("uplot/dist/uPlot.esm.js") });
  assets.set("uplot.css", { type: "text/css; charset=utf-8", body: readPackageFile("uplot/dist/uPlot.min.css") });
  assets.set("style.css", { type: "text/css; charset=utf-8", body: styles() });
  assets.set("icon.svg", { type: "image/svg+xml", body: Deno.readTextFileSync(new URL("icon.svg", CLIENT)) });
  return assets;
}

/** Every style sheet beside the components, as one: the colors first, then what pages share, then what each adds. */
function styles(): string {
  const folders = ["common", ...foldersOf(CLIENT).filter((folder) => folder !== "common")];
  const sheets = folders.flatMap((folder) => {
    const names = [...Deno.readDirSync(new URL(folder, CLIENT))].map(({ name }) => name);
    return names.filter((name) => name.endsWith(".css")).sort().map((name) => `${folder}/${name}`);
  });
  const base = "common/base.css";
  const ordered = [base, ...sheets.filter((sheet) => sheet !== base)];
  return ordered.map((sheet) => Deno.readTextFileSync(new URL(sheet, CLIENT))).join("\n");
}

/** The names of the folders in a folder, sorted. */
function foldersOf(folder: URL): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => isDirectory ? [name] : []).sort();
}

function fileUrl(path: string): URL {
  return new URL(`../${path}`, import.meta.url);
}

function readPackageFile(specifier: string): string {
  return Deno.readTextFileSync(new URL(import.meta.resolve(specifier)));
}
