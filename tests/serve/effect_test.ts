// Effects of components that are drawn again, or removed, before the next frame.
import assert from "node:assert/strict";
import { readAssets } from "../../lib/serve/assets.ts";
import { bundle } from "../../lib/serve/bundle.ts";
import { LOOSE, withPage } from "../chromium.ts";
import { optionalTest } from "../optional.ts";

/** In the page, before its script: frames come when `frame()` is called. */
const OWN_FRAMES = `
  globalThis.waiting = [];
  globalThis.requestAnimationFrame = (callback) => waiting.push(callback);`;
/** In the page: draws it again, several times before a frame. What is held after each frame. */
const SCENES = `(async () => {
  const drawn = () => new Promise((resolve) => setTimeout(resolve));
  const state = () => ({ ...page.held, last: page.runs.at(-1) });
  const numbers = async (...values) => { for (const value of values) { page.setNumber(value); await drawn(); } };
  const frame = async () => { for (const callback of waiting.splice(0)) callback(); await drawn(); };
  const seen = [];
  await numbers(1, 2, 3); await frame(); seen.push(state());
  await numbers(4, 5, 4); await frame(); seen.push(state());
  page.setBrief(true); await drawn(); page.setBrief(false); await drawn(); await frame(); seen.push(state());
  page.setBrief(true); await drawn(); await numbers(6, 7); await frame(); seen.push(state());
  page.setBrief(false); await drawn(); await frame(); seen.push(state());
  return seen;
})()`;

optionalTest("chromium", "effects hold one thing each, and nothing once their component is removed", async () => {
  const { scripts } = (await bundle({ page: "../tests/serve/effect-page.tsx" }, ""))!;
  await withPage(async (page, complaints) => {
    await page.setContent("<body></body>");
    await page.evaluate(OWN_FRAMES);
    await page.evaluate(scripts.get("page")!.body);
    assert.deepEqual(await page.evaluate(SCENES), [
      { once: 1, each: 1, brief: 0, last: 3 },
      { once: 1, each: 1, brief: 0, last: 4 },
      { once: 1, each: 1, brief: 0, last: 4 },
      { once: 1, each: 1, brief: 1, last: 7 },
      { once: 1, each: 1, brief: 0, last: 7 },
    ]);
    assert.deepEqual(complaints, []);
  });
}, LOOSE);

Deno.test("no page uses hono's own `useEffect()`", async () => {
  const { files } = await readAssets(false);
  const users = [...files].filter(([path, { body }]) =>
    !path.startsWith("npm/") && /\buseEffect\b[^;]*from\s*"[^"]*\/npm\/hono\//.test(String(body))
  );
  assert.deepEqual(users.map(([path]) => path), ["serve/client/common/effect.ts"]);
});
