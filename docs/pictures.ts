// Makes the pictures of all pages in docs/pictures, light and dark, or some of them:
//   deno run -A docs/pictures.ts [--runs <folder>] [name of a picture…]
// First it makes runs of the preset `smoke`, and one of `quick` for the prompt box, which takes some minutes; in a folder
// that has them, it uses those.
import { Buffer } from "node:buffer";
import { parseArgs } from "node:util";
import type { Browser, Page } from "playwright-core";
import { answerOf, apiClient } from "../lib/serve/mod.ts";
import { withBrowser } from "../tests/chromium.ts";
import { askedRun, makePictureRuns, startPictureServer } from "./picture-runs.ts";

const FOLDER = new URL("pictures/", import.meta.url);
/** Of WebP, 0 to 100. */
const QUALITY = 72;
/** Models may be slow on a busy machine. */
const PATIENCE_MS = 300_000;
const [WIDE, NARROW] = [1280, 390];

interface Picture {
  readonly name: string;
  /** Below the server's address. */
  readonly path: string;
  /** What is there once the page shows everything. */
  readonly ready: string;
  /** The part of the page that is shown. @default what is in the window */
  readonly part?: string;
  /** @default WIDE */
  readonly width?: number;
  readonly height: number;
  /** What a person does first. */
  readonly act?: (page: Page) => Promise<void>;
}

const { values, positionals: only } = parseArgs({
  args: Deno.args,
  options: { runs: { type: "string" } },
  allowPositionals: true,
});
const runsFolder = values.runs ?? await Deno.makeTempDir({ prefix: "stitchbook-pictures-" });
await makePictureRuns(runsFolder);
const server = await startPictureServer(runsFolder);
const { origin, searchParams } = new URL(server.link);
try {
  const pictures = allPictures(await whatThereIs()).filter(({ name }) => only.length === 0 || only.includes(name));
  await Deno.mkdir(FOLDER, { recursive: true });
  await withBrowser((browser) => take(browser, pictures));
} finally {
  await server.close();
  if (values.runs === undefined) await Deno.remove(runsFolder, { recursive: true });
}
Deno.exit(); // playwright keeps timers

async function take(browser: Browser, pictures: readonly Picture[]): Promise<void> {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(server.link);
  for (const { name, path, ready, part, width = WIDE, height, act } of pictures) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    await page.goto(`${origin}/${path}`);
    await page.locator(ready).first().waitFor();
    await act?.(page);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await page.waitForTimeout(500); // charts are drawn again
      const bytes = await pictureOf(page, part);
      await Deno.writeFile(new URL(`${name}-${colorScheme}.webp`, FOLDER), bytes);
      console.log(`${name}-${colorScheme}.webp: ${Math.round(bytes.length / 1000)} kB`);
    }
  }
  await browser.close();
}

/** What is in the window, or a part of the page, as WebP, which playwright's own screenshots cannot be. */
async function pictureOf(page: Page, part: string | undefined): Promise<Uint8Array> {
  const box = part === undefined ? undefined : await page.locator(part).first().evaluate((element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return { x: x + scrollX, y: y + scrollY, width, height };
  });
  const tools = await page.context().newCDPSession(page);
  const clip = box && { ...box, scale: 1 };
  const { data } = await tools.send("Page.captureScreenshot", {
    format: "webp",
    quality: QUALITY,
    ...(clip && { clip, captureBeyondViewport: true }),
  });
  await tools.detach();
  return Buffer.from(data, "base64");
}

