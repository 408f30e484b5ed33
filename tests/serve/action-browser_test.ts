// Changing runs from their pages, in a real browser.
import assert from "node:assert/strict";
import { join } from "node:path";
import { linkTo, readLabels, readRun, trashRuns } from "../../lib/run/mod.ts";
import { serve } from "../../lib/serve/mod.ts";
import { LOOSE, withPage } from "../chromium.ts";
import { optionalTest } from "../optional.ts";
import { spawnScript } from "../run/fixtures.ts";
import { demoBodies } from "../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../run/fake-run.ts";
import { clickTwice } from "../steady.ts";

const ID = "20261122-101010-bts-demo-aaaa";
const OTHER = "20261122-101010-bts-demo-bbbb";

optionalTest(
  "chromium",
  "a run is named, tagged, noted, found by its tag, removed and brought back from its page",
  () =>
    withRunsFolder(async (runsFolder) => {
      const run = fakeRun(runsFolder, ID);
      run.append(demoBodies({ id: ID, steps: 5 }));
      run.release();
      const server = serve({ runsFolder, port: 0 });
      try {
        await withPage(async (page, complaints) => {
          await page.goto(linkTo(`${server.url}runs/${ID}`, server.token));
          await page.getByText("Name, tags, notes").click();
          const fill = async (label: string, text: string) => {
            await page.getByLabel(label, { exact: true }).fill(text);
            await page.getByLabel(label, { exact: true }).press("Enter");
          };
          await fill("Name", "The <b>best</b>");
          await page.getByRole("heading", { name: "The <b>best</b>" }).waitFor();
          await fill("New tags", "good, kept");
          await page.locator(".tag", { hasText: "kept" }).waitFor();
          await page.getByLabel("Remove kept").click();
          await page.locator(".tag", { hasText: "kept" }).waitFor({ state: "detached" });
          await fill("New note", "<i>why</i>");
          await page.locator(".labels .notes", { hasText: "<i>why</i>" }).waitFor();
          const { name, tags, notes } = await readLabels(join(runsFolder, ID));
          assert.deepEqual([name, tags, notes.map(({ text }) => text)], ["The <b>best</b>", ["good"], ["<i>why</i>"]]);
          assert.deepEqual(complaints, []);
          await fill("New tags", "b@d");
          await page.locator(".field-error", { hasText: 'Cannot use the tag "b@d"' }).waitFor();

          await page.goto(server.url);
          await page.getByLabel("Filter").fill("good");
          await page.getByRole("link", { name: "The <b>best</b>" }).waitFor();
          await page.getByLabel("Filter").fill("bad");
          await page.getByRole("link", { name: "The <b>best</b>" }).waitFor({ state: "detached" });
          await page.getByRole("heading", { name: "No run matches" }).waitFor();
          for (const fits of ["seed 1", "seed:1", "tag:good", '"the <b>best</b>"']) {
            await page.getByLabel("Filter").fill(fits);
            await page.getByRole("link", { name: "The <b>best</b>" }).waitFor();
            await page.getByLabel("Filter").fill("seed 2");
            await page.getByRole("link", { name: "The <b>best</b>" }).waitFor({ state: "detached" });
          }
          await page.getByLabel("Filter").fill("");
          await page.getByRole("link", { name: "The <b>best</b>" }).click();
          await clickTwice(page, "Remove", "Remove this run?");
          await page.getByRole("heading", { name: "No runs yet" }).waitFor();
          assert.equal(await readRun(runsFolder, ID), undefined);
          await page.reload();
          await page.getByRole("button", { name: "Undo" }).click();
          await page.getByRole("link", { name: "The <b>best</b>" }).waitFor();
          await page.getByRole("button", { name: "Undo" }).waitFor({ state: "detached" });

          // Removed elsewhere while its page is open, which asks every few seconds.
          await page.clock.install();
          const trash = async (id: string) => {
            await trashRuns(runsFolder, [id]);
            await page.clock.fastForward(4_000);
          };
          const restore = async () => {
            const restored = page.waitForResponse("**/api/restore");
            await page.getByRole("button", { name: "Restore" }).click();
            await restored;
            await page.clock.fastForward(4_000);
            await page.locator("#head .badge", { hasText: "Done" }).waitFor();
          };
          await page.getByRole("link", { name: "The <b>best</b>" }).click();
          await page.locator("#head .badge", { hasText: "Done" }).waitFor();
          await trash(ID);
          await page.locator("#head .badge", { hasText: "Removed" }).waitFor();
          await page.waitForFunction(() => document.title.startsWith("Removed"));
          await page.locator(".notice:visible", { hasText: "deno task undo" }).waitFor();
          await page.getByRole("button", { name: "Remove", exact: true }).waitFor({ state: "detached" });
          await restore();

          // Another run removed after it: this one is still what its page restores.
          const other = fakeRun(runsFolder, OTHER);
          other.append(demoBodies({ id: OTHER, steps: 5 }));
          other.release();
          await trashRuns(runsFolder, [ID]);
          await trash(OTHER);
          await page.locator(".notice:visible", { hasText: "in the trash" }).waitFor();
          await page.locator(".notice:visible", { hasText: "deno task undo" }).waitFor({ state: "detached" });
          await restore();
          assert.equal(await readRun(runsFolder, OTHER), undefined);

          // Deleted by other means.
          await Deno.remove(join(runsFolder, ID), { recursive: true });
          await page.clock.fastForward(4_000);
          await page.locator(".notice:visible", { hasText: "folder was deleted" }).waitFor();
        });
      } finally {
        await server.close();
      }
    }),
  LOOSE,
);

optionalTest(
  "chromium",
  "a run of another process is stopped from its page, after a second click",
  () =>
    withRunsFolder(async (runsFolder) => {
      const child = spawnScript(`
      import { runMain, stopSignal, withRun } from "./lib/run/mod.ts";
      import { options } from "./tests/run/fixtures.ts";
      await runMain(() => withRun(options(${JSON.stringify(runsFolder)}, { signal: stopSignal() }), async (run) => {
        console.log(run.id);
        await new Promise((_, reject) => {
          const timer = setInterval(() => {}, 1000);
          run.signal.addEventListener("abort", () => { clearInterval(timer); reject(run.signal.reason); });
        });
      }));`);
      const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
      const id = (await reader.read()).value!.trim();
      const server = serve({ runsFolder, port: 0 });
      try {
        await withPage(async (page) => {
          await page.goto(linkTo(`${server.url}runs/${id}`, server.token));
          const isRunning = async () => assert.equal((await readRun(runsFolder, id))!.status, "running");
          await clickTwice(page, "Stop", "Stop this run?", isRunning);
          await page.locator("#head .badge", { hasText: "Stopped" }).waitFor();
          await page.getByRole("button", { name: "Stop" }).waitFor({ state: "detached" });
        });
        assert.equal((await child.status).code, 143);
      } finally {
        await server.close();
        await reader.cancel();
        await child.stderr.cancel();
      }
    }),
  LOOSE,
);
