// The pages' scripts as one small file each. esbuild makes them when a server starts, so there is no build step.
import { basename } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Plugin } from "esbuild";
import { withTimeout } from "../timeout.ts";
import { javaScript, JSX_PACKAGE, LIB, packageUrl } from "./scripts.ts";

/** A page's script with everything that it imports. */
export interface Bundle {
  readonly body: string;
  /** Its source map, so that stack traces name files and lines; only developer tools ask for it. */
  readonly map: string;
}

/** What pages load, as small as it gets. */
export interface Bundles {
  /** By page. */
  readonly scripts: ReadonlyMap<string, Bundle>;
  readonly style: string;
}

/** esbuild takes a fifth of a second; one that hangs must not keep pages from being served. */
const PATIENCE_MS = 10_000;

/**
 * Bundles and minifies the pages' scripts and their style. esbuild is a program, so this needs permission to run programs.
 *
 * @param entries where each page's script begins, below `lib/`
 * @param style the pages' style sheet
 * @returns undefined if esbuild cannot run here; then pages load their modules one by one
 */
export async function bundle(entries: Readonly<Record<string, string>>, style: string): Promise<Bundles | undefined> {
  // A question to the user would be worse than modules.
  for (const name of ["run", "env", "read"] as const) {
    if ((await Deno.permissions.query({ name })).state !== "granted") return undefined;
  }
  try {
    const esbuild = await import("esbuild");
    try {
      return await withTimeout(bundleWith(esbuild, entries, style), PATIENCE_MS);
    } finally {
      await esbuild.stop();
    }
  } catch (error) {
    // No binary for this system, or none may be run.
    console.error(`Pages load slowly, because their scripts cannot be bundled: ${(error as Error).message}`);
    return undefined;
  }
}

async function bundleWith(
  { build, transform }: typeof import("esbuild"),
  entries: Readonly<Record<string, string>>,
  style: string,
): Promise<Bundles> {
  const common = { minify: true, legalComments: "none", logLevel: "silent" } as const;
  const { outputFiles } = await build({
    ...common,
    entryPoints: Object.entries(entries).map(([page, path]) => ({ in: fileURLToPath(new URL(path, LIB)), out: page })),
    absWorkingDir: fileURLToPath(LIB),
    bundle: true,
    format: "esm",
    jsx: "automatic",
    jsxImportSource: JSX_PACKAGE,
    outdir: fileURLToPath(LIB),
    plugins: [packages],
    sourcemap: "linked",
    write: false,
  });
  const textOf = (name: string) => outputFiles.find(({ path }) => basename(path) === name)!.text;
  const scripts = Object.keys(entries).map((page): [string, Bundle] => [
    page,
    { body: textOf(`${page}.js`), map: textOf(`${page}.js.map`) },
  ]);
  return { scripts: new Map(scripts), style: (await transform(style, { ...common, loader: "css" })).code };
}

/** Finds packages where this project has them: esbuild would look for `node_modules` beside the sources. */
const packages: Plugin = {
  name: "packages",
  setup({ onLoad, onResolve }) {
    onResolve(
      { filter: /^[^./]/ },
      ({ path, kind }) => kind === "entry-point" ? undefined : { path: fileURLToPath(packageUrl(path)) },
    );
    onLoad({ filter: /\/uPlot\.[^/]*$/ }, async ({ path }) => ({
      contents: await javaScript(pathToFileURL(path).href),
      loader: "js",
    }));
  },
};
