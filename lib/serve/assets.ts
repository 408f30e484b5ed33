// The pages' scripts and styles: read once at the start and served from memory, so that no request reaches the disk.
import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path/posix";

/** One static file in memory. */
export interface Asset {
  readonly type: string;
  readonly body: string;
}

/** The pages' own scripts; their imports are followed. Paths are relative to `lib/`, so relative imports work unchanged. */
const ENTRIES = ["serve/client/home.ts", "serve/client/run.ts", "serve/client/sweep.ts"];

/**
 * All static files by path below `/static/`.
 *
 * The browser's code is TypeScript like everything else: the types are erased here (positions stay, so that stack
 * traces match the sources), and `uplot` is the only package it imports. Events are folded into a view by
 * the same file that the terminal, notebooks and reports use.
 */
export function loadAssets(): ReadonlyMap<string, Asset> {
  const assets = new Map<string, Asset>();
  const modules = [...ENTRIES];
  // Grows while it is walked.
  for (const path of modules) {
    const source = Deno.readTextFileSync(new URL(`../${path}`, import.meta.url));
    const script = stripTypeScriptTypes(source).replace(/(from\s+)"uplot"/g, '$1"/static/uplot.js"');
    for (const [, specifier] of script.matchAll(/\bfrom\s+"(\.[^"]+)"/g)) {
      const imported = join(dirname(path), specifier!);
      if (!modules.includes(imported)) modules.push(imported);
    }
    assets.set(path, { type: "text/javascript; charset=utf-8", body: script });
  }
  assets.set("uplot.js", { type: "text/javascript; charset=utf-8", body: readPackageFile("uplot/dist/uPlot.esm.js") });
  assets.set("uplot.css", { type: "text/css; charset=utf-8", body: readPackageFile("uplot/dist/uPlot.min.css") });
  for (const name of ["style.css", "icon.svg"]) {
    const type = name.endsWith(".css") ? "text/css; charset=utf-8" : "image/svg+xml";
    assets.set(name, { type: type, body: Deno.readTextFileSync(new URL(`./client/${name}`, import.meta.url)) });
  }
  return assets;
}

function readPackageFile(specifier: string): string {
  return Deno.readTextFileSync(new URL(import.meta.resolve(specifier)));
}
