// axe-core on every page, in both color schemes, on a desktop and on a phone: no serious and no critical finding.
import assert from "node:assert/strict";
import type { AxeResults, RunOptions } from "axe-core";
import type { Page } from "playwright-core";
import { LOOSE, withBrowser } from "../chromium.ts";
import { optionalTest } from "../optional.ts";
import { PAGES, withAllPages } from "./all-pages.ts";

const AXE = await Deno.readTextFile(new URL(import.meta.resolve("axe-core/axe.min.js")));
/**
 * What is checked of each page: every rule for both widths, and for the other scheme those about colors; what only a wide
 * window shows has its colors checked in both, and a narrow one shows nothing else.
 */
const VIEWS: readonly {
  readonly width: number;
  readonly colorScheme: "light" | "dark";
  readonly options: RunOptions;
}[] = [
  { width: 1400, colorScheme: "light", options: {} },
  { width: 1400, colorScheme: "dark", options: { runOnly: ["color-contrast", "link-in-text-block"] } },
  { width: 390, colorScheme: "dark", options: {} },
];

/** The serious and critical findings, each with an element. */
async function findings(page: Page, options: RunOptions): Promise<string[]> {
  const { violations } = await page.evaluate(
    (options) => (globalThis as unknown as { axe: { run(o: RunOptions): Promise<AxeResults> } }).axe.run(options),
    { ...options, resultTypes: ["violations" as const], elementRef: false },
  );
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}, ${nodes.length} times: ${nodes[0]!.html.slice(0, 160)}`);
}

optionalTest(
  "chromium",
  "axe-core finds nothing serious on any page, light and dark, wide and narrow",
  (t) =>
    withAllPages((address, link) =>
      withBrowser(async (browser) => {
        // Reports run no scripts by their policy, and axe-core needs timers.
        const context = await browser.newContext({ bypassCSP: true });
        context.setDefaultTimeout(120_000);
        await context.addInitScript(AXE);
        await (await context.newPage()).goto(link);
        for (const { name, path, ready, act } of PAGES) {
          await t.step(name, async () => {
            const page = await context.newPage();
            await page.setViewportSize({ width: VIEWS[0]!.width, height: 900 });
            await page.goto(address + path);
            await page.locator(ready).first().waitFor();
            await act?.(page);
            const found: string[] = [];
            for (const { width, colorScheme, options } of VIEWS) {
              await page.setViewportSize({ width, height: 900 });
              await page.emulateMedia({ colorScheme });
              found.push(...(await findings(page, options)).map((text) => `${width} px, ${colorScheme}: ${text}`));
            }
            await page.close();
            assert.deepEqual(found, []);
          });
        }
        await context.close();
      })
    ),
  LOOSE,
);
