// The pages' scripts as one file each: everything in it, small, and with a source map.
import { parse } from "es-module-lexer";
import assert from "node:assert/strict";
import { PAGES, readAssets } from "../../lib/serve/assets.ts";
import { bundle } from "../../lib/serve/bundle.ts";

Deno.test("each page's script is one file with all that its modules have, in less than 60 % of their bytes", async () => {
  const [bundled, modules] = await Promise.all([readAssets(), readAssets(false)]);
  for (const page of Object.keys(PAGES) as (keyof typeof PAGES)[]) {
    assert.deepEqual(bundled.pages[page], [`${page}.js`]);
    const { body, type, gzipped } = bundled.files.get(`${page}.js`)!;
    assert.match(type, /^text\/javascript/);
    assert.deepEqual(parse(body)[0], [], "nothing is left to load");
    const map = JSON.parse(bundled.files.get(`${page}.js.map`)!.body);
    const sources = new Set(
      map.sources,
    );
    const own = modules.pages[page].filter((path) => !path.startsWith("npm/"));
    const there = own.filter((path) => sources.has(path));
    // Modules of which nothing is needed are left out.
    assert.ok(sources.has(PAGES[page]) && there.length > 0.4 * own.length, `${page}: ${[...sources].join(" ")}`);
    const bytes = modules.pages[page].reduce((sum, path) => sum + modules.files.get(path)!.gzipped!.length, 0);
    assert.ok(gzipped!.length < 0.6 * bytes, `${page}: ${gzipped!.length} of ${bytes} bytes`);
  }
  const style = (assets: typeof bundled) => assets.files.get("style.css")!.body;
  assert.ok(style(bundled).length < style(modules).length);
  const variables = (css: string) => new Set(css.match(/--[\w-]+(?=\s*:)/g));
  assert.deepEqual(variables(style(bundled)), variables(style(modules)));
});

Deno.test("scripts that cannot be bundled are not", async () => {
  assert.equal(await bundle({ none: "serve/client/none.ts" }, ""), undefined);
});

Deno.test({
  name: "a process that may not run programs does not ask to",
  permissions: { read: true, env: true, run: false },
  fn: async () => assert.equal(await bundle(PAGES, ""), undefined),
});
