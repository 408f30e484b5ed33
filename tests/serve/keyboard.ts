// Pages by keyboard alone: whatever reacts to a mouse can be reached with Tab, shows that it has the focus, and whole
// tasks can be done.
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { variedId } from "../run/varied-runs.ts";

/**
 * Runs before the page's scripts: marks what listens to a mouse and what has had the focus, and keeps what got the focus
 * without showing it.
 */
export const MARK = `(() => {
  const add = EventTarget.prototype.addEventListener;
  EventTarget.prototype.addEventListener = function (type, ...rest) {
    if (/^(click|dblclick|mousedown|mouseup|pointerdown|pointerup)$/.test(type) && this instanceof Element) {
      this.setAttribute("data-heard", type);
    }
    return add.call(this, type, ...rest);
  };
  globalThis.unseen = new Set();
  addEventListener("focusin", ({ target }) => {
    if (!(target instanceof Element)) return;
    target.setAttribute("data-focused", "");
    const style = getComputedStyle(target);
    const hasRing = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    // In a picture the box of a link is drawn stronger instead.
    const isStrong = [...target.querySelectorAll("rect")].some((box) => parseFloat(getComputedStyle(box).strokeWidth) >= 2);
    if (!hasRing && !isStrong) unseen.add(target.outerHTML.match(/^<[^>]*>/)[0]);
  });
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

/** In the page: as if nothing had had the focus yet. */
const FORGET = `(() => {
  for (const element of document.querySelectorAll("[data-focused]")) element.removeAttribute("data-focused");
  unseen.clear();
})()`;

const TAB = { key: "Tab", code: "Tab", windowsVirtualKeyCode: 9 };

/** Presses Tab so many times, without waiting for the page in between. */
async function pressTab(page: Page, times: number): Promise<void> {
  const tools = await page.context().newCDPSession(page);
  const press = () =>
    (["rawKeyDown", "keyUp"] as const).map((type) => tools.send("Input.dispatchKeyEvent", { type, ...TAB }));
  await Promise.all(Array.from({ length: times }, press).flat());
  await tools.detach();
}

/** Presses Tab until everything has had the focus. The page must have begun with {@linkcode MARK}. */
export async function goAround(page: Page): Promise<void> {
  const look = async () => await page.evaluate(LOOK) as { count: number; missed: string[]; mouseOnly: string[] };
  // What had the focus before was not reached by Tab.
  await page.evaluate(FORGET);
  let left = await look();
  // More than once, as parts of a page may still be coming.
  for (let round = 0; round < 3 && left.missed.length > 0; round++) {
    await pressTab(page, left.count + 10);
    left = await look();
  }
  assert.deepEqual(left.missed, [], "Tab does not reach this");
  assert.deepEqual(left.mouseOnly, [], "only a mouse can use this");
  assert.deepEqual(await page.evaluate("[...unseen]"), [], "one cannot see that this has the focus");
}

/** In the page, about an element that is wanted: from when it has the focus, Tab does nothing. Returns whether it has. */
const HOLD = (element: Element) => {
  const page = globalThis as unknown as { wanted?: Element };
  if (page.wanted === undefined) {
    addEventListener("keydown", (event) => {
      if (event.key === "Tab" && document.activeElement === page.wanted) event.preventDefault();
    }, true);
  }
  page.wanted = element;
  return document.activeElement === element;
};
/** In the page: Tab works again. */
const LET_GO = () => (globalThis as unknown as { wanted: Element }).wanted = document.createElement("i");

/** Presses Tab until an element with this role and name has the focus. */
async function tabTo(page: Page, role: Parameters<Page["getByRole"]>[0], name: string | RegExp): Promise<void> {
  const wanted = page.getByRole(role, { name, exact: typeof name === "string" }).first();
  await wanted.waitFor();
  for (let round = 0; round < 10; round++) {
    if (await wanted.evaluate(HOLD)) return void await page.evaluate(LET_GO);
    await pressTab(page, 20);
  }
  assert.fail(`Tab does not reach ${role} ${name}`);
}

/** Compares, tags, removes and restores runs, and looks at one. @param link to the table of runs */
export async function useRuns(page: Page, complaints: readonly string[], link: string): Promise<void> {
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
}
