// The walk over all pages, without a browser: which pages are open at once.
import assert from "node:assert/strict";
import type { BrowserContext, Page } from "playwright-core";
import { eachPage, PAGES } from "./all-pages.ts";

/** Has every property and method of a page, all of which do nothing. */
const nothing: unknown = new Proxy(() => {}, {
  get: (_, name) => name === "then" ? undefined : name === "evaluate" ? () => Promise.resolve(0) : nothing,
  apply: () => nothing,
});

Deno.test({
  name: "`eachPage()` visits every page once, and opens none beside a page that must be in front",
  sanitizeOps: false,
  sanitizeResources: false,
  sanitizeExit: false,
  async fn(t) {
    let opened = 0, open = 0;
    assert.ok(PAGES.some(({ inFront }) => inFront));
    const visited: string[] = [];
    const newPage = () => {
      opened++;
      open++;
      const page = new Proxy(nothing as Page, {
        get: (target, name) => name === "close" ? () => Promise.resolve(open--) : Reflect.get(target, name),
      });
      return Promise.resolve(page);
    };
    await eachPage(t, { newPage } as Pick<BrowserContext, "newPage">, "", async (_, { name, inFront }) => {
      const before = opened;
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (inFront) assert.deepEqual([open, opened], [1, before], name);
      visited.push(name);
    });
    assert.deepEqual(visited.sort(), PAGES.map(({ name }) => name).sort());
    assert.equal(open, 0);
  },
});
