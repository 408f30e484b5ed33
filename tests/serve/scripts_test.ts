// The browser's modules: what becomes of TypeScript, TSX and packages on the way.
import { parse } from "es-module-lexer";
import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import ts from "typescript";
import { createApp } from "../../lib/serve/mod.ts";
import { javaScript, loadScripts, moduleGraph, shortened } from "../../lib/serve/scripts.ts";
import { readAssets } from "../../lib/serve/assets.ts";

/** What pages load where scripts cannot be bundled. */
const modules = readAssets(false);

Deno.test("`loadScripts()` erases types and compiles elements, and keeps a module's lines", async () => {
  const path = "../tests/serve/client-sample.tsx";
  const scripts = await loadScripts([path]);
  const [entry, { body }] = [...scripts][0]!;
  const source = await Deno.readTextFile(new URL("./client-sample.tsx", import.meta.url));
  const lineOf = (text: string, part: string) => text.split("\n").findIndex((line) => line.includes(part));
  assert.ok(lineOf(source, "throw new Error") > 5);
  assert.equal(lineOf(body, "throw new Error"), lineOf(source, "throw new Error"));
  assert.doesNotMatch(body, /: string|interface|readonly|<p/);
  // Server and browser have their own elements, and hooks of the same names.
  assert.match(body, /"\/static\/npm\/hono\/dist\/jsx\/dom\/jsx-runtime\.js"/);
  assert.match(body, /import \{ useState \} from "\/static\/npm\/hono\/dist\/jsx\/dom\/index\.js"/);
  const graph = moduleGraph(scripts, entry);
  assert.equal(new Set(graph).size, graph.length);
  assert.deepEqual([...scripts.keys()].sort(), [...graph].sort());
  assert.ok(graph.includes("npm/hono/dist/jsx/dom/render.js"));
});

Deno.test("`shortened()` leaves of every module of the pages what a parser would, line by line", async () => {
  const printer = ts.createPrinter({ removeComments: true });
  const printed = (code: string) => printer.printFile(ts.createSourceFile("module.js", code, ts.ScriptTarget.Latest));
  const { pages } = await modules;
  const paths = new Set(Object.values(pages).flat().filter((path) => /\.tsx?$/.test(path)));
  assert.ok(paths.size > 50);
  let left = 0, all = 0;
  for (const path of paths) {
    const code = await javaScript(new URL(`../../lib/${path}`, import.meta.url).href);
    const short = shortened(code);
    assert.equal(printed(short), printed(code), path);
    assert.equal(short.split("\n").length, code.split("\n").length, path);
    assert.doesNotMatch(short, /^\s*(\/\/|\/\*\*)/m, path);
    left += short.length;
    all += code.length;
  }
  assert.ok(left < 0.8 * all, `${left} of ${all} characters`);
});

Deno.test("assets come compressed to those who take that, with the same tag", async () => {
  const app = createApp({ runsFolder: "none" });
  const ask = async (headers: Record<string, string>) =>
    await app.fetch(new Request("http://localhost/static/style.css", { headers: { host: "localhost", ...headers } }));
  const [plain, zipped] = [await ask({}), await ask({ "accept-encoding": "gzip, deflate" })];
  assert.deepEqual([plain, zipped].map(({ headers }) => headers.get("content-encoding")), [null, "gzip"]);
  const tag = plain.headers.get("etag")!;
  assert.equal(zipped.headers.get("etag"), tag);
  const bytes = new Uint8Array(await zipped.arrayBuffer());
  assert.equal(new TextDecoder().decode(gunzipSync(bytes)), await plain.text());
  assert.equal((await ask({ "accept-encoding": "gzip", "if-none-match": tag })).status, 304);
});

Deno.test("a page preloads every module that it imports", async () => {
  const { files, pages } = await modules;
  for (const [page, paths] of Object.entries(pages)) {
    assert.ok(paths.length > 3, page);
    for (const path of paths) {
      const { body } = files.get(path)!;
      for (const { specifier } of parse(body)[0]) {
        const { pathname } = new URL(specifier!, `http://localhost/static/${path}`);
        assert.ok(paths.includes(pathname.slice("/static/".length)), `${page}: ${path} imports ${specifier}`);
      }
    }
  }
});
