// The pages' scripts and styles: read once and served from memory, so that no request reaches the disk.
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { loadScripts, moduleGraph } from "./scripts.ts";

/** One static file in memory. */
export interface Asset {
  readonly type: string;
  readonly body: string;
  /** Its hash, for `ETag`. */
  readonly tag: string;
  /** The body, compressed once for everybody who asks. */
  readonly gzipped: Uint8Array<ArrayBuffer>;
}

/** Everything below `/static/`. */
export interface Assets {
  /** By path below `/static/`. */
  readonly files: ReadonlyMap<string, Asset>;
  /** The scripts of each page, its own first. */
  readonly pages: Readonly<Record<PageName, readonly string[]>>;
}

/** The pages that have scripts: folders of `client/`, where `page.ts` or `page.tsx` begins. */
export type PageName = keyof typeof PAGES;

const PAGES = {
  compare: "serve/client/compare/page.ts",
  home: "serve/client/home/page.tsx",
  run: "serve/client/run/page.tsx",
  sweep: "serve/client/sweep/page.ts",
  trash: "serve/client/trash/page.ts",
} as const;
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

async function readAssets(): Promise<Assets> {
  const files = new Map<string, Asset>();
  const add = (path: string, type: string, body: string) => {
    const tag = createHash("sha256").update(body).digest("base64url").slice(0, 22);
    files.set(path, { type, body, tag, gzipped: new Uint8Array(gzipSync(body, { level: 9 })) });
  };
  const scripts = await loadScripts(Object.values(PAGES));
  for (const [path, { body }] of scripts) add(path, "text/javascript; charset=utf-8", body);
  const uplot = new URL(import.meta.resolve("uplot/dist/uPlot.min.css"));
  const style = `${await Deno.readTextFile(uplot)}\n${await styles()}`;
  add("style.css", "text/css; charset=utf-8", style);
  add("icon.svg", "image/svg+xml", await Deno.readTextFile(new URL("icon.svg", CLIENT)));
  const graphs = Object.entries(PAGES).map(([page, entry]) => [page, moduleGraph(scripts, entry)]);
  return { files, pages: Object.fromEntries(graphs) };
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
