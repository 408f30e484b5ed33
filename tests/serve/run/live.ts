// The page of a run in real Chromium, followed from its start to its end.
import assert from "node:assert/strict";
import { serve } from "../../../lib/serve/mod.ts";
import { LOOSE, WAIT, withBrowser } from "../../chromium.ts";
import { optionalTest } from "../../optional.ts";
import { demoBodies } from "../../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../../run/fake-run.ts";
import { eventually } from "../../steady.ts";
import { ID, shows, upTo } from "./run-page.ts";

optionalTest(
  "chromium",
  "the page of a run follows it live",
  (t) =>
    withBrowser(async (_, withPage) => {
      await t.step("follows a run live from its start to its end", async () => {
        await withRunsFolder(async (runsFolder) => {
          const run = fakeRun(runsFolder, ID);
          const server = serve({ runsFolder, port: 0 });
          const bodies = demoBodies({ id: ID, steps: 40 });
          let written = 0;
          const writeTo = (count: number) => {
            run.append(bodies.slice(written, count));
            written = count;
          };
          try {
            await withPage(async (page, complaints) => {
              writeTo(1);
              await page.goto(server.url);
              await shows(page, ".run-table .badge", "Running");
              await page.getByRole("link", { name: "Demo run" }).click();
              await shows(page, "#connection", "Live");
              const count = (selector: string, expected: number) =>
                eventually(async () => assert.equal(await page.locator(selector).count(), expected, selector));
              await count(".cell", 9);
              await shows(page, "#cell-1 .badge", "Planned");

              writeTo(upTo(bodies, "cell.start", "tokenizer"));
              await shows(page, "#cell-1 .badge", "Done");
              await shows(page, "#cell-2 .badge", "Running");
              // The running cell stands on top; a finished one is its result in a line, which opens.
              await shows(page, "main .cell >> nth=0 >> h2", /^Byte-level BPE$/);
              await shows(page, "#cell-1 .summary", /^4 domains, 8,214 documents, 21.4 MB$/);
              await count("#cell-1 table", 0);
              await page.locator("#cell-1 summary").first().click();
              await count("#cell-1 tbody tr", 4);

              writeTo(upTo(bodies, "metrics", "seed", 5));
              await shows(page, "#cell-2 .badge", "Cached");
              await shows(page, "#cell-3 .readings", "5 / 40");
              await page.locator("#cell-3 canvas").waitFor(WAIT);
              const element = await page.locator("#cell-3").evaluateHandle((node) => node);
              // 5e10 operations a second, and 1e7 a token.
              const now = bodies[upTo(bodies, "metrics", "seed", 5) - 1]!;
              assert.ok(now.kind === "metrics");
              const share = Math.round(100 * now.values.tokensPerSecond! / 5_000);
              await shows(page, "#cell-3 .readings", new RegExp(`[^\\d]${share} % of the limit of 5k`));
              await shows(page, "#head .facts", "Time left");
              await shows(page, ".graph a[data-status=running]", "Seed");
              await count(".graph a[data-status]", 9);
              await page.locator('.graph a.origin[href="/runs/20261121-091500-bts-demo-zzzz"]').waitFor(WAIT);

              // Step by step, as training writes.
              for (let step = 6; step <= 36; step++) {
                writeTo(upTo(bodies, "metrics", "seed", step));
                await new Promise((resolve) => setTimeout(resolve, 5));
              }
              await shows(page, "#cell-3 .readings", "36 / 40");
              assert.ok(await element.evaluate((node) => node.isConnected), "the cell is updated, not built again");
              assert.equal(await page.locator("#results").isVisible(), false);
              await page.waitForFunction(() => /^2\/9 · Demo run/.test(document.title));

              writeTo(bodies.length - 1);
              await shows(page, "#cell-9 .badge", "Done");
              await Deno.writeTextFile(
                `${run.folder}/report.html`,
                "<h1>The report</h1><script>document.title = 'ran'</script>",
              );
              writeTo(bodies.length);
              await shows(page, "#head .badge", "Done");
              await shows(page, "#connection", "Run ended");
              await shows(page, "#results h2", "Results");
              await page.locator("#results summary", { hasText: "Held-out bits per byte" }).click();
              const table = page.locator("#results table", { hasText: "Held-out bits per byte" });
              await eventually(async () => {
                assert.equal(await table.locator("tbody tr").count(), 7);
                assert.match(await table.locator("tbody tr").last().innerText(), /^BTS\s+2\.220/);
                const best = (await table.locator("td.best").allInnerTexts()).map((t) => t.replace(/\s*\(best\)/, ""));
                assert.deepEqual(best, ["1.440", "1.020", "2.110", "1.758", "2.220"]);
              });
              await page.locator("#figure-mean img").waitFor(WAIT);
              await eventually(async () => {
                const widths = await page.locator("#results img").evaluateAll((images) =>
                  images.map((image) => (image as HTMLImageElement).naturalWidth)
                );
                assert.ok(widths.every((width) => width > 100), `all figures are drawn: ${widths}`);
              });
              await page.locator(".graph a", { hasText: "Tokenizer" }).click();
              await shows(page, "#cell-2", "Built by the run 20261121-091500-bts-demo-zzzz");

              const link = page.getByRole("link", { name: "Open the report" });
              await link.waitFor(WAIT);
              const [report] = await Promise.all([page.waitForEvent("popup"), link.click()]);
              await report.getByRole("heading", { name: "The report" }).waitFor(WAIT);
              assert.notEqual(await report.title(), "ran", "scripts in a report do not run");
              assert.deepEqual(complaints, []);
            });
          } finally {
            run.release();
            await server.close();
          }
        });
      });

      await t.step("follows a run that is resumed after its end", async () => {
        await withRunsFolder(async (runsFolder) => {
          const run = fakeRun(runsFolder, ID);
          const bodies = demoBodies({ id: ID, steps: 40 });
          const [start] = bodies;
          assert.ok(start?.kind === "run.start");
          const { kind: _, run: __, experiment: ___, preset: ____, seed: _____, ...undertaking } = start;
          const { plan } = undertaking;
          const resume = { ...undertaking, kind: "run.resume" } as const;
          const stop = {
            kind: "run.end",
            status: "stopped",
            seconds: 1,
            error: "StopError: Stopped by Ctrl-C",
          } as const;
          const cut = upTo(bodies, "metrics", "seed", 10);
          run.append([...bodies.slice(0, cut), stop]);
          const server = serve({ runsFolder, port: 0 });
          try {
            await withPage(async (page, complaints) => {
              // Opened after its end …
              await page.goto(`${server.url}runs/${ID}`);
              await shows(page, "#connection", "Run ended");
              await page.locator("#head .notice:visible", { hasText: "stopped by Ctrl-C" }).waitFor(WAIT);
              const more = { cell: "more", title: "One more" };
              const again = upTo(bodies, "cell.end", "seed");
              run.append([{ ...resume, plan: [...plan, more] }, ...bodies.slice(cut, again)]);
              await shows(page, "#connection", "Live");
              await shows(page, "#head .badge", "Running");
              await shows(page, "#cell-3 .badge", "Done");
              await shows(page, "#cell-10 h2", "One more");
              await page.locator("#head .notice:visible").waitFor({ ...WAIT, state: "detached" });
              // … and open at its end; the last time it is resumed and over before anybody looks.
              run.append([...bodies.slice(again)]);
              await shows(page, "#connection", "Run ended");
              await shows(page, "#results h2", "Results");
              run.append([{ ...resume, plan }, stop]);
              await shows(page, "#head .badge", "Stopped");
              await shows(page, "#connection", "Run ended");
              await shows(page, "#results h2", "Results so far");
              assert.deepEqual(complaints, []);
            });
          } finally {
            run.release();
            await server.close();
          }
        });
      });
    }),
  LOOSE,
);
