// The pages by keyboard alone: whatever reacts to a mouse can be reached with Tab, shows that it has the focus, and
// whole tasks can be done.
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { LOOSE, withBrowser, withPage } from "../chromium.ts";
import { optionalTest } from "../optional.ts";
import { variedId } from "../run/varied-runs.ts";
import { PAGES, withAllPages } from "./all-pages.ts";

/** Runs before the page's scripts: marks what listens to a mouse. */
const MARK = `(() => {
  const add = EventTarget.prototype.addEventListener;
  EventTarget.prototype.addEventListener = function (type, ...rest) {
    if (/^(click|dblclick|mousedown|mouseup|pointerdown|pointerup)$/.test(type) && this instanceof Element) {
      this.setAttribute("data-heard", type);
    }
    return add.call(this, type, ...rest);
  };
})()`;

/** In the page: what can get the focus and has not had it yet, how much there is, and what only a mouse can use. */
const LOOK = `(() => {
  const stops = "a[href], button:enabled, input:enabled, select:enabled, textarea:enabled, summary, [tabindex]:not([tabindex='-1'])";
  const seen = (element) => element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true });
  const name = (element) => (element.outerHTML.match(/^<[^>]*>/)?.[0] ?? "") + element.textContent.trim().slice(0, 40);
  // While something is in full screen, there is nothing else.
  const root = document.fullscreenElement ?? document;
  const all = [...root.querySelectorAll(stops)].filter(seen);
  // An option is chosen with the arrow keys of its combobox; what lies in or around a stop is used through it.
  const mouseOnly = [...root.querySelectorAll("[data-heard]")].filter(seen).filter((element) =>
    !element.closest(stops) && !element.closest("[role=option]") && element.querySelector(stops) === null
  );
  const missed = all.filter((element) => !element.hasAttribute("data-focused"));
  return { count: all.length, missed: missed.map(name), mouseOnly: mouseOnly.map(name) };
})()`;

/** In the page: marks what has the focus, and names it if one cannot see that. */
const FOCUSED = `(() => {
  const element = document.activeElement;
  if (element === null || element === document.body) return null;
  element.setAttribute("data-focused", "");
  const style = getComputedStyle(element);
  const hasRing = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  // In a picture the box of a link is drawn stronger instead.
  const isStrong = [...element.querySelectorAll("rect")].some((box) => parseFloat(getComputedStyle(box).strokeWidth) >= 2);
  return hasRing || isStrong ? null : element.outerHTML.match(/^<[^>]*>/)[0];
})()`;

/** Presses Tab until everything has had the focus. */
async function goAround(page: Page): Promise<void> {
  const look = async () => await page.evaluate(LOOK) as { count: number; missed: string[]; mouseOnly: string[] };
  const unseen = new Set<string>();
  let left = await look();
  // More than once, as parts of a page may still be coming.
  for (let round = 0; round < 3 && left.missed.length > 0; round++) {
    for (let presses = 0; presses < left.count + 10; presses++) {
      await page.keyboard.press("Tab");
      const one = await page.evaluate(FOCUSED) as string | null;
      if (one !== null) unseen.add(one);
    }
    left = await look();
  }
  assert.deepEqual(left.missed, [], "Tab does not reach this");
  assert.deepEqual(left.mouseOnly, [], "only a mouse can use this");
  assert.deepEqual([...unseen], [], "one cannot see that this has the focus");
}

optionalTest(
  "chromium",
  "Tab reaches everything on every page",
  (t) =>
    withAllPages((address, link) =>
      withBrowser(async (browser) => {
        const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
        context.setDefaultTimeout(120_000);
        await context.addInitScript(MARK);
        await (await context.newPage()).goto(link);
        for (const { name, path, ready, act } of PAGES) {
          await t.step(name, async () => {
            const page = await context.newPage();
            await page.goto(address + path);
            await page.locator(ready).first().waitFor();
            await act?.(page);
            await goAround(page);
            await page.close();
          });
        }
        await context.close();
      })
    ),
  LOOSE,
);

/** Presses Tab until an element with this role and name has the focus. */
async function tabTo(page: Page, role: Parameters<Page["getByRole"]>[0], name: string | RegExp): Promise<void> {
  const wanted = page.getByRole(role, { name, exact: typeof name === "string" }).first();
  await wanted.waitFor();
  for (let presses = 0; presses < 200; presses++) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not reach ${role} ${name}`);
}

optionalTest(
  "chromium",
  "runs are compared, tagged, removed and restored by keyboard alone",
  () =>
    withAllPages((_, link) =>
      withPage(async (page, complaints) => {
        page.setDefaultTimeout(120_000);
        await page.goto(link);
        const press = async (role: Parameters<Page["getByRole"]>[0], name: string | RegExp, key = "Enter") => {
          await tabTo(page, role, name);
          await page.keyboard.press(key);
        };
        await press("checkbox", "Select Run 5", "Space");
        await press("checkbox", "Select Run 4", "Space");
        await tabTo(page, "textbox", "Tag");
        await page.keyboard.type("kept");
        await page.keyboard.press("Enter");
        await page.locator("td", { hasText: "kept" }).nth(1).waitFor();
        await press("link", "Compare");
        await page.getByRole("heading", { name: "Compare 2 runs" }).waitFor();
        await page.goBack();

        await press("checkbox", "Select Run 5", "Space");
        await press("button", "Remove");
        await press("button", "Remove 1 run?");
        await page.getByRole("link", { name: "Run 5", exact: true }).waitFor({ state: "detached" });
        await press("link", "Trash");
        await page.locator("code", { hasText: variedId(5) }).waitFor();
        await press("button", /^Restore/);
        await page.locator("code", { hasText: variedId(5) }).waitFor({ state: "detached" });
        await press("link", "Runs");

        await press("link", "Run 5");
        await page.getByRole("heading", { name: "Run 5" }).waitFor();
        await tabTo(page, "button", /^Pretrain the seed · loss/);
        await page.keyboard.press("Space");
        const curve = page.getByRole("button", { name: /^Pretrain the seed · loss/, pressed: false });
        await curve.waitFor();
        assert.ok(await curve.evaluate((button) => button === document.activeElement), "it keeps the focus");
        await tabTo(page, "button", "Full screen");
        const menu = page.locator(".curves .chart-save");
        await page.keyboard.press("Tab");
        await page.keyboard.press("Enter");
        await menu.getByRole("link", { name: "CSV" }).waitFor();
        await page.keyboard.press("Tab");
        await page.keyboard.press("Escape");
        await menu.getByRole("link", { name: "CSV" }).waitFor({ state: "hidden" });
        assert.ok(await menu.locator("summary").evaluate((button) => button === document.activeElement));
        assert.deepEqual(complaints, []);
      })
    ),
  LOOSE,
);
