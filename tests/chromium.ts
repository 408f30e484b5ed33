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

/** Opens a page, with everything that it complains about, and closes it again. */
export type WithPage = (body: (page: Page, complaints: string[], browser: Browser) => Promise<void>) => Promise<void>;

/** One browser for several pages, each of which has its own storage. */
export async function withBrowser(body: (browser: Browser, withPage: WithPage) => Promise<void>): Promise<void> {
  const browser = await chromium.launch({ executablePath: chromiumPath()!, args: FLAGS });
  try {
    await body(browser, async (use) => {
      const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
      const complaints: string[] = [];
      page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
      page.on("pageerror", (error) => complaints.push(String(error)));
      try {
        await use(page, complaints, browser);
      } finally {
        await page.close();
      }
    });
  } finally {
    await browser.close();
  }
}

/** A page in a browser of its own. */
export const withPage: WithPage = (body) => withBrowser((_, withPage) => withPage(body));
