// The page of a run in real Chromium: here with odd logs and with the keyboard alone. The tests of the same page beside this
// one run here as well, in the same browser: each test file starts its own, and loads and bundles all code anew.
import assert from "node:assert/strict";
import { serve } from "../../../lib/serve/mod.ts";
import { LOOSE, WAIT, withBrowser } from "../../chromium.ts";
import { optionalTest } from "../../optional.ts";
import { demoBodies } from "../../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../../run/fake-run.ts";
import { eventually } from "../../steady.ts";
import "./connection.ts";
import "./live.ts";
import "./nothing.ts";
import "./process.ts";
import { ID, shows } from "./run-page.ts";

/** In the page: texts of the graph that are in none of its boxes. */
const OUTSIDE = `(() => {
  const boxes = [...document.querySelectorAll(".graph .box")].map((box) => box.getBBox());
  const isIn = (text, box) =>
    text.x >= box.x && text.x + text.width <= box.x + box.width && text.y >= box.y &&
    text.y + text.height <= box.y + box.height;
  return [...document.querySelectorAll(".graph text")]
    .filter((text) => !boxes.some((box) => isIn(text.getBBox(), box))).map((text) => text.textContent);
})()`;

optionalTest(
  "chromium",
  "the page of a run reads bad logs, and works by keyboard",
  (t) =>
    withBrowser(async (_, withPage) => {
      await t.step("reads a run with an empty title, and one whose log is damaged", async () => {
        await withRunsFolder(async (runsFolder) => {
          const other = "20261122-101010-bts-demo-bbbb";
          const run = fakeRun(runsFolder, ID);
          run.append(demoBodies({ id: ID, title: "  " }));
          run.raw("{not json\n");
          run.release();
          const damaged = fakeRun(runsFolder, other);
          damaged.raw("{not json\n");
          damaged.append(demoBodies({ id: other }).slice(1, 4));
          damaged.release();
          const server = serve({ runsFolder, port: 0 });
          try {
            await withPage(async (page, complaints) => {
              await page.goto(`${server.url}runs/${ID}`);
              await shows(page, "h1", ID);
              await shows(page, "#head .notes", "of the event log is damaged and left out");
              await shows(page, ".graph .origin", "from …");
              await eventually(async () =>
                assert.deepEqual(await page.evaluate(OUTSIDE), [], "what does not fit into the boxes of the graph")
              );
              await page.goto(`${server.url}runs/${other}`);
              await shows(page, "#head .badge", "damaged");
              await shows(page, "#head .error", "The start of the event log cannot be read");
              await shows(page, "#cell-1", "Real text in four domains");
              assert.deepEqual(complaints, []);
            });
          } finally {
            await server.close();
          }
        });
      });

      await t.step("is used with the keyboard alone", async () => {
        await withRunsFolder(async (runsFolder) => {
          const run = fakeRun(runsFolder, ID);
          run.append(demoBodies({ id: ID }));
          run.release();
          const server = serve({ runsFolder, port: 0 });
          try {
            await withPage(async (page) => {
              await page.goto(`${server.url}runs/${ID}`);
              await shows(page, "#head .badge", "Done");
              const tabTo = async (selector: string) => {
                for (let i = 0; i < 150; i++) {
                  await page.keyboard.press("Tab");
                  if (await page.locator(selector).evaluate((element) => element === document.activeElement)) return;
                }
                assert.fail(`Tab does not reach ${selector}`);
              };
              await tabTo(".graph a[href='#cell-8']");
              await page.keyboard.press("Enter");
              await page.locator("#cell-8 > details[open]").waitFor(WAIT);
              await tabTo("#cell-1 > details > summary");
              await page.keyboard.press("Enter");
              await page.locator("#cell-1 > details[open] table").waitFor(WAIT);
              await page.keyboard.press("Enter");
              await page.locator("#cell-1 > details:not([open])").waitFor(WAIT);
              await tabTo(".console > summary");
              await page.keyboard.press("Space");
              await shows(page, ".console", "This run kept no output.");
            });
          } finally {
            await server.close();
          }
        });
      });
    }),
  LOOSE,
);
