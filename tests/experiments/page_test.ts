// The main job watched in a real browser, from its first cell to its report.
import assert from "node:assert/strict";
import { repositoryRoot, runIds } from "../../lib/run/mod.ts";
import { serve } from "../../lib/serve/mod.ts";
import { LOOSE, withPage } from "../chromium.ts";
import { firstMatch } from "../first-match.ts";
import { optionalTest } from "../optional.ts";

const WAIT = { timeout: 60_000 };

optionalTest(
  "chromium",
  "the main job's own page follows it, and `serve` shows it with its report afterwards",
  async () => {
    const runs = await Deno.makeTempDir({ prefix: "stitchbook-page-" });
    const start = () =>
      new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "-A",
          "experiments/bts.ts",
          "--preset",
          "smoke",
          "--set",
          "train.seed.steps=500",
          "--set",
          "train.validationBatches=0",
          "--set",
          "eval.tokens=64",
          "--set",
          "eval.items=2",
          "--runs",
          runs,
          "--port",
          "0",
        ],
        cwd: repositoryRoot,
        env: { NO_COLOR: "1" },
        stdin: "null",
        stdout: "null",
        stderr: "piped",
      }).spawn();
    try {
      // The browser is there first, and the job takes longer than the page needs to load.
      await withPage(async (page, complaints) => {
        const job = start();
        await page.goto(await firstMatch(job.stderr, /http:\/\/127\.0\.0\.1:\d+\/runs\/\S+/));
        await page.locator(".badge", { hasText: "Running" }).first().waitFor(WAIT);
        await page.locator(".cell canvas").first().waitFor(WAIT);
        assert.deepEqual(complaints, []);
        assert.equal((await job.status).code, 0);
      });
      const [id] = await runIds(runs);
      const server = serve({ runsFolder: runs, port: 0 });
      try {
        await withPage(async (page, complaints, browser) => {
          await page.goto(`${server.url}runs/${id}`);
          await page.locator("#results summary").first().click(WAIT);
          await page.locator("#results tbody tr").first().waitFor(WAIT);
          assert.equal(await page.locator("#results table").first().locator("tbody tr").count(), 7);
          assert.equal(await page.locator(".cell").count(), 9);
          await page.locator(".curves canvas").first().waitFor(WAIT);
          const report = await browser.newPage();
          await report.goto(`${server.url}api/runs/${id}/report`);
          assert.match(await report.locator("body").innerText(), /What this run shows/);
          assert.deepEqual(complaints, []);
        });
      } finally {
        await server.close();
      }
    } finally {
      await Deno.remove(runs, { recursive: true });
    }
  },
  LOOSE,
);
