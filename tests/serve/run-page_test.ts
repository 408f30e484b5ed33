// The page of a run in real Chromium: followed from its start to its end, whatever happens to its server meanwhile.
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import type { EventBody } from "../../lib/run/mod.ts";
import { serve, startServerWorker } from "../../lib/serve/mod.ts";
import { LOOSE, withBrowser } from "../chromium.ts";
import { optionalTest } from "../optional.ts";
import { demoBodies } from "../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../run/fake-run.ts";

const ID = "20261122-101010-bts-demo-aaaa";
const WAIT = { timeout: 20_000 };

/** The number of events up to one of this kind of a cell. */
function upTo(bodies: readonly EventBody[], kind: EventBody["kind"], cell: string, step?: number): number {
  return bodies.findIndex((body) =>
    body.kind === kind && "cell" in body && body.cell === cell &&
    (step === undefined || ("step" in body && body.step === step))
  ) + 1;
}

const text = async (page: Page, selector: string) => (await page.locator(selector).textContent() ?? "").trim();
const shows = (page: Page, selector: string, what: string) =>
  page.locator(selector, { hasText: what }).first().waitFor(WAIT);

optionalTest(
  "chromium",
  "the page of a run follows it, whatever happens to its server",
  (t) =>
    withBrowser(async (browser, withPage) => {
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
              assert.equal(await page.locator(".cell").count(), 9);
              assert.equal(await text(page, "#cell-1 .badge"), "Planned");

              writeTo(upTo(bodies, "cell.start", "tokenizer"));
              await shows(page, "#cell-1 .badge", "Done");
              await shows(page, "#cell-2 .badge", "Running");
              // The running cell stands on top; a finished one is its result in a line, which opens.
              assert.equal(await text(page, "main .cell >> nth=0 >> h2"), "Byte-level BPE");
              assert.equal(await text(page, "#cell-1 .summary"), "4 domains, 8,214 documents, 21.4 MB");
              assert.equal(await page.locator("#cell-1 table").count(), 0);
              await page.locator("#cell-1 summary").first().click();
              await page.locator("#cell-1 tbody tr").nth(3).waitFor(WAIT);
              assert.equal(await page.locator("#cell-1 tbody tr").count(), 4);

              writeTo(upTo(bodies, "metrics", "seed", 5));
              await shows(page, "#cell-2 .badge", "Cached");
              await shows(page, "#cell-3 .readings", "5 / 40");
              const element = await page.locator("#cell-3").elementHandle();
              await page.locator("#cell-3 canvas").waitFor(WAIT);
              assert.match(await text(page, "#cell-3 .readings"), /% of the limit of 5k/);
              await shows(page, "#head .facts", "Time left");
              const node = page.locator(".graph a", { hasText: "Seed" });
              assert.equal(await node.getAttribute("data-status"), "running");
              assert.equal(await page.locator(".graph a").count(), 9);

              // Step by step, as training writes.
              for (let step = 6; step <= 36; step++) {
                writeTo(upTo(bodies, "metrics", "seed", step));
                await new Promise((resolve) => setTimeout(resolve, 5));
              }
              await shows(page, "#cell-3 .readings", "36 / 40");
              assert.ok(await element!.evaluate((node) => node.isConnected), "the cell is updated, not built again");
              assert.equal(await page.locator("#results").isVisible(), false);
              assert.match(await page.title(), /^2\/9 · Demo run/);

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
              assert.equal(await table.locator("tbody tr").count(), 7);
              assert.match(await table.locator("tbody tr").last().innerText(), /^BTS\s+2\.220/);
              assert.deepEqual(
                await table.locator("td.best").allInnerTexts().then((all) =>
                  all.map((t) => t.replace(/\s*\(best\)/, ""))
                ),
                ["1.440", "1.020", "2.110", "1.758", "2.220"],
              );
              await page.locator("#figure-mean img").waitFor(WAIT);
              for (const image of await page.locator("#results img").all()) {
                assert.ok(
                  await image.evaluate((node) => (node as HTMLImageElement).naturalWidth > 100),
                  "a figure is drawn",
                );
              }
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
      await t.step("learns the end though its server closes at once, and then says how to see it again", async () => {
        await withRunsFolder(async (runsFolder) => {
          const run = fakeRun(runsFolder, ID);
          const bodies = demoBodies({ id: ID, steps: 40 });
          run.append(bodies.slice(0, 5));
          const server = await startServerWorker({ runsFolder, port: 0 });
          await withPage(async (page) => {
            await page.goto(`${server.url}runs/${ID}`);
            await shows(page, "#connection", "Live");
            assert.equal(await page.locator("#head .notice:visible").count(), 0);
            await Deno.writeTextFile(`${run.folder}/report.html`, "<h1>The report</h1>");
            run.append(bodies.slice(5));
            run.release();
            const closing = server.close();
            await shows(page, "#connection", "Run ended");
            await shows(page, "#results h2", "Results");
            await closing;
            await page.locator("#head .notice:visible", {
              hasText: `deno task serve --runs ${runsFolder} shows it again`,
            })
              .waitFor(WAIT);
            assert.equal(await text(page, "#connection"), "Run ended");
            assert.equal(await page.getByRole("link", { name: "Open the report" }).isVisible(), false);
          });
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
              assert.equal(await page.locator("#head .notice:visible").count(), 0);
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
      await t.step("says that its server has gone while the run was running", async () => {
        await withRunsFolder(async (runsFolder) => {
          const run = fakeRun(runsFolder, ID);
          run.append(demoBodies({ id: ID }).slice(0, 5));
          const server = serve({ runsFolder, port: 0 });
          await withPage(async (page) => {
            await page.goto(`${server.url}runs/${ID}`);
            await shows(page, "#connection", "Live");
            await server.close();
            await shows(page, "#connection", "Reconnecting");
            await page.locator("#head .notice:visible", { hasText: "has closed" }).waitFor({ timeout: 20_000 });
            assert.equal(await text(page, "#connection"), "Closed");
            const again = serve({ runsFolder, port: server.port });
            try {
              await shows(page, "#connection", "Live");
              assert.equal(await page.locator("#head .notice:visible").count(), 0);
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
              for (const page of hidden.slice(0, 3)) assert.equal(await text(page, "#connection"), "Live");
              run.append([{ kind: "run.end", status: "stopped", seconds: 1, error: "StopError: Stopped by Ctrl-C" }]);
              for (const page of hidden.slice(0, 3)) await shows(page, "#connection", "Run ended");
              await hidden[0]!.locator("#head .notice:visible", {
                hasText: "stopped by Ctrl-C; re-run the same command to resume",
              })
                .waitFor(
                  WAIT,
                );
              assert.equal(await hidden[0]!.locator(".error:visible").count(), 0);
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

optionalTest(
  "chromium",
  "the page of a run shows what its processes do, bad logs, and works by keyboard",
  (t) =>
    withBrowser(async (_, withPage) => {
      await t.step("shows console output as it comes, and finds lines in it", async () => {
        await withRunsFolder(async (runsFolder) => {
          const run = fakeRun(runsFolder, ID);
          run.append(demoBodies({ id: ID }).slice(0, 5));
          const print = (text: string) => Deno.writeTextFile(`${run.folder}/output.log`, text, { append: true });
          const lines = Array.from({ length: 400 }, (_, i) => `step ${i} <b>loss</b> ${i % 7}\n`).join("");
          await print(lines);
          const server = serve({ runsFolder, port: 0 });
          try {
            await withPage(async (page, complaints) => {
              await page.goto(`${server.url}runs/${ID}`);
              await page.getByText("Console output").click();
              await shows(page, ".console pre", "step 399 <b>loss</b> 0");
              const atEnd = () =>
                page.locator(".console pre").evaluate((box) =>
                  box.scrollTop + box.clientHeight >= box.scrollHeight - 30
                );
              await print("and one more line\n");
              await shows(page, ".console pre", "and one more line");
              assert.ok(await atEnd(), "it follows");
              // A reader who has scrolled back stays there.
              await page.locator(".console pre").evaluate((box) => box.scrollTop = 0);
              await page.waitForTimeout(100);
              await print("and another\n");
              await shows(page, ".console pre", "and another");
              assert.ok(!await atEnd(), "it does not jump");
              await page.getByLabel("Find in the console output").fill("LOSS</b> 3");
              await shows(page, ".console [role=status]", "57 lines");
              assert.equal(await page.locator(".console mark").count(), 57);
              assert.match(await text(page, ".console pre"), /^4 step 3 <b>loss<\/b> 3\n11 step 10/);
              assert.deepEqual(complaints, []);
            });
          } finally {
            run.release();
            await server.close();
          }
        });
      });

      await t.step("shows cores, memory and threads of the run's process", async () => {
        await withRunsFolder(async (runsFolder) => {
          const run = fakeRun(runsFolder, ID);
          run.append(demoBodies({ id: ID }).slice(0, 5));
          const sample = (cores: number, memory: number) =>
            JSON.stringify({ time: new Date().toISOString(), seconds: 5, cores, memory }) + "\n";
          await Deno.writeTextFile(`${run.folder}/usage.jsonl`, sample(1, 2e9) + sample(1.5, 1e9));
          const server = serve({ runsFolder, port: 0 });
          try {
            await withPage(async (page) => {
              await page.goto(`${server.url}runs/${ID}`);
              await shows(page, ".machine", "1.5 busy now, 1.3 on average");
              await shows(page, ".machine", "1.0 GB now, at most 2.0 GB");
              assert.equal(await page.locator(".machine polyline").count(), 2);
            });
          } finally {
            run.release();
            await server.close();
          }
        });
      });

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
