// Charts in real Chromium: zoomed by drag and keys while they grow, logarithmic, saved, and readable without a mouse.
import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import type { EventBody } from "../../../lib/run/mod.ts";
import { LOOSE, WAIT } from "../../chromium.ts";
import { optionalTest } from "../../optional.ts";
import { eventually } from "../../steady.ts";
import { eventsOf, place, placesOn, PLOT, pointsAt, says, seed, withRun } from "./chart-page.ts";

/** A first point, which no line reaches, is visible. */
async function showsSinglePoint(page: Page): Promise<void> {
  await eventually(async () => {
    const colored = await seed(page).locator("canvas").evaluate((canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const { data } = (canvas as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
      // Axes and grid are gray; the first series is green.
      return Array.from({ length: data.length / 4 }, (_, i) => data.slice(4 * i, 4 * i + 4))
        .filter(([r, g, b, a]) => a! > 200 && g! - r! > 60 && b! - r! > 60).length;
    });
    assert.ok(colored > 8, `${colored} pixels`);
  });
}

/** Dragging zooms, also while the chart grows, and a double click zooms out. */
async function zoomsByDrag(page: Page, grow: (step: number, shown?: RegExp) => Promise<void>): Promise<void> {
  const at = await placesOn(seed(page));
  // A click that slips by a pixel is no drag.
  await page.mouse.move(...at(0.5));
  await page.mouse.down();
  await page.mouse.move(at(0.5)[0] + 1, at(0.5)[1]);
  await page.mouse.up();
  await says(page, /curves up to step 120 of 200; /);
  await page.mouse.move(...at(0.25));
  await page.mouse.down();
  await page.mouse.move(...at(0.4), { steps: 4 });
  await page.mouse.move(...at(0.5), { steps: 4 });
  const detailed = page.waitForResponse((response) => response.url().includes("from="), WAIT);
  await page.mouse.up();
  await detailed;
  await says(page, /zoomed to step 50 to 100; /);
  // What is under the left end of the chart is step 50: the plot itself has zoomed.
  await pointsAt(page, seed(page), 0.005, /^step (49|50|51)$/);
  const answered = page.waitForResponse((response) => response.url().includes("after="), WAIT);
  await grow(150, /zoomed to step 50 to 100; /);
  await answered;
  await says(page, /zoomed to step 50 to 100; /);
  await pointsAt(page, seed(page), 0.99, /^step (99|100)$/);
  await page.mouse.dblclick(...(await placesOn(seed(page)))(0.5));
  await says(page, /curves up to step 150 of 200; /);
  await pointsAt(page, seed(page), 0.25, /^step (49|50|51)$/);
}

/** The keyboard moves, zooms and switches the axis, and says what it finds. */
async function obeysKeys(page: Page): Promise<void> {
  await page.locator(PLOT).focus();
  await page.keyboard.press("Home");
  await seed(page).locator("[aria-live]", { hasText: /^step 1: loss/ }).waitFor({ ...WAIT, state: "attached" });
  await page.keyboard.press("ArrowRight");
  await place(page, /^step 2$/);
  await page.keyboard.press("+");
  await says(page, /zoomed to step 1 to 101; /);
  await page.keyboard.press("0");
  await says(page, /curves up to step 150 of 200; /);
  await page.keyboard.press("l");
  await says(page, /, logarithmic; /);
  await page.keyboard.press("l");
  await page.keyboard.press("f");
  await page.waitForFunction(() => document.fullscreenElement?.matches(".chart"), undefined, WAIT);
  await page.keyboard.press("f");
  await page.waitForFunction(() => document.fullscreenElement === null, undefined, WAIT);
}

/** Any metric, axis and smoothing can be chosen; curves can be hidden; downloads are what is shown. */
async function takesOptions(page: Page, append: (bodies: EventBody[]) => void): Promise<void> {
  append([{ kind: "metrics", cell: "seed", step: 151, steps: 200, values: { gate: 0 } }, {
    kind: "metrics",
    cell: "seed",
    step: 152,
    steps: 200,
    values: { gate: 0.5 },
  }]);
  await seed(page).locator(".chart-options > summary").click();
  const tools = seed(page).locator(".chart-tools");
  await tools.getByLabel("Metric").locator("option", { hasText: "gate" }).waitFor({ ...WAIT, state: "attached" });
  await tools.getByLabel("Metric").selectOption({ label: "gate" });
  await says(page, /latest: gate 0\.\d+$/);
  await tools.getByLabel("log", { exact: true }).check();
  await seed(page).locator(".chart-notes", { hasText: "1 point at or below 0 is not on the logarithmic axis" })
    .waitFor(WAIT);
  await tools.getByLabel("log", { exact: true }).uncheck();
  await tools.getByLabel("Metric").selectOption({ index: 0 });
  await tools.getByLabel("over").selectOption("time");
  await says(page, /curves up to (?!step).* m?s; latest: loss/);
  await tools.getByLabel("over").selectOption("flops");
  await seed(page).locator(".chart-notes", { hasText: /curves have no flops in the log/ }).waitFor(WAIT);
  await tools.getByLabel("over").selectOption("step");
  await tools.getByLabel("Smoothing").fill("0");
  await tools.locator("output", { hasText: "off" }).waitFor(WAIT);
  await seed(page).getByRole("button", { name: /validation/ }).click();
  await says(page, /latest: loss [\d.]+$/);
  await seed(page).getByRole("button", { name: /validation/, pressed: false }).waitFor(WAIT);

  await tools.getByText("Download").click();
  const saved = async (name: string, role: "button" | "link" = "button") => {
    const [download] = await Promise.all([
      page.waitForEvent("download", WAIT),
      tools.getByRole(role, { name, exact: role === "button" }).click(),
    ]);
    return { name: download.suggestedFilename(), bytes: await Deno.readFile((await download.path())!) };
  };
  const svg = await saved("SVG");
  assert.equal(svg.name, "Curves-of-Pretrain-the-seed.svg");
  assert.match(new TextDecoder().decode(svg.bytes), /^<svg [^]*Curves of Pretrain the seed[^]*<\/svg>\s*$/);
  const png = await saved("PNG");
  assert.deepEqual([...png.bytes.subarray(1, 4)], [...new TextEncoder().encode("PNG")]);
  assert.equal(new DataView(png.bytes.buffer).getUint32(16), 1920, "twice as wide as the picture");
  const csv = await saved("CSV", "link");
  assert.equal(new TextDecoder().decode(csv.bytes).match(/,seed,loss,/g)!.length, 150);
}

/** The cursor of one chart is at the same place in the others. */
async function movesCursorsTogether(page: Page, append: (bodies: EventBody[]) => void): Promise<void> {
  await page.mouse.move(0, 0);
  append(eventsOf("expert:code", 150));
  const charts = ["all cells", "Expert for code"].map((of) =>
    page.locator(`section.chart[aria-label="Curves of ${of}"]`)
  );
  const shows = (chart: Locator, text: RegExp) => chart.locator(".chart-place", { hasText: text }).waitFor(WAIT);
  for (const chart of charts) await shows(chart, /^latest, step \d+$/);
  await pointsAt(page, charts[0]!, 0.25, /^step (49|50|51)$/, charts);
  await pointsAt(page, charts[1]!, 0.5, /^step (99|100|101)$/, charts);
  await page.mouse.move(0, 0);
  for (const chart of charts) await shows(chart, /^latest, step \d+$/);
}

/** New curves, which need another plot, take away neither the place that keys have chosen nor a drag. */
async function survivesNewCurves(page: Page, append: (bodies: EventBody[]) => void): Promise<void> {
  const chart = page.locator('section.chart[aria-label="Curves of all cells"]');
  const plot = '.chart-plot[aria-label^="Curves of all cells:"]';
  const shows = (text: RegExp) => chart.locator(".chart-place", { hasText: text }).waitFor(WAIT);
  const grows = async (cell: string, label: RegExp) => {
    append(eventsOf(cell, 20));
    await chart.getByRole("button", { name: label }).first().waitFor(WAIT);
  };
  await page.locator(plot).focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  await shows(/^step 2$/);
  await grows("expert:math", /^Expert for math/);
  await shows(/^step 2$/);
  await page.keyboard.press("ArrowRight");
  await shows(/^step 3$/);

  const before = await placesOn(chart);
  await page.mouse.move(...before(0.25));
  await page.mouse.down();
  await page.mouse.move(...before(0.3), { steps: 4 });
  await grows("expert:multilingual", /^Expert for languages/);
  // The card of the cell may have moved the chart.
  const after = await placesOn(chart);
  await page.mouse.move(...after(0.4));
  await page.mouse.move(...after(0.5));
  await page.mouse.up();
  await says(page, /zoomed to step 50 to 100; /, plot);
  await page.mouse.dblclick(...(await placesOn(chart))(0.5));
  await says(page, /: curves up to step/, plot);
}

optionalTest("chromium", "a chart grows, zooms, obeys keys, takes options and can be saved", async () => {
  await withRun(200, async (page, grow, append) => {
    await grow(1);
    await showsSinglePoint(page);
    await grow(120);
    await zoomsByDrag(page, grow);
    await obeysKeys(page);
    await takesOptions(page, append);
    await movesCursorsTogether(page, append);
    await survivesNewCurves(page, append);
  });
}, LOOSE);