/** The runs, the sweep and the report that the pictures show: the newest of each. */
async function whatThereIs() {
  const { api } = apiClient(origin, { token: searchParams.get("token") ?? undefined });
  const list = async () => (await answerOf(api.runs.$get({ query: {} }))).runs;
  const underWay = async () => (await list()).find(({ status, cells }) => status === "running" && cells.ended > 0)?.id;
  // It may take a moment to begin.
  let live = await underWay();
  for (let tries = 0; live === undefined && tries < 120; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    live = await underWay();
  }
  const shown = await Promise.all(
    (await list()).map(({ id }) => answerOf(api.runs[":id"].$get({ param: { id }, query: { points: "recent" } }))),
  );
  const run = shown.find(({ gates }) => gates)?.run.id;
  const asked = await askedRun(runsFolder);
  const sweep = (await answerOf(api.sweeps.$get())).sweeps[0]?.sweep;
  const [report] = (await answerOf(api.reports.$get())).reports;
  if (
    live === undefined || run === undefined || asked === undefined || sweep === undefined || report === undefined
  ) {
    throw new Error(`${runsFolder} lacks a run with gates, models to ask, a sweep, a report over seeds or a live run`);
  }
  return { run, asked, sweep, report, live };
}

function allPictures({ run, asked, sweep, report, live }: Awaited<ReturnType<typeof whatThereIs>>): Picture[] {
  const compared = new URLSearchParams(report.runs.map((id) => ["run", id]));
  return [
    { name: "runs", path: "?filter=preset:smoke", ready: ".run-table tbody tr", height: 560 },
    { name: "run", path: `runs/${run}`, ready: "#results img", height: 900 },
    { name: "run-phone", path: `runs/${run}`, ready: "#results img", width: NARROW, height: 780 },
    { name: "run-live", path: `runs/${live}`, ready: ".cell canvas", height: 860, act: watch },
    { name: "curves", path: `runs/${run}`, ready: ".curves canvas", part: ".curves", height: 900 },
    { name: "prompt", path: `runs/${asked}`, ready: ".prompt form", part: ".prompt", height: 1000, act: ask },
    { name: "compare", path: `compare?${compared}`, ready: "table", height: 760 },
    { name: "sweep", path: `sweeps/${sweep}`, ready: ".chart canvas", part: "#main", height: 900, act: selectTrials },
    { name: "reports", path: "reports", ready: "#main", height: 460 },
    { name: "report", path: `api/runs/${run}/report`, ready: "figure svg", height: 900 },
    { name: "report-seeds", path: `api/reports/${report.name}`, ready: "figure svg", height: 760 },
    { name: "gates", path: `api/runs/${run}/gates`, ready: "pre.tokens", height: 900 },
    { name: "trash", path: "trash", ready: ".removal button", height: 340 },
    { name: "sign-in", path: "sign-in?token=", ready: "#token", height: 380 },
  ];
}

/** Until the curve has some points and there is a sample of the machine. */
async function watch(page: Page): Promise<void> {
  await page.locator(".machine").waitFor();
  await page.locator(".readings", { hasText: "of the limit" }).waitFor();
  await page.waitForTimeout(20_000);
}

async function selectTrials(page: Page): Promise<void> {
  await page.getByRole("slider", { name: /^Select trials by/ }).last().focus();
  await page.keyboard.press("ArrowDown");
  await page.locator("#trials caption", { hasText: "selected" }).waitFor();
}

/** A text that changes its domain, with the heat map of its gates. */
async function ask(page: Page): Promise<void> {
  const box = page.locator(".prompt");
  await box.getByRole("button", { name: "A text that changes its domain" }).click();
  const button = box.getByRole("button", { name: "Ask", exact: true });
  await button.click();
  // Not by the state "busy": small models may have answered before anybody looks.
  const round = box.locator(":scope > .round");
  await round.waitFor();
  await button.waitFor();
  const stitched = round.locator(".answer").last();
  await stitched.getByRole("button", { name: "Color the prompt, too" }).click();
  await stitched.getByRole("button", { name: "Color the prompt, too" }).waitFor({ state: "detached" });
  await stitched.getByRole("button", { name: "Show the gates" }).click();
  // Neither earlier prompts nor the bar that floats above the page belong to the picture.
  await page.evaluate(() => {
    document.querySelector(".prompt .earlier")?.remove();
    document.querySelector("header.bar")?.remove();
  });
}
