// What tests of a run's page in real Chromium share.
import type { Page } from "playwright-core";
import type { EventBody } from "../../../lib/run/mod.ts";
import { WAIT } from "../../chromium.ts";

/** The run of these tests. */
export const ID = "20261122-101010-bts-demo-aaaa";

/** The number of events up to one of this kind of a cell. */
export function upTo(bodies: readonly EventBody[], kind: EventBody["kind"], cell: string, step?: number): number {
  return bodies.findIndex((body) =>
    body.kind === kind && "cell" in body && body.cell === cell &&
    (step === undefined || ("step" in body && body.step === step))
  ) + 1;
}

/** Waits until an element has a text. */
export const shows = (page: Page, selector: string, what: string | RegExp) =>
  page.locator(selector, { hasText: what }).first().waitFor(WAIT);

/** Waits until an element has a text; the page's own waiting times, whose clock is installed, are skipped. */
export async function skipTo(page: Page, selector: string, what: string): Promise<void> {
  let there = false;
  const shown = shows(page, selector, what).finally(() => there = true);
  while (!there) {
    // Time for the answers to what the page asked when its time had come.
    await Promise.race([shown, new Promise((resolve) => setTimeout(resolve, 200))]);
    if (!there) await page.clock.fastForward(4_000);
  }
  await shown;
}
