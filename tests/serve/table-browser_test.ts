// The table of runs in real Chromium: from what a person does to what is seen.
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { addLabel, linkTo } from "../../lib/run/mod.ts";
import { serve } from "../../lib/serve/mod.ts";
import { LOOSE, withPage } from "../chromium.ts";
import { optionalTest } from "../optional.ts";
import { demoBodies } from "../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../run/fake-run.ts";
import { variedId, writeVariedRuns } from "../run/varied-runs.ts";
import { eventually } from "../steady.ts";

const COUNT = 100;
const SWEEP = "20261122-101110-a-sweep-with-a-long-name-aaaa";

const firstRow = (page: Page, text: string) =>
  page.locator(".run-table tbody tr th", { hasText: text }).first().waitFor();
const titles = (page: Page) => page.locator(".run-table tbody th").allInnerTexts();

optionalTest("chromium", "the table of runs", async (t) => {
  await withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, COUNT);
    addLabel(join(runsFolder, variedId(1)), { kind: "tags", add: [`sweep:${SWEEP}`], remove: [] });
    let server = serve({ runsFolder, port: 0 });
    try {
      await withPage(async (page, complaints) => {
        await page.goto(linkTo(server.url, server.token));
        const filter = page.getByLabel("Filter");
        await filter.waitFor();

        await t.step("draws only the rows in view, and the last ones when scrolled to", async () => {
          await page.locator("#count", { hasText: `${COUNT} runs` }).waitFor();
          await page.locator(".run-table-box").evaluate((box) => box.scrollTop = box.scrollHeight);
          await firstRow(page, "Run 0");
          assert.ok((await titles(page)).length < COUNT);
          assert.equal(await page.locator(".run-table").getAttribute("aria-rowcount"), String(COUNT + 1));
          await page.locator(".run-table-box").evaluate((box) => box.scrollTop = 0);
          await firstRow(page, "Run 99");
        });

        await t.step("filters with completion by keyboard, and says what was wrong", async () => {
          await filter.fill("model.w");
          await page.getByRole("option", { name: "model.width:" }).waitFor();
          await filter.press("ArrowDown");
          await filter.press("Enter");
          await page.keyboard.type(">128 seed:2 nosuch:1");
          await page.locator("#count", { hasText: "7 of 100 runs" }).waitFor();
          await page.locator(".problems", { hasText: 'No run has "nosuch"' }).waitFor();
          await filter.press("Escape");
          assert.equal(await filter.inputValue(), "model.width:>128 seed:2 nosuch:1", "it closes the list");
        });

        await t.step("sorts by a heading, and a view is its URL", async () => {
          // Sorted before what was typed counts: both do.
          await filter.press("End");
          await page.keyboard.type("0");
          await page.getByRole("link", { name: "Bits per byte" }).click();
          await page.waitForURL(/nosuch:10.*sort=bpb/);
          await page.getByRole("columnheader", { name: "Bits per byte ↑" }).waitFor();
          const rows = await titles(page);
          await page.reload();
          await page.getByRole("columnheader", { name: "Bits per byte ↑" }).waitFor();
          await page.locator("#count", { hasText: "7 of 100 runs" }).waitFor();
          assert.deepEqual(await titles(page), rows);
          await page.goBack();
          await page.getByRole("columnheader", { name: "Started ↓" }).waitFor();
          await page.goto(server.url);
        });

        await t.step("changes of the view that come before it is drawn, or has its rows, all count", async () => {
          await page.getByRole("link", { name: "Bits per byte" }).waitFor();
          await page.route("**/api/table?*", async (route) => {
            // Longer than until the page asks again by itself.
            await new Promise((resolve) => setTimeout(resolve, 3_000));
            await route.continue();
          });
          await page.evaluate(`(async () => {
            const group = document.querySelector(".filters select");
            group.value = "seeds";
            group.dispatchEvent(new Event("input", { bubbles: true }));
            const head = (text) => [...document.querySelectorAll("thead a")].find((link) => link.textContent === text);
            head("Status").click();
            await new Promise((resolve) => setTimeout(resolve, 100));
            head("Bits per byte").click();
          })()`);
          await page.locator("tr.group").first().waitFor();
          await page.getByRole("columnheader", { name: "Bits per byte ↑" }).waitFor();
          assert.match(page.url(), /sort=bpb.*group=seeds/);
          // One may still be waiting.
          await page.unrouteAll({ behavior: "ignoreErrors" });
          await page.goto(server.url);
        });

        await t.step("says what in its address cannot be read, and shows the rest", async () => {
          await page.goto(`${server.url}?group=oops&sort=nothing&columns=seed,nothing&offset=x&filter=seed:2`);
          for (
            const text of ['group by "oops"', 'sort by "nothing"', 'no column "nothing"', 'begin at row "x"']
          ) await page.locator(".problems", { hasText: text }).waitFor();
          await page.locator("#count", { hasText: "20 of 100 runs" }).waitFor();
          await page.getByRole("columnheader", { name: "Seed" }).waitFor();
          // Another view is not to blame for it.
          await filter.fill("seed:3");
          await page.locator(".problems", { hasText: 'group by "oops"' }).waitFor({ state: "detached" });
          await page.goto(server.url);
        });

        await t.step("shows a chosen column and groups", async () => {
          await page.getByText("Columns", { exact: true }).click();
          await page.getByLabel("Find a column").fill("stitch/loss");
          await page.getByLabel("stitch/loss", { exact: true }).click();
          await page.getByRole("columnheader", { name: "stitch/loss" }).waitFor();
          await page.getByLabel("Group by").selectOption("seeds");
          await page.locator("tr.group").first().waitFor();
          assert.equal((await titles(page)).length, 6);
          await page.locator("tr.group a").first().click();
          await page.locator("tr.member").first().waitFor();
          // A long label is cut at its end, and begins where it did before.
          await page.setViewportSize({ width: 390, height: 780 });
          await page.goto(`${server.url}?group=sweep`);
          const label = page.locator("tr.group a", { hasText: SWEEP });
          const starts = () =>
            label.evaluate((link) => [link.getBoundingClientRect().x, link.parentElement!.scrollLeft]);
          await label.waitFor();
          const closed = await starts();
          await label.click();
          await page.locator("tr.member").first().waitFor();
          await eventually(async () => assert.deepEqual(await starts(), closed));
          await page.setViewportSize({ width: 1280, height: 860 });
          await page.goto(server.url);
        });

        await t.step("tags and removes the selected runs, and brings them back", async () => {
          await page.getByLabel("Select Run 99").click();
          await page.getByLabel("Select Run 98").click();
          await page.getByRole("link", { name: "Compare" }).waitFor();
          await page.getByLabel("Tag", { exact: true }).fill("good");
          await page.getByRole("button", { name: "Add tag" }).click();
          await page.locator("td", { hasText: "good" }).first().waitFor();
          await page.getByRole("button", { name: "Remove", exact: true }).click();
          await page.getByRole("button", { name: "Remove 2 runs?" }).click();
          await page.locator("#count", { hasText: "98 runs" }).waitFor();
          await page.getByRole("link", { name: "Trash" }).first().click();
          await page.locator("code", { hasText: variedId(98) }).waitFor();
          await page.getByRole("button", { name: "Restore all" }).click();
          await page.getByRole("heading", { name: "The trash is empty" }).waitFor();
          await page.goto(server.url);
          await page.locator("#count", { hasText: "100 runs" }).waitFor();
        });

        await t.step("fits a phone, and text has enough contrast in light and dark", async () => {
          for (const colorScheme of ["light", "dark"] as const) {
            await page.emulateMedia({ colorScheme });
            await page.setViewportSize({ width: 390, height: 780 });
            await page.waitForFunction("document.documentElement.scrollWidth <= innerWidth");
          }
          assert.deepEqual(complaints, []);
        });

        await t.step("says while its rows may be old, and why the server has none", async () => {
          const lock = join(runsFolder, ".index.lock");
          const notice = (text: string) => page.locator(".problems", { hasText: text });
          await eventually(async () => { // the server may make its own file again in between
            await Deno.remove(lock, { recursive: true });
            await Deno.mkdir(lock); // no update succeeds, for root neither
          });
          await notice("The table may be old: its index cannot be updated").waitFor();
          await page.getByRole("link", { name: "Run 99", exact: true }).waitFor();
          const plain = await (await page.request.get(server.url)).text();
          assert.match(plain, /The table may be old/);
          await Deno.remove(lock);
          await notice("may be old").waitFor({ state: "detached" });

          const away = `${runsFolder}-away`;
          await Deno.rename(runsFolder, away);
          await Deno.writeTextFile(runsFolder, "");
          await notice("it is a file, not a folder").waitFor();
          await page.locator("#connection", { hasText: "Live" }).waitFor();
          await page.getByRole("link", { name: "Run 99", exact: true }).waitFor();
          await Deno.remove(runsFolder);
          await Deno.rename(away, runsFolder);
          await notice("not a folder").waitFor({ state: "detached" });
        });

        await t.step("says that its server has gone, keeps its rows, and goes on when it is back", async () => {
          await page.setViewportSize({ width: 1280, height: 860 });
          const { port } = server;
          await server.close();
          await page.locator("#connection", { hasText: "Reconnecting" }).waitFor();
          await page.getByRole("link", { name: "Run 99", exact: true }).waitFor();
          const run = fakeRun(runsFolder, "20261122-101010-bts-demo-aaaa");
          run.append(demoBodies({ id: run.id, steps: 2, title: "A new run" }));
          run.release();
          server = serve({ runsFolder, port });
          assert.equal(server.port, port);
          await page.locator("#connection", { hasText: "Live" }).waitFor();
          await page.getByRole("link", { name: "A new run" }).waitFor();
        });
      });
    } finally {
      await server.close();
    }
  });
}, LOOSE);
