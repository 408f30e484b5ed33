// Opening pages in Chromium as somebody does for the first time: time until something is seen, and bytes of it all.
import process from "node:process";
import { chromium } from "playwright-core";
import { chromiumPath } from "../../lib/host/mod.ts";
import type { Cost } from "./measured.ts";

/** Opens pages, each with an empty cache. */
export interface PageOpener extends AsyncDisposable {
  /**
   * Opens a page.
   *
   * @param shown what is waited for; then the time until it is seen counts instead of the first contentful paint
   */
  open(url: string, shown?: string): Promise<Cost>;
}

/** Starts Chromium. */
export async function openBrowser(): Promise<PageOpener> {
  const args = ["--headless", "--disable-gpu", ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])];
  const browser = await chromium.launch({ executablePath: chromiumPath()!, args });
  return {
    async open(url, shown) {
      const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
      try {
        const page = await context.newPage();
        const session = await context.newCDPSession(page);
        await session.send("Network.enable");
        let bytes = 0;
        session.on("Network.loadingFinished", ({ encodedDataLength }) => bytes += encodedDataLength);
        await page.goto(url, { waitUntil: "commit" });
        if (shown !== undefined) await page.locator(shown).first().waitFor();
        const seen = await page.evaluate(() => performance.now());
        await page.waitForLoadState("load");
        // What a page asks for by itself comes soon after it has loaded.
        await page.waitForTimeout(1_000);
        const painted = await page.evaluate(() =>
          performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN
        );
        return { ms: shown === undefined ? painted : seen, bytes };
      } finally {
        await context.close();
      }
    },
    async [Symbol.asyncDispose]() {
      await browser.close();
    },
  };
}
