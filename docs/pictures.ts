// Makes the pictures of all pages in docs/pictures, light and dark. First have something on each page: in a runs folder
// of its own,
//   deno task bts --preset smoke --seeds 1,2
//   deno task sweep experiments/bts.ts --preset smoke --grid stitch.count=1,2 --grid train.stitch.lr=3e-3,1e-2,3e-2
//   deno task gates <run>; deno task rm <a run>; deno task serve:edit --models <run>
// then, with the link that the last one prints, in a second terminal, for all pictures or some of them:
//   deno run -A docs/pictures.ts 'http://127.0.0.1:8420/?token=…' [name…]
// The picture of a run that is under way is made only if there is one.
import { Buffer } from "node:buffer";
import type { Page } from "playwright-core";
import { answerOf, apiClient } from "../lib/serve/mod.ts";
import { withBrowser } from "../tests/chromium.ts";

const FOLDER = new URL("pictures/", import.meta.url);
/** Of WebP, 0 to 100. */
const QUALITY = 72;
/** Models may be slow on a busy machine. */
const PATIENCE_MS = 300_000;
const [WIDE, NARROW] = [1280, 390];

const [link, ...only] = Deno.args;
if (link === undefined) {
  console.error("Usage: deno run -A docs/pictures.ts <link that the server printed> [name of a picture…]");
  Deno.exit(2);
}

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

const { origin, searchParams } = new URL(link);
const found = await whatThereIs();
const pictures = allPictures(found).filter(({ name }) => only.length === 0 || only.includes(name));
await Deno.mkdir(FOLDER, { recursive: true });
await withBrowser(async (browser) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(link);
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
});
Deno.exit(); // playwright keeps timers

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
  const { runs } = await answerOf(api.runs.$get({ query: {} }));
  const { sweeps } = await answerOf(api.sweeps.$get());
  const { reports } = await answerOf(api.reports.$get());
  const shown = await Promise.all(
    runs.slice(0, 30).map(({ id }) => answerOf(api.runs[":id"].$get({ param: { id }, query: { points: "recent" } }))),
  );
  const withGates = shown.find(({ gates }) => gates)?.run.id;
  const [sweep, report] = [sweeps[0]?.sweep, reports[0]];
  if (withGates === undefined || sweep === undefined || report === undefined || report.runs.length < 2) {
    console.error("The server needs a run with a page of gates, a sweep, and a report over seeds: see this file");
    Deno.exit(2);
  }
  const live = shown.find(({ run }) => run.status === "running")?.run.id;
  return { run: withGates, sweep, report, live };
}

function allPictures({ run, sweep, report, live }: Awaited<ReturnType<typeof whatThereIs>>): Picture[] {
  const compared = new URLSearchParams(report.runs.map((id) => ["run", id]));
  return [
    { name: "runs", path: "", ready: ".run-table tbody tr", height: 560 },
    { name: "run", path: `runs/${run}`, ready: "#results img", height: 900 },
    { name: "run-phone", path: `runs/${run}`, ready: "#results img", width: NARROW, height: 780 },
    ...(live === undefined ? [] : [{ name: "run-live", path: `runs/${live}`, ready: ".cell canvas", height: 860 }]),
    { name: "curves", path: `runs/${run}`, ready: ".curves canvas", part: ".curves", height: 900 },
    { name: "prompt", path: `runs/${run}`, ready: ".prompt form", part: ".prompt", height: 1000, act: ask },
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
  await box.locator('.answer[aria-busy="true"]').first().waitFor();
  await button.waitFor();
  const stitched = box.locator(".round").first().locator(".answer").last();
  await stitched.getByRole("button", { name: "Color the prompt, too" }).click();
  await stitched.getByRole("button", { name: "Color the prompt, too" }).waitFor({ state: "detached" });
  await stitched.getByRole("button", { name: "Show the gates" }).click();
  // Neither earlier prompts nor the bar that floats above the page belong to the picture.
  await page.evaluate(() => {
    document.querySelector(".prompt .earlier")?.remove();
    document.querySelector("header.bar")?.remove();
  });
}
