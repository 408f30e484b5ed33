// Pages for everybody: axe-core finds nothing serious in both color schemes, on a desktop and on a phone, and the
// keyboard alone is enough. Each page is opened once for both.
import assert from "node:assert/strict";
import type { AxeResults, RunOptions } from "axe-core";
import type { Page } from "playwright-core";
import { LOOSE, withBrowser } from "../chromium.ts";
import { optionalTest } from "../optional.ts";
import { eachPage, withAllPages } from "./all-pages.ts";
import { goAround, MARK, useRuns } from "./keyboard.ts";

const AXE = await Deno.readTextFile(new URL(import.meta.resolve("axe-core/axe.min.js")));
/** What the other color scheme can break. */
const COLORS: RunOptions = { runOnly: ["color-contrast", "link-in-text-block"] };
/** How pages are opened and used. */
const AT_FIRST = { viewport: { width: 1400, height: 900 }, colorScheme: "light" } as const;
/**
 * What is checked of each page: every rule at both widths, and in the other scheme those about colors. The last view is how
 * pages are opened, so that Tab then goes around a page that is as it was, and so is the tab for the next page.
 */
const VIEWS: readonly {
  readonly width: number;
  readonly colorScheme: "light" | "dark";
  readonly options: RunOptions;
}[] = [
  { width: 1400, colorScheme: "dark", options: COLORS },
  { width: 390, colorScheme: "dark", options: {} },
  { width: 390, colorScheme: "light", options: COLORS },
  { width: 1400, colorScheme: "light", options: {} },
];

/** The serious and critical findings, each with an element. */
async function findings(page: Page, options: RunOptions): Promise<string[]> {
  if (!await page.evaluate("'axe' in globalThis")) await page.evaluate(`${AXE}; 0`);
  const { violations } = await page.evaluate(
    (options) => (globalThis as unknown as { axe: { run(o: RunOptions): Promise<AxeResults> } }).axe.run(options),
    { ...options, resultTypes: ["violations" as const], elementRef: false },
  );
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}, ${nodes.length} times: ${nodes[0]!.html.slice(0, 160)}`);
}

optionalTest(
  "chromium",
  "axe-core finds nothing serious on any page, light and dark, wide and narrow, and the keyboard alone is enough",
  (t) =>
    withAllPages((address, link) =>
      withBrowser(async (browser, withPage) => {
        // Reports run no scripts by their policy; axe-core needs timers, and here they are to say what has the focus.
        const context = await browser.newContext({ ...AT_FIRST, bypassCSP: true, reducedMotion: "reduce" });
        await context.addInitScript(MARK);
        assert.ok((await context.request.get(link)).ok(), "it signs in");
        await eachPage(t, context, address, async (page) => {
          const found: string[] = [];
          for (const { width, colorScheme, options } of VIEWS) {
            await page.setViewportSize({ width, height: 900 });
            await page.emulateMedia({ colorScheme });
            found.push(...(await findings(page, options)).map((text) => `${width} px, ${colorScheme}: ${text}`));
          }
          assert.deepEqual(found, []);
          await goAround(page);
        });
        await context.close();

        await t.step(
          "runs are compared, tagged, removed and restored by keyboard alone",
          () => withPage((page, complaints) => useRuns(page, complaints, link)),
        );
      })
    ),
  LOOSE,
);
