// The trash in real Chromium: what was restored, and the way to it.
import { linkTo, trashRuns } from "../../../lib/run/mod.ts";
import { serve } from "../../../lib/serve/mod.ts";
import { LOOSE, withPage } from "../../chromium.ts";
import { optionalTest } from "../../optional.ts";
import { withRunsFolder } from "../../run/fake-run.ts";
import { variedId, writeVariedRuns } from "../../run/varied-runs.ts";

optionalTest("chromium", "the trash says what it has restored, and leads to it", async () => {
  await withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, 3);
    await trashRuns(runsFolder, [variedId(0), variedId(1)]);
    await trashRuns(runsFolder, [variedId(2)]);
    const server = serve({ runsFolder, port: 0, abilities: { edit: true, stop: false } });
    try {
      await withPage(async (page) => {
        await page.goto(linkTo(server.url, server.token));
        await page.goto(`${server.url}trash`);
        await page.getByRole("button", { name: "Restore", exact: true }).press("Enter");
        const one = page.getByRole("link", { name: variedId(2) });
        await one.and(page.locator(":focus")).waitFor();
        await page.getByRole("button", { name: "Restore all" }).press("Enter");
        await page.getByText("Restored 2 runs.").waitFor();
        await page.getByRole("heading", { name: "The trash is empty" }).waitFor();
        await one.click();
        await page.getByRole("heading", { name: "Run 2" }).waitFor();
      });
    } finally {
      await server.close();
    }
  });
}, LOOSE);
