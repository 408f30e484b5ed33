// Pages in real Chromium, for tests that `optionalTest("chromium", …)` registers.
import process from "node:process";
import { type Browser, chromium, type Page } from "playwright-core";
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

/** Opens a page, with everything that it complains about, and closes it again. */
export type WithPage = (body: (page: Page, complaints: string[], browser: Browser) => Promise<void>) => Promise<void>;

let started: Promise<Browser> | undefined;
// Each test file loads this module anew, and its tests share one Chromium.
Deno.test.afterAll(async () => await (await started)?.close());

/** The browser of this file's tests, whose pages each have their own storage. */
export async function withBrowser(body: (browser: Browser, withPage: WithPage) => Promise<void>): Promise<void> {
  await body(await (started ??= chromium.launch({ executablePath: chromiumPath()!, args: FLAGS })), withPage);
}

/** A page in the browser of this file's tests. */
export const withPage: WithPage = (body) =>
  withBrowser(async (browser) => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
    page.setDefaultTimeout(WAIT.timeout);
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
