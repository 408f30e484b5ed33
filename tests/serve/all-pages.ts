// A runs folder in which every page of the viewer has something to show, and those pages in the states that people
// bring them into: for tests that walk over all of them.
import assert from "node:assert/strict";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { isApiPath } from "../../lib/api/mod.ts";
import { reportHtml, tokenGatesHtml, writeSeedsReport, writeSweepReport } from "../../lib/report/mod.ts";
import { addLabel, captureProvenance, linkTo, readRun, readSweep, trashRuns } from "../../lib/run/mod.ts";
import { serve } from "../../lib/serve/mod.ts";
import { withStitchedApi } from "../api/stitched-api.ts";
import { gateTrace } from "../report/gate-trace.ts";
import { demoBodies } from "../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../run/fake-run.ts";
import { variedSweep, variedTrialRun } from "../run/sweep-log.ts";
import { variedId, writeVariedRuns } from "../run/varied-runs.ts";

const DONE = "20261122-101010-bts-demo-aaaa";
const RUNNING = "20261123-101010-bts-demo-bbbb";
const FAILED = "20261124-101010-bts-demo-cccc";
const SWEEP = "20261122-101110-bts-sweep-aaaa";
const SEEDS = "bts-demo-seeds-1-2";

/** A page in some state. */
export interface PageState {
  readonly name: string;
  /** Below the server's address. */
  readonly path: string;
  /** What is there once the page shows everything. */
  readonly ready: string;
  /** What a person does then. */
  readonly act?: (page: Page) => Promise<void>;
  /** Whether it must stay in front of all other pages. */
  readonly inFront?: true;
}

/** In the page: clicks on all that can be opened, until nothing more appears that can. */
const OPEN_ALL = `(async () => {
  const closed = () => [...document.querySelectorAll("details:not([open]) > summary")].filter((one) => one.checkVisibility());
  for (let round = 0; round < 20 && closed().length > 0; round++) {
    for (const summary of closed()) summary.click();
    for (let frame = 0; frame < 2; frame++) await new Promise((resolve) => requestAnimationFrame(resolve));
  }
  return closed().length;
})()`;

/** Opens all that can be opened. */
async function openAll(page: Page): Promise<void> {
  assert.equal(await page.evaluate(OPEN_ALL), 0, "closed");
}

const run = (id: string) => `runs/${id}`;

/** All pages. Those of reports have no scripts. */
export const PAGES: readonly PageState[] = [
  {
    name: "table of runs",
    path: "?filter=nosuch:1",
    ready: ".problems",
    async act(page) {
      await page.getByLabel(/^Select all/).check();
      await page.locator(".undo").waitFor();
      await openAll(page);
      await page.getByLabel("Filter").fill("model.w");
      await page.getByRole("option").first().waitFor();
    },
  },
  {
    name: "groups of runs",
    path: "?group=seeds",
    ready: "tr.group",
    act: (page) => page.locator("tr.group a").first().click(),
  },
  { name: "no run", path: "?filter=none", ready: ".empty" },
  {
    name: "finished run",
    path: run(DONE),
    ready: "#results img",
    async act(page) {
      await openAll(page);
      await page.getByLabel("Find in the console output").fill("step 1");
      await page.locator(".console mark").first().waitFor();
      await page.locator(".made").waitFor();
    },
  },
  { name: "running run", path: run(RUNNING), ready: ".cell canvas", act: openAll },
  { name: "failed run", path: run(FAILED), ready: "#head .error", act: openAll },
  { name: "run without JavaScript", path: `${run(DONE)}/plain`, ready: "#main" },
  {
    name: "chart in full screen",
    path: run(DONE),
    ready: ".curves canvas",
    inFront: true, // nothing that is behind another page may fill the screen
    async act(page) {
      await page.locator(".curves").getByRole("button", { name: "Full screen" }).click();
      await page.locator(".chart:fullscreen canvas").waitFor();
      await page.locator(".chart:fullscreen").getByText("Download").click();
    },
  },
  {
    name: "prompt box",
    path: run(DONE),
    ready: ".prompt form",
    async act(page) {
      const box = page.locator(".prompt");
      await box.getByLabel("Prompt").fill("let x");
      await box.getByLabel("Length").fill("4");
      await box.getByRole("button", { name: "Ask", exact: true }).click();
      await box.getByRole("button", { name: "Show the gates" }).click();
      await box.getByRole("application").focus();
      await page.keyboard.press("ArrowRight");
      await box.getByRole("button", { name: "Ask", exact: true }).waitFor();
    },
  },
  { name: "comparison", path: `compare?run=${variedId(0)}&run=${variedId(1)}&run=${DONE}`, ready: "table" },
  {
    name: "sweep",
    path: `sweeps/${SWEEP}`,
    ready: "#trials tbody tr",
    async act(page) {
      await page.locator(".chart canvas").waitFor();
      await page.getByRole("slider", { name: "Select trials by bpb" }).focus();
      await page.keyboard.press("ArrowDown");
      await page.locator("#trials caption", { hasText: "selected" }).waitFor();
      await openAll(page);
    },
  },
  { name: "trash", path: "trash", ready: ".removal button" },
  { name: "reports", path: "reports", ready: "#main" },
  { name: "report of a run", path: `api/runs/${DONE}/report`, ready: "main" },
  { name: "report over seeds", path: `api/reports/${SEEDS}`, ready: "main" },
  { name: "report of a sweep", path: `api/sweeps/${SWEEP}/report`, ready: "main" },
  { name: "gates of tokens", path: `api/runs/${DONE}/gates`, ready: "main" },
  { name: "sign in", path: "sign-in?token=wrong", ready: "#token" },
  { name: "nothing", path: "nowhere", ready: "#main" },
];

