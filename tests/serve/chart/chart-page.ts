// What tests of charts on the page of a run share.
import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import type { EventBody } from "../../../lib/run/mod.ts";
import { serve } from "../../../lib/serve/mod.ts";
import { WAIT, withPage } from "../../chromium.ts";
import { demoBodies } from "../../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../../run/fake-run.ts";
import { boxOf } from "../../steady.ts";

const ID = "20261122-101010-bts-demo-aaaa";

/** The page of a run whose seed trains up to the steps that `grow` is called with. */
export async function withRun(
  steps: number,
  body: (
    page: Page,
    grow: (step: number, shown?: RegExp) => Promise<void>,
    append: (bodies: EventBody[]) => void,
  ) => Promise<void>,
): Promise<void> {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    const server = serve({ runsFolder, port: 0 });
    const bodies = demoBodies({ id: ID, steps });
    let written = 0;
    const isStep = (step: number) => (body: EventBody) =>
      body.kind === "metrics" && body.cell === "seed" && body.step === step;
    try {
      await withPage(async (page, complaints) => {
        await body(page, async (step, shown = new RegExp(`curves up to step ${step}\\b`)) => {
          const count = bodies.findIndex(isStep(step)) + 1;
          run.append(bodies.slice(written, count));
          written = count;
          if (page.url() === "about:blank") await page.goto(`${server.url}runs/${ID}`);
          await says(page, shown);
        }, (more) => void run.append(more));
        assert.deepEqual(complaints, []);
      });
    } finally {
      run.release();
      await server.close();
    }
  });
}

/** The plot of the seed's chart. */
export const PLOT = '.chart-plot[aria-label^="Curves of Pretrain the seed:"]';
/** The chart of the seed. */
export const seed = (page: Page): Locator => page.locator("section.chart", { has: page.locator(PLOT) });

/** Waits until a chart describes itself so. */
export async function says(page: Page, pattern: RegExp, plot = PLOT): Promise<void> {
  await page.waitForFunction(
    ([selector, source]) =>
      new RegExp(source!).test(document.querySelector(selector!)?.getAttribute("aria-label") ?? ""),
    [plot, pattern.source],
    WAIT,
  );
}

/** Waits until the chart of the seed shows values of this place. */
export const place = (page: Page, text: RegExp) => seed(page).locator(".chart-place", { hasText: text }).waitFor(WAIT);

/** The places in the window that are at a share of a chart's width. */
export async function placesOn(chart: Locator): Promise<(share: number) => readonly [x: number, y: number]> {
  const { x, y, width, height } = await boxOf(chart.locator(".u-over"));
  return (share) => [x + share * width, y + height / 2];
}

/**
 * Points at a share of a chart's width until charts show the place.
 * One move is not enough: the chart may be about to draw what it has been told, and then hears of no move.
 */
export async function pointsAt(
  page: Page,
  chart: Locator,
  share: number,
  text: RegExp,
  charts = [chart],
): Promise<void> {
  for (let tries = 0;; tries++) {
    const at = await placesOn(chart);
    await page.mouse.move(at(share)[0] + 2 * (tries % 2), at(share)[1]);
    const shown = charts.map((one) => one.locator(".chart-place", { hasText: text }).waitFor({ timeout: 3_000 }));
    const results = await Promise.allSettled(shown);
    const failed = results.find(({ status }) => status === "rejected");
    if (failed === undefined) return;
    if (tries === 20) throw (failed as PromiseRejectedResult).reason;
  }
}

/** The first events of a cell. */
export const eventsOf = (cell: string, count: number) =>
  demoBodies({ id: ID, steps: 200 }).filter((body) => "cell" in body && body.cell === cell).slice(0, count);
