// Looking at pages that still change, and using them with the mouse: for tests that must pass on slow machines, too.
import type { Locator, Page } from "playwright-core";
import { WAIT } from "./chromium.ts";

/** A rectangle in the window, in pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Repeats a check of what a page shows until it succeeds. @throws what the check throws, if it still does in the end */
export async function eventually(check: () => void | Promise<void>): Promise<void> {
  const end = Date.now() + WAIT.timeout;
  for (let pause = 10;; pause = Math.min(500, 2 * pause)) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** In the page: brings an element into view, and gives its box once that is the same for two frames, if it stays. */
const STILL = async (element: Element): Promise<Box | undefined> => {
  element.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
  let [last, same] = ["", 0];
  for (let frame = 0; frame < 100 && element.isConnected; frame++) {
    const { x, y, width, height } = element.getBoundingClientRect();
    const now = JSON.stringify({ x, y, width, height });
    same = now === last ? same + 1 : 0;
    if (same === 2 && width > 0 && height > 0) return { x, y, width, height };
    last = now;
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
  return undefined;
};

/**
 * The box of an element that is in view and stands still. It is looked up again if the page replaces the element meanwhile,
 * where `Locator.scrollIntoViewIfNeeded()` would fail.
 */
export async function boxOf(element: Locator): Promise<Box> {
  const end = Date.now() + WAIT.timeout;
  for (;;) {
    const box = await element.evaluate(STILL);
    if (box !== undefined) return box;
    if (Date.now() > end) throw new Error(`${element} does not stand still`);
  }
}

/** Waits until a page has drawn what it was about to: a negative that is asserted before proves nothing. */
export async function drawn(page: Page): Promise<void> {
  await page.evaluate(async () => {
    for (let frame = 0; frame < 2; frame++) await new Promise((resolve) => requestAnimationFrame(resolve));
  });
}

/**
 * Clicks on a button that asks before it acts, and confirms; from the start if it no longer asks, as it does after some
 * seconds.
 *
 * @param between what to do before confirming
 */
export async function clickTwice(
  page: Page,
  name: string,
  question: string,
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const asking = page.getByRole("button", { name: question, exact: true });
  for (let tries = 0; tries < 20; tries++) {
    await page.getByRole("button", { name, exact: true }).click();
    await between();
    await asking.waitFor({ timeout: 4_000 }).catch(() => {});
    // In the page, where it either asks or does not. A click of the mouse takes its time, and may come too late.
    const isConfirmed = await asking.evaluateAll((buttons, question) => {
      const button = buttons.find(({ textContent }) => textContent === question) as HTMLElement | undefined;
      button?.click();
      return button !== undefined;
    }, question);
    if (isConfirmed) return;
  }
  throw new Error(`The button "${name}" never asks "${question}" for long enough`);
}
