// The page of a run in real Chromium, whatever happens to its server.
import assert from "node:assert/strict";
import { serve, startServerWorker } from "../../../lib/serve/mod.ts";
import { LOOSE, WAIT, withBrowser } from "../../chromium.ts";
import { optionalTest } from "../../optional.ts";
import { demoBodies } from "../../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../../run/fake-run.ts";
import { ID, shows, skipTo, upTo } from "./run-page.ts";

optionalTest(
  "chromium",
  "the page of a run misses nothing, whatever happens to its server",
  (t) =>
    withBrowser(async (browser, withPage) => {
      await t.step("learns the end though its server closes at once, and then says how to see it again", async () => {
        await withRunsFolder(async (runsFolder) => {
          const run = fakeRun(runsFolder, ID);
          const bodies = demoBodies({ id: ID, steps: 40 });
          run.append(bodies.slice(0, 5));
          const server = await startServerWorker({ runsFolder, port: 0 });
          await withPage(async (page) => {
            await page.clock.install();
            await page.goto(`${server.url}runs/${ID}`);
            await shows(page, "#connection", "Live");
            await page.locator("#head .notice:visible").waitFor({ ...WAIT, state: "detached" });
            await Deno.writeTextFile(`${run.folder}/report.html`, "<h1>The report</h1>");
            run.append(bodies.slice(5));
            run.release();
            const closing = server.close();
            await shows(page, "#connection", "Run ended");
            await shows(page, "#results h2", "Results");
            await closing;
            await skipTo(page, "#head .notice:visible", `deno task serve --runs ${runsFolder} shows it again`);
            await shows(page, "#connection", "Run ended");
            await page.getByRole("link", { name: "Open the report" }).waitFor({ ...WAIT, state: "detached" });
          });
        });
      });

      await t.step("says that its server has gone while the run was running", async () => {
        await withRunsFolder(async (runsFolder) => {
          const run = fakeRun(runsFolder, ID);
          run.append(demoBodies({ id: ID }).slice(0, 5));
          const server = serve({ runsFolder, port: 0 });
          await withPage(async (page) => {
            await page.clock.install();
            await page.goto(`${server.url}runs/${ID}`);
            await shows(page, "#connection", "Live");
            await server.close();
            await shows(page, "#connection", "Reconnecting");
            await skipTo(page, "#head .notice:visible", "has closed");
            await shows(page, "#connection", "Closed");
            const again = serve({ runsFolder, port: server.port });
            try {
              await skipTo(page, "#connection", "Live");
              await page.locator("#head .notice:visible").waitFor({ ...WAIT, state: "detached" });
            } finally {
              await again.close();
            }
          });
          run.release();
        });
      });

      await t.step("keeps its connection in a hidden tab, and the fourth gives it back", async () => {
        await withRunsFolder(async (runsFolder) => {
          const run = fakeRun(runsFolder, ID);
          run.append(demoBodies({ id: ID }).slice(0, 5));
          const server = serve({ runsFolder, port: 0 });
          try {
            await withPage(async () => {
              const context = await browser.newContext();
              const hidden = await Promise.all([1, 2, 3, 4].map(() => context.newPage()));
              for (const page of hidden) {
                await page.clock.install();
                await page.goto(`${server.url}runs/${ID}`);
                await shows(page, "#connection", "Live");
                await page.evaluate(`Object.defineProperty(document, "hidden", { value: true, configurable: true });
              document.dispatchEvent(new Event("visibilitychange"));`);
                await page.clock.fastForward(21_000);
              }
              await shows(hidden[3]!, "#connection", "Paused");
              for (const page of hidden.slice(0, 3)) await shows(page, "#connection", "Live");
              run.append([{ kind: "run.end", status: "stopped", seconds: 1, error: "StopError: Stopped by Ctrl-C" }]);
              for (const page of hidden.slice(0, 3)) await shows(page, "#connection", "Run ended");
              await shows(hidden[0]!, "#head .notice:visible", "stopped by Ctrl-C; re-run the same command to resume");
              assert.equal(await hidden[0]!.locator(".error:visible").count(), 0);
              await context.close(); // the browser goes on with other tests
            });
          } finally {
            run.release();
            await server.close();
          }
        });
      });

      await t.step("reconnects by itself when the server is restarted, and misses nothing", async () => {
        await withRunsFolder(async (runsFolder) => {
          const run = fakeRun(runsFolder, ID);
          const bodies = demoBodies({ id: ID, steps: 40 });
          const cut = upTo(bodies, "metrics", "seed", 10);
          run.append(bodies.slice(0, cut));
          const first = serve({ runsFolder, port: 0 });
          await withPage(async (page) => {
            await page.goto(`${first.url}runs/${ID}`);
            await shows(page, "#connection", "Live");
            await shows(page, "#cell-3 .readings", "10 / 40");
            await first.close();
            await shows(page, "#connection", "Reconnecting");
            run.append(bodies.slice(cut, -1));
            const second = serve({ runsFolder, port: first.port });
            try {
              assert.equal(second.port, first.port);
              await shows(page, "#connection", "Live");
              await shows(page, "#cell-9 .badge", "Done");
              for (const cell of [1, 3, 7]) await page.locator(`#cell-${cell} summary`).first().click();
              for (const cell of [3, 7]) await shows(page, `#cell-${cell} .readings`, "40 / 40");
              await page.locator("#cell-1 table").waitFor(WAIT);
              assert.equal(await page.locator("#cell-1 table").count(), 1, "nothing twice");
              run.append(bodies.slice(-1));
              await shows(page, "#head .badge", "Done");
            } finally {
              await second.close();
            }
          });
          run.release();
        });
      });
    }),
  LOOSE,
);
