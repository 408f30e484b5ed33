// The pages' scripts and styles: read once and served from memory, so that no request reaches the disk.
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { bundle, type Bundles } from "./bundle.ts";
import { loadScripts, moduleGraph } from "./scripts.ts";

/** One static file in memory. */
export interface Asset {
  readonly type: string;
  readonly body: string;
  /** Its hash, for `ETag`. */
  readonly tag: string;
  /** The body, compressed once for everybody who asks; undefined for what few ask for. */
  readonly gzipped?: Uint8Array<ArrayBuffer>;
}

/** Everything below `/static/`. */
export interface Assets {
  /** By path below `/static/`. */
  readonly files: ReadonlyMap<string, Asset>;
  /** The scripts of each page, its own first: a bundle, or modules if there are none. */
  readonly pages: Readonly<Record<PageName, readonly string[]>>;
}

/** The pages that have scripts: folders of `client/`, where `page.ts` or `page.tsx` begins. */
export type PageName = keyof typeof PAGES;

/** Where the script of each page begins, below `lib/`. */
export const PAGES = {
  compare: "serve/client/compare/page.ts",
  home: "serve/client/home/page.tsx",
  run: "serve/client/run/page.tsx",
  sweep: "serve/client/sweep/page.ts",
  trash: "serve/client/trash/page.ts",
} as const;
const JAVASCRIPT = "text/javascript; charset=utf-8";
const CLIENT = new URL("./client/", import.meta.url);
const COLORS_SHEET = "common/colors.css";

let assets: Promise<Assets> | undefined;

/**
 * The static files as they were when this process first asked for them: a server that runs for days serves scripts that
 * fit it, whatever has become of the sources.
 */
export function loadAssets(): Promise<Assets> {
  return assets ??= readAssets();
}

/**
 * Reads the static files.
 *
 * @param bundled whether to bundle scripts if this process can. @default true
 */
export async function readAssets(bundled = true): Promise<Assets> {
  const uplot = new URL(import.meta.resolve("uplot/dist/uPlot.min.css"));
  const style = `${await Deno.readTextFile(uplot)}\n${await styles()}`;
  const files = new Map([["icon.svg", asset("image/svg+xml", await Deno.readTextFile(new URL("icon.svg", CLIENT)))]]);
  const bundles = bundled ? await bundle(PAGES, style) : undefined;
  files.set("style.css", asset("text/css; charset=utf-8", bundles?.style ?? style));
  return bundles === undefined ? await withModules(files) : withBundles(files, bundles);
}

/** The pages with one script each. */
function withBundles(files: Map<string, Asset>, { scripts }: Bundles): Assets {
  for (const [page, { body, map }] of scripts) {
    files.set(`${page}.js`, asset(JAVASCRIPT, body));
    files.set(`${page}.js.map`, asset("application/json", map, false));
  }
  const pages = [...scripts.keys()].map((page) => [page, [`${page}.js`]]);
  return { files, pages: Object.fromEntries(pages) };
}

/** The pages with their modules. */
async function withModules(files: Map<string, Asset>): Promise<Assets> {
  const scripts = await loadScripts(Object.values(PAGES));
  for (const [path, { body }] of scripts) files.set(path, asset(JAVASCRIPT, body));
  const graphs = Object.entries(PAGES).map(([page, entry]) => [page, moduleGraph(scripts, entry)]);
  return { files, pages: Object.fromEntries(graphs) };
}

function asset(type: string, body: string, zip = true): Asset {
  const tag = createHash("sha256").update(body).digest("base64url").slice(0, 22);
  return { type, body, tag, ...(zip ? { gzipped: new Uint8Array(gzipSync(body, { level: 9 })) } : {}) };
}

/** Every style sheet beside the components, as one: the colors first, then what pages share, then what each adds. */
async function styles(): Promise<string> {
  const folders = [...Deno.readDirSync(CLIENT)].filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
  const sheets = ["common", ...folders.filter((folder) => folder !== "common").sort()].flatMap((folder) => {
    const names = [...Deno.readDirSync(new URL(folder, CLIENT))].map(({ name }) => name);
    return names.filter((name) => name.endsWith(".css")).sort().map((name) => `${folder}/${name}`);
  });
  const first = [COLORS_SHEET, "common/base.css"];
  const ordered = [...first, ...sheets.filter((sheet) => !first.includes(sheet))];
  return (await Promise.all(ordered.map(readSheet))).join("\n");
}

const readSheet = (sheet: string) => Deno.readTextFile(new URL(sheet, CLIENT));

/** The style sheet with the colors of pages, for pictures that look like them. */
export const colorsSheet = (): Promise<string> => readSheet(COLORS_SHEET);
