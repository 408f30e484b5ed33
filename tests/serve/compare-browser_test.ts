// Comparing runs in real Chromium: from the table of runs to curves, paired differences and the lines that differ.
import assert from "node:assert/strict";
import { serve } from "../../lib/serve/mod.ts";
import { LOOSE, withPage } from "../chromium.ts";
import { optionalTest } from "../optional.ts";
import { withRunsFolder } from "../run/fake-run.ts";
import { writeScoredRun } from "../run/scored-runs.ts";
import { eventually } from "../steady.ts";

const [A, B] = ["20261122-101010-bts-demo-aaaa", "20261122-101011-bts-demo-bbbb"];

optionalTest("chromium", "two runs are selected and compared", async (t) => {
  await withRunsFolder(async (runsFolder) => {
    await writeScoredRun(runsFolder, { id: A, title: "First", output: "start\nloss 3.2\n" });
    const second = { seed: 2, worse: { seed: 0.2, bts: 0.05 }, output: "start\nloss 3.1\n" };
    await writeScoredRun(runsFolder, { id: B, title: "Second", ...second });
    const server = serve({ runsFolder, port: 0 });
    try {
      await withPage(async (page, complaints) => {
        const address = () => new URL(page.url());

        await t.step("from the table of runs to overlaid curves, with what differs in the legend", async () => {
          await page.goto(server.url);
          // Select by keyboard alone.
          await page.getByLabel("Select First").focus();
          await page.keyboard.press("Space");
          await page.getByLabel("Select Second").focus();
          await page.keyboard.press("Space");
          await page.getByRole("link", { name: "Compare" }).focus();
          await page.keyboard.press("Enter");
          await page.getByRole("heading", { name: "Compare 2 runs" }).waitFor();
          assert.deepEqual(address().searchParams.getAll("run"), [A, B]);
          const legend = page.locator(".chart-curve .chart-label");
          const labels = ["seed 1 · loss", "seed 1 · validation", "seed 2 · loss", "seed 2 · validation"];
          await eventually(async () => assert.deepEqual(await legend.allInnerTexts(), labels));
          await page.locator("#curves canvas").waitFor();
        });

        await t.step("shows paired differences, and the lines that differ", async () => {
          const cell = page.locator('tr[data-measure="bts/bpb/mean"] td').nth(1);
          assert.match(await cell.innerText(), /\+0\.0721 \(\+0\.0\d+ to \+0\.0\d+\) paired, worse/);
          assert.equal(await page.locator(".line-diff del").innerText(), "− loss 3.2\n");
          assert.equal(await page.locator(".line-diff ins").innerText(), "+ loss 3.1\n");
        });

        await t.step("keeps what is chosen of the chart in the address", async () => {
          await page.locator("#curves select").first().selectOption({ label: "lr" });
          await page.waitForFunction(() => location.search.includes("metric=lr"));
          await page.getByLabel("log", { exact: true }).check();
          await page.reload();
          await page.locator(".chart-plot[aria-label*='logarithmic']").waitFor();
          assert.deepEqual(address().searchParams.getAll("metric"), ["lr"]);
          await page.getByRole("link", { name: "Ignore numbers" }).click();
          await page.getByText("The texts do not differ.").waitFor();
          assert.deepEqual(address().searchParams.getAll("metric"), ["lr"]);
        });

        await t.step("names a run that is removed while the page is open", async () => {
          await Deno.rename(`${runsFolder}/${B}`, `${runsFolder}-${B}`);
          await page.locator("#curves select").first().selectOption({ label: "grad norm" });
          await page.locator(".chart-notes", { hasText: `No longer available: ${B}` }).waitFor();
          await page.reload();
          await page.locator(".problems", { hasText: `There is no run "${B}"` }).waitFor();
          await Deno.rename(`${runsFolder}-${B}`, `${runsFolder}/${B}`);
        });

        await t.step("from a run's page to its cells", async () => {
          await page.goto(`${server.url}runs/${A}`);
          await page.getByRole("link", { name: "Compare cells" }).click();
          await page.getByLabel("Expert for math").uncheck();
          await page.getByRole("button", { name: "Compare" }).click();
          await page.getByRole("heading", { name: "Compare 4 cells of First" }).waitFor();
          await page.locator(".chart-curve", { hasText: "Train the stitches · loss" }).waitFor();
        });

        await t.step("fits a phone, light and dark", async () => {
          for (const colorScheme of ["light", "dark"] as const) {
            await page.emulateMedia({ colorScheme });
            await page.setViewportSize({ width: 390, height: 780 });
            await page.goto(`${server.url}compare?run=${A}&run=${B}`);
            await page.locator("#curves canvas").waitFor();
            await page.waitForFunction("document.documentElement.scrollWidth <= innerWidth");
          }
          assert.deepEqual(complaints, []);
        });
      });
    } finally {
      await server.close();
    }
  });
}, LOOSE);