/** Tabs that are open at once: each has a process of its own. */
const AT_ONCE = 3;

/**
 * Brings each of {@linkcode PAGES} into its state, and hands it to `visit`, each as a step of the test: in a few tabs at a
 * time, and then those that must be in front in the only tab, as each new one comes to the front. A tab shows one page after
 * the other, as starting a process for each takes longer than many a page does; only a page that fails takes its tab along.
 */
export async function eachPage(
  t: Deno.TestContext,
  context: Pick<BrowserContext, "newPage">,
  address: string,
  visit: (page: Page, state: PageState) => Promise<void>,
): Promise<void> {
  const walk = async (left: PageState[]) => {
    let page: Page | undefined;
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const state = next, tab = page ??= await context.newPage();
      const { name, path, ready, act } = state;
      // Steps run side by side only without any of the sanitizers.
      const options = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };
      const succeeds = await t.step({
        name,
        ...options,
        async fn() {
          await tab.goto(address + path);
          await tab.locator(ready).first().waitFor();
          await act?.(tab);
          await visit(tab, state);
        },
      });
      if (succeeds) continue;
      await tab.close();
      page = undefined;
    }
    await page?.close();
  };
  const { behind = [], inFront = [] } = Object.groupBy(PAGES, ({ inFront }) => inFront ? "inFront" : "behind");
  await Promise.all(Array.from({ length: AT_ONCE }, () => walk(behind)));
  await walk(inFront);
}

/** Serves the folder of {@linkcode PAGES} to `body`, with models. @param link signs in, and leads to the table of runs */
export async function withAllPages(body: (address: string, link: string) => Promise<void>): Promise<void> {
  await withRunsFolder((runsFolder) =>
    withStitchedApi(DONE, async (api) => {
      const end = await writeAll(runsFolder);
      const beside = { takes: isApiPath, fetch: async (request: Request) => await api.fetch(request) };
      const server = serve({ runsFolder, port: 0, beside, abilities: { edit: true, stop: true } });
      try {
        await body(server.url, linkTo(server.url, server.token));
      } finally {
        end();
        await server.close();
      }
    })
  );
}

/** Writes everything. @returns ends the run that is running */
async function writeAll(runsFolder: string): Promise<() => void> {
  writeVariedRuns(runsFolder, 6);
  const done = fakeRun(runsFolder, DONE);
  done.append(demoBodies({ id: DONE, steps: 40 }), new Date(Date.now() - 600_000), 100);
  done.release();
  addLabel(done.folder, { kind: "tags", add: ["good", `sweep:${SWEEP}`], remove: [] });
  addLabel(done.folder, { kind: "note", text: "a note" });
  await Deno.writeTextFile(
    join(done.folder, "output.log"),
    Array.from({ length: 60 }, (_, i) => `step ${i}\n`).join(""),
  );
  const sample = (cores: number) => JSON.stringify({ time: new Date().toISOString(), seconds: 5, cores, memory: 1e9 });
  await Deno.writeTextFile(join(done.folder, "usage.jsonl"), `${sample(1)}\n${sample(1.7)}\n`);
  const device = { name: "cpu", description: "CPU, 2 threads", numerics: "relaxed SIMD", threads: 2 } as const;
  await captureProvenance(done.folder, { sources: { "model.width": "set" }, configFile: undefined, device });
  const running = fakeRun(runsFolder, RUNNING);
  const bodies = demoBodies({ id: RUNNING, steps: 40 });
  running.append(bodies.slice(0, 24), new Date(Date.now() - 5_000), 100);
  const failed = fakeRun(runsFolder, FAILED);
  failed.append([
    ...demoBodies({ id: FAILED, title: " " }).slice(0, 12),
    { kind: "note", cell: "seed", level: "warning", text: "The loss jumped" },
    { kind: "cell.end", cell: "seed", status: "failed", seconds: 1, summary: "" },
    { kind: "run.end", status: "failed", seconds: 1, error: "The loss became NaN" },
  ]);
  failed.raw("{not json\n");
  failed.release();
  await variedSweep(runsFolder, SWEEP);
  for (const trial of [1, 2, 3]) {
    const run = fakeRun(runsFolder, variedTrialRun(trial));
    run.append(demoBodies({ id: variedTrialRun(trial), steps: 20, title: `Trial ${trial}` }));
    run.release();
  }
  const view = (await readRun(runsFolder, DONE))!;
  await Deno.writeTextFile(join(done.folder, "report.html"), reportHtml(view));
  await Deno.writeTextFile(join(done.folder, "gates.html"), tokenGatesHtml(gateTrace));
  const other = (await readRun(runsFolder, variedTrialRun(1)))!;
  await writeSeedsReport(
    join(runsFolder, "reports", SEEDS),
    [view, { ...other, seed: 2 }],
    "deno task bts --seeds 1,2",
  );
  await writeSweepReport(join(runsFolder, "sweeps", SWEEP), (await readSweep(runsFolder, SWEEP))!);
  const removed = fakeRun(runsFolder, "20261120-101010-bts-demo-dddd");
  removed.append(demoBodies({ id: removed.id, steps: 5 }));
  removed.release();
  await trashRuns(runsFolder, [removed.id]);
  return () => running.release();
}
