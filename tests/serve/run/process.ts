// What the page of a run shows of its processes, in real Chromium: what they print, and what they take.
import assert from "node:assert/strict";
import { serve } from "../../../lib/serve/mod.ts";
import { LOOSE, withBrowser } from "../../chromium.ts";
import { optionalTest } from "../../optional.ts";
import { demoBodies } from "../../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../../run/fake-run.ts";
import { drawn, eventually } from "../../steady.ts";
import { ID, shows } from "./run-page.ts";

optionalTest(
  "chromium",
  "the page of a run shows what its processes do",
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
              await eventually(async () => assert.ok(await atEnd(), "it follows"));
              // A reader who has scrolled back stays there, as soon as the page has heard of it.
              await page.locator(".console pre").evaluate((box) =>
                new Promise((resolve) => {
                  box.addEventListener("scroll", resolve, { once: true });
                  box.scrollTop = 0;
                })
              );
              await print("and another\n");
              await shows(page, ".console pre", "and another");
              await drawn(page);
              assert.ok(!await atEnd(), "it does not jump");
              await page.getByLabel("Find in the console output").fill("LOSS</b> 3");
              await shows(page, ".console [role=status]", "57 lines");
              await eventually(async () => {
                assert.equal(await page.locator(".console mark").count(), 57);
                const found = await page.locator(".console pre").textContent();
                assert.match(found!.trim(), /^4 step 3 <b>loss<\/b> 3\n11 step 10/);
              });
              assert.deepEqual(complaints, []);
            });
          } finally {
            run.release();
            await server.close();
          }
        });
      });

      await t.step("asks for no more output once the run is over", async () => {
        await withRunsFolder(async (runsFolder) => {
          const run = fakeRun(runsFolder, ID);
          const bodies = demoBodies({ id: ID, steps: 60 });
          run.append(bodies.slice(0, 5));
          await Deno.writeTextFile(`${run.folder}/output.log`, "one line\n");
          const server = serve({ runsFolder, port: 0 });
          try {
            await withPage(async (page) => {
              const asked: string[] = [];
              page.on("request", (request) => {
                if (request.url().includes("/console")) asked.push(request.url());
              });
              // What the page waits for passes at once, and what it asks for then is on its way.
              const pass = async () => {
                await page.clock.fastForward(5_000);
                await page.evaluate("fetch('/healthz').then((answer) => answer.text())");
              };
              await page.clock.install();
              await page.goto(`${server.url}runs/${ID}`);
              await shows(page, "#head .badge", "Running");
              // It is opened while the page is drawn again and again.
              const training = (async () => {
                for (const body of bodies.slice(5, -1)) {
                  run.append([body]);
                  await new Promise((resolve) => setTimeout(resolve, 5));
                }
              })();
              for (let times = 0; times < 5; times++) await page.locator(".console > summary").click();
              const find = page.getByLabel("Find in the console output");
              await find.fill("line");
              await page.locator(".console mark").first().waitFor();
              await find.fill("");
              await shows(page, ".console pre", "one line");
              await training;
              asked.length = 0;
              for (let time = 0; time < 100 && asked.length === 0; time++) await pass();
              assert.notDeepEqual(asked, [], "it asks while the run is running");
              run.append(bodies.slice(-1));
              run.release();
              await shows(page, "#head .badge", "Done");
              for (let time = 0; time < 2; time++) await pass();
              asked.length = 0;
              for (let time = 0; time < 3; time++) await pass();
              assert.deepEqual(asked, []);
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
              await eventually(async () => assert.equal(await page.locator(".machine polyline").count(), 2));
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
