// The live chart: which lines it draws, and in real Chromium that it zooms and shows single points.
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import type { EventBody } from "../../lib/run/mod.ts";
import { isolated, linesOf } from "../../lib/serve/client/chart/chart.ts";
import { serve } from "../../lib/serve/mod.ts";
import { LOOSE, withPage } from "../chromium.ts";
import { optionalTest } from "../optional.ts";
import { demoBodies } from "../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../run/fake-run.ts";

Deno.test("`linesOf()` smooths noisy metrics in front of their raw values, and leaves validation as it is", () => {
  const [loss, validation] = [[4, 2, 6], [5, undefined, 3]];
  const lines = linesOf([["loss", loss], ["validation", validation]], 0.5);
  assert.deepEqual(lines.map(({ label, faint, metric }) => [label, faint, metric]), [
    ["loss", true, 0],
    ["loss, smoothed", false, 0],
    ["validation", false, 1],
  ]);
  assert.equal(lines[0]!.values, loss);
  assert.deepEqual(lines[1]!.values, [4, (2 + 4 / 2) / 1.5, (6 + 2 / 2 + 4 / 4) / 1.75]);
  assert.equal(lines[2]!.values, validation);
});

Deno.test("`isolated()` finds the points that no line reaches", () => {
  assert.deepEqual(isolated([3]), [0]);
  assert.deepEqual(isolated([]), []);
  assert.deepEqual(isolated([undefined, 3, undefined]), [1]);
  assert.deepEqual(isolated([1, 2]), []);
  assert.deepEqual(isolated([1, undefined, 2]), [], "a step without a value is drawn across");
  assert.deepEqual(isolated([1, null, 2, 3, null, undefined, 4]), [0, 6], "a value that is not finite is a gap");
  assert.deepEqual(isolated([null, 1, null]), [1]);
});

const ID = "20261122-101010-bts-demo-aaaa";
const WAIT = { timeout: 10_000 };

/** The page of a run whose seed trains up to the steps that `grow` is called with. */
async function withRun(
  steps: number,
  body: (page: Page, grow: (step: number) => Promise<void>, end: () => void) => Promise<void>,
): Promise<void> {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    const server = serve({ runsFolder, port: 0 });
    const bodies = demoBodies({ id: ID, steps });
    let written = 0;
    const writeTo = (count: number) => {
      run.append(bodies.slice(written, count));
      written = count;
    };
    const isStep = (step: number) => (body: EventBody) =>
      body.kind === "metrics" && body.cell === "seed" && body.step === step;
    try {
      await withPage(async (page, complaints) => {
        await body(page, async (step) => {
          writeTo(bodies.findIndex(isStep(step)) + 1);
          if (page.url() === "about:blank") await page.goto(`${server.url}runs/${ID}`);
          await page.locator("#cell-3 .readings", { hasText: `${step} / ${steps}` }).waitFor(WAIT);
          await page.locator("#cell-3 canvas").waitFor(WAIT);
        }, () => writeTo(bodies.length));
        assert.deepEqual(complaints, []);
      });
    } finally {
      run.release();
      await server.close();
    }
  });
}

const label = (page: Page, pattern: RegExp) =>
  page.waitForFunction(
    ([source]) => new RegExp(source!).test(document.querySelector("#cell-3 .chart")!.getAttribute("aria-label") ?? ""),
    [pattern.source],
    WAIT,
  );

optionalTest(
  "chromium",
  "dragging across a chart zooms, also while it grows, and a double click zooms out",
  async () => {
    await withRun(200, async (page, grow) => {
      await grow(120);
      const over = page.locator("#cell-3 .u-over");
      await over.scrollIntoViewIfNeeded();
      const { x, y, width, height } = (await over.boundingBox())!;
      const at = (share: number) => [x + share * width, y + height / 2] as const;
      // A click that slips by a pixel is no drag.
      await page.mouse.move(...at(0.5));
      await page.mouse.down();
      await page.mouse.move(at(0.5)[0] + 1, at(0.5)[1]);
      await page.mouse.up();
      await label(page, /^Curves up to step 120 of 200; /);
      await page.mouse.move(...at(0.25));
      await page.mouse.down();
      await page.mouse.move(...at(0.4), { steps: 4 });
      await page.mouse.move(...at(0.5), { steps: 4 });
      await page.mouse.up();
      await label(page, /^Curves up to step 120 of 200, zoomed to steps 50 to 100; /);
      // What is under the left end of the chart is step 50: the plot itself has zoomed.
      await page.mouse.move(at(0)[0] + 2, at(0)[1]);
      await page.locator("#cell-3 .u-legend", { hasText: /step\s*50/ }).waitFor(WAIT);
      await grow(150);
      await label(page, /^Curves up to step 150 of 200, zoomed to steps 50 to 100; /);
      await page.mouse.move(at(1)[0] - 2, at(0)[1]);
      await page.locator("#cell-3 .u-legend", { hasText: /step\s*100/ }).waitFor(WAIT);
      await page.mouse.dblclick(...at(0.5));
      await label(page, /^Curves up to step 150 of 200; /);
      await page.mouse.move(at(0.25)[0], at(0)[1]);
      await page.locator("#cell-3 .u-legend", { hasText: /step\s*50/ }).waitFor(WAIT);
    });
  },
  LOOSE,
);

optionalTest("chromium", "a chart shows its first point, which no line reaches", async () => {
  await withRun(40, async (page, grow) => {
    await grow(1);
    const colored = await page.locator("#cell-3 canvas").evaluate((canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const { data } = (canvas as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
      // Axes and grid are gray; the first series is green.
      return Array.from({ length: data.length / 4 }, (_, i) => data.slice(4 * i, 4 * i + 4))
        .filter(([r, g, b, a]) => a! > 200 && g! - r! > 60 && b! - r! > 60).length;
    });
    assert.ok(colored > 8, `${colored} pixels`);
  });
}, LOOSE);

optionalTest("chromium", "a done cell reports no progress", async () => {
  await withRun(40, async (page, grow, end) => {
    await grow(1);
    end();
    await page.locator("#cell-8 .badge", { hasText: "Done" }).waitFor(WAIT);
    assert.doesNotMatch(await page.locator("#cell-8").innerText(), /progress/i);
  });
}, LOOSE);
