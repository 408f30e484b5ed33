// The curves of a sweep's trials in real Chromium, while trials end.
import assert from "node:assert/strict";
import { type SweepEventBody, sweepLine } from "../../../lib/run/sweep/log.ts";
import { serve } from "../../../lib/serve/mod.ts";
import { LOOSE, withPage } from "../../chromium.ts";
import { optionalTest } from "../../optional.ts";
import { demoBodies } from "../../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../../run/fake-run.ts";
import { fakeSweep, fakeTrialRun } from "../../run/sweep-log.ts";
import { eventually } from "../../steady.ts";
import { placesOn } from "../chart/chart-page.ts";

const ID = "20261122-101010-fake-sweep-aaaa";

optionalTest(
  "chromium",
  "the curves of trials keep a drag, their zoom and their metric when a trial ends",
  () =>
    withRunsFolder(async (runsFolder) => {
      const path = await fakeSweep(runsFolder, ID);
      for (const id of [1, 2, 3].map(fakeTrialRun)) {
        const run = fakeRun(runsFolder, id);
        run.append(demoBodies({ id, steps: 40 }));
        run.release();
      }
      const server = serve({ runsFolder, port: 0 });
      try {
        await withPage(async (page, complaints) => {
          await page.clock.install();
          await page.goto(`${server.url}sweeps/${ID}`);
          const chart = page.locator('section.chart[aria-label="Curves of trials"]');
          const trials = (...expected: string[]) =>
            eventually(async () => {
              const labels = await chart.locator(".chart-label").allInnerTexts();
              assert.deepEqual(labels.map((label) => label.match(/\d/)?.[0]), expected);
            });
          await chart.getByLabel("Metric").selectOption({ label: "lr" });
          await chart.locator(".chart-plot[aria-label*=' of 40; latest']").waitFor();
          await trials("3", "1", "2");

          const at = await placesOn(chart);
          await page.mouse.move(...at(0.25));
          await page.mouse.down();
          await page.mouse.move(...at(0.35), { steps: 4 });
          const end: SweepEventBody = {
            kind: "trial.end",
            trial: 2,
            run: fakeTrialRun(2),
            status: "done",
            seconds: 1,
            error: null,
            cells: { total: 2, cached: 2 },
            values: { bpb: 1.7 },
          };
          await Deno.writeTextFile(path, new TextDecoder().decode(sweepLine(end)), { append: true });
          await page.clock.fastForward(6_000);
          await page.locator(".facts", { hasText: "3 of 3 done" }).waitFor();
          const after = await placesOn(chart);
          await page.mouse.move(...after(0.4));
          await page.mouse.move(...after(0.5));
          await page.mouse.up();
          await trials("3", "2", "1");
          await chart.locator(".chart-plot[aria-label*='zoomed to step 10 to 20;']").waitFor();
          assert.equal(await chart.getByLabel("Metric").locator("option:checked").innerText(), "lr");
          assert.deepEqual(complaints, []);
        });
      } finally {
        await server.close();
      }
    }),
  LOOSE,
);
