// The browser's modules: what becomes of TypeScript, TSX and packages on the way.
import { parse } from "es-module-lexer";
import assert from "node:assert/strict";
import { loadScripts, moduleGraph } from "../../lib/serve/scripts.ts";
import { loadAssets } from "../../lib/serve/assets.ts";

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

Deno.test("a page preloads every module that it imports", async () => {
  const { files, pages } = await loadAssets();
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
