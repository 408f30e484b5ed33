// The browser loads lib/run/view: its files import only one another and lib/errors.ts, and no packages.
import assert from "node:assert/strict";
import { PAGES } from "../../../lib/serve/assets.ts";
import { loadScripts } from "../../../lib/serve/scripts.ts";

Deno.test("the pages' scripts load neither zod nor Deno's or Node's modules", async () => {
  const scripts = [...await loadScripts(Object.values(PAGES))].filter(([path]) => /\.tsx?$/.test(path));
  const views = scripts.filter(([path]) => path.startsWith("run/view/"));
  assert.ok(views.length > 5, "the pages use lib/run/view");
  for (const [path, { body }] of scripts) {
    const code = body.replaceAll(/\/\*\*.*?\*\//gs, ""); // without the examples in comments
    for (const [, specifier] of code.matchAll(/\bfrom\s+"([^"]+)"|\bimport\s*\(?\s*"([^"]+)"/g)) {
      assert.match(specifier!, /^\.{1,2}\/|^\/static\/npm\/(uplot|hono)\//, `${path} imports ${specifier}`);
    }
  }
  const outside = scripts.map(([path]) => path).filter((path) => path.startsWith("run/"))
    .filter((path) => !path.startsWith("run/view/"));
  assert.deepEqual(outside, []);
});
