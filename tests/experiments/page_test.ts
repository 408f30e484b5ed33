// The main job watched in a real browser as a person would: from the link in the terminal to the report, and after that
// until Ctrl-C.
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { repositoryRoot, runIds, shellLine } from "../../lib/run/mod.ts";
import { serve } from "../../lib/serve/mod.ts";
import { LOOSE, WAIT, withPage } from "../chromium.ts";
import { firstMatch } from "../first-match.ts";
import { optionalTest } from "../optional.ts";
import { eventually } from "../steady.ts";

/** How long the job may take. */
const JOB = { timeout: 600_000 };
/** A page stays open only for a job in a terminal; util-linux has a program that makes one. */
const IN_TERMINAL = Deno.build.os === "linux";

/** Starts the job: in place of the shell, which Ctrl-C would end as well. */
function start(runs: string): Deno.ChildProcess {
  const settings = ["train.seed.steps=500", "train.validationBatches=0", "eval.tokens=64", "eval.items=2"];
  const job = [
    ...[Deno.execPath(), "run", "-A", "experiments/bts.ts", "--preset", "smoke"],
    ...settings.flatMap((one) => ["--set", one]),
    ...["--runs", runs, "--port", "0"],
  ];
  const command = IN_TERMINAL
    ? ["script", "--quiet", "--flush", "--return", "--command", `exec ${shellLine(job)}`, "/dev/null"]
    : job;
  return new Deno.Command(command[0]!, {
    args: command.slice(1),
    cwd: repositoryRoot,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: IN_TERMINAL ? "piped" : "null",
    stderr: IN_TERMINAL ? "null" : "piped",
  }).spawn();
}

const shows = (page: Page, selector: string, text: string | RegExp) =>
  page.locator(selector, { hasText: text }).first().waitFor(WAIT);

optionalTest(
  "chromium",
  "the main job's own page follows it to its end and its report, and `serve` shows it afterwards",
  async () => {
    const runs = await Deno.makeTempDir({ prefix: "stitchbook-page-" });
    try {
      // The browser is there first, and the job takes longer than the page needs to load.
      await withPage(async (page, complaints) => {
        const job = start(runs);
        const said = IN_TERMINAL ? job.stdout : job.stderr;
        let output = "";
        const link = /http:\/\/127\.0\.0\.1:\d+\/runs\/[\w-]+\?token=[\w-]+/;
        await page.goto(await firstMatch(said, link, (text) => output += text));
        assert.ok(!page.url().includes("token"), page.url());
        await shows(page, "#head .badge", "Running");
        await shows(page, "#connection", "Live");
        await page.getByRole("button", { name: "Stop", exact: true }).waitFor(WAIT);
        await shows(page, "#head .facts", "Time left");
        await page.locator(".cell[data-status=running] canvas").first().waitFor(WAIT);
        await page.locator("#head .badge", { hasText: "Done" }).waitFor(JOB);
        await shows(page, "#connection", "Run ended");
        await page.locator("#results img").first().waitFor(WAIT);
        const toReport = page.getByRole("link", { name: "Open the report" });
        const [report] = await Promise.all([page.waitForEvent("popup"), toReport.click(WAIT)]);
        await shows(report, "h2", "What this run shows");
        const stdin = job.stdin.getWriter();
        if (IN_TERMINAL) {
          await page.reload();
          await page.getByText("Name, tags, notes").click(WAIT);
          await page.getByLabel("New note").fill("seen to its end");
          await page.getByLabel("New note").press("Enter");
          await shows(page, ".labels .notes", "seen to its end");
          assert.deepEqual(complaints, []);
          await stdin.write(new TextEncoder().encode("\x03"));
          await shows(page, "#head .notice", "server has closed");
        }
        await stdin.close().catch(() => {});
        assert.equal((await job.status).code, 0, output);
      });
      const [id] = await runIds(runs);
      const server = serve({ runsFolder: runs, port: 0 });
      try {
        await withPage(async (page, complaints, browser) => {
          await page.goto(`${server.url}runs/${id}`);
          await page.locator("#results summary").first().click(WAIT);
          await eventually(async () => {
            assert.equal(await page.locator("#results table").first().locator("tbody tr").count(), 7);
            assert.equal(await page.locator(".cell").count(), 9);
          });
          await page.locator(".curves canvas").first().waitFor(WAIT);
          const report = await browser.newPage();
          await report.goto(`${server.url}api/runs/${id}/report`);
          await shows(report, "h2", "What this run shows");
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
