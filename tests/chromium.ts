// Pages in real Chromium, for tests that `optionalTest("chromium", …)` registers.
import process from "node:process";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { chromiumPath } from "../lib/host/mod.ts";

const FLAGS = [
  "--headless",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
];

// Playwright keeps timers and pipes of its own.
export const LOOSE = { sanitizeOps: false, sanitizeResources: false };

/** How long to wait for what a page shows: slow machines take long, and nothing that is shown waits. */
export const WAIT = { timeout: 120_000 };

/** How many times slower than this machine pages run: finds what tests do not wait for. */
const SLOWDOWN = Number(process.env.STITCHBOOK_SLOW_PAGES ?? 1);

/** Opens a page, with everything that it complains about, and closes it again. */
export type WithPage = (body: (page: Page, complaints: string[], browser: Browser) => Promise<void>) => Promise<void>;

let started: Promise<Browser> | undefined;
// Each test file loads this module anew, and its tests share one Chromium.
Deno.test.afterAll(async () => await (await started)?.close());

/** The browser of this file's tests, whose pages each have their own storage. */
export async function withBrowser(body: (browser: Browser, withPage: WithPage) => Promise<void>): Promise<void> {
  await body(await (started ??= start()), withPage);
}

/** Starts Chromium. Whatever is waited for in its pages may take as long as `WAIT` says. */
async function start(): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: chromiumPath()!, args: FLAGS, ...WAIT });
  browser.on("context", (context) => {
    context.setDefaultTimeout(WAIT.timeout);
    if (SLOWDOWN > 1) slowDown(context);
  });
  return browser;
}

/** Has all pages of a context run as on a slow processor. */
function slowDown(context: BrowserContext): void {
  context.on("page", async (page) => {
    try {
      await (await context.newCDPSession(page)).send("Emulation.setCPUThrottlingRate", { rate: SLOWDOWN });
    } catch (error) {
      if (!page.isClosed()) throw error;
    }
  });
}

/** A page in the browser of this file's tests. */
export const withPage: WithPage = (body) =>
  withBrowser(async (browser) => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 860 }, reducedMotion: "reduce" });
    const complaints: string[] = [];
    page.on("console", (message) =>
      message.type() === "error" && complaints.push(`${message.text()} ${message.location().url}`));
    page.on("pageerror", (error) =>
      complaints.push(String(error)));
    try {
      await body(page, complaints, browser);
    } finally {
      await page.close();
    }
  });
