// The page of a run that cannot be shown: it says why, and shows the run once it can.
import { join } from "node:path";
import { serve } from "../../../lib/serve/mod.ts";
import { LOOSE, withPage } from "../../chromium.ts";
import { optionalTest } from "../../optional.ts";
import { demoBodies } from "../../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../../run/fake-run.ts";
import { ID, shows, skipTo } from "./run-page.ts";

optionalTest("chromium", "the page of a run without a log, or with one that cannot be read, says so", async () => {
  await withRunsFolder(async (runsFolder) => {
    const lock = join(runsFolder, ID, "run.lock");
    await Deno.mkdir(join(runsFolder, ID));
    const server = serve({ runsFolder, port: 0 });
    try {
      await withPage(async (page) => {
        await page.clock.install();
        await page.goto(`${server.url}runs/${ID}`);
        await shows(page, "#main .notice", "This run has not begun: there is no log in its folder");
        await shows(page, "h1", ID);
        // A path that leads in a circle can be read by nobody.
        await Deno.writeTextFile(join(runsFolder, ID, "events.jsonl"), "");
        await Deno.symlink("run.lock", lock);
        await skipTo(page, "#main .notice", "Cannot read the run");
        await Deno.remove(lock);
        const run = fakeRun(runsFolder, ID);
        run.append(demoBodies({ id: ID, steps: 5 }));
        run.release();
        await skipTo(page, "#results h2", "Results");
      });
    } finally {
      await server.close();
    }
  });
}, LOOSE);
