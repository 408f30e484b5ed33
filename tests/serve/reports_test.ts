// The list of reports, and the links to them from the runs that they are about.
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { addLabel, writeAboutReport } from "../../lib/run/mod.ts";
import { createApp } from "../../lib/serve/mod.ts";
import { reportListResponseSchema, runResponseSchema } from "../../lib/serve/schemas.ts";
import { demoBodies } from "../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../run/fake-run.ts";
import { fakeSweep } from "../run/sweep-log.ts";

const RUN = "20261122-101010-bts-demo-aaaa";
const SWEEP = "20261122-101010-fake-sweep-aaaa";
const SEEDS = "bts-demo-seeds-1-2";
const HOSTILE = `"><img src=x onerror=alert(1)>`;

type Ask = (path: string) => Promise<Response>;

/** An app over a run, a sweep, and a report on the run and another. */
async function withReports(body: (ask: Ask, runsFolder: string) => Promise<void>): Promise<void> {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, RUN);
    run.append(demoBodies({ id: RUN, steps: 5 }));
    run.release();
    await fakeSweep(runsFolder, SWEEP, HOSTILE);
    const folder = join(runsFolder, "reports", SEEDS);
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(join(folder, "report.html"), "<h1>Seeds</h1>");
    await writeAboutReport(folder, { title: HOSTILE, runs: [RUN, "20261122-101010-bts-demo-bbbb"] });
    const app = createApp({ runsFolder });
    await body(
      async (path) => await app.fetch(new Request(`http://localhost${path}`, { headers: { host: "localhost" } })),
      runsFolder,
    );
  });
}

/** Where the links of a page lead. */
async function linksOf(response: Response): Promise<string[]> {
  assert.equal(response.status, 200);
  const { document } = parseHTML(await response.text());
  assert.equal(document.querySelectorAll("main img[src=x]").length, 0, "markup stays text");
  return [...document.querySelectorAll("main a")].map((link) => link.getAttribute("href")!);
}

Deno.test("`/reports` leads to every report and page of gates that is there, and to nothing else", () =>
  withReports(async (ask, runsFolder) => {
    const compare = `/compare?run=${RUN}&run=20261122-101010-bts-demo-bbbb`;
    assert.deepEqual(await linksOf(await ask("/reports")), [`/api/reports/${SEEDS}`, compare]);
    await Deno.writeTextFile(join(runsFolder, RUN, "gates.html"), "");
    await Deno.writeTextFile(join(runsFolder, "sweeps", SWEEP, "report.html"), "");
    assert.deepEqual(await linksOf(await ask("/reports")), [
      `/api/reports/${SEEDS}`,
      compare,
      `/api/sweeps/${SWEEP}/report`,
      `/sweeps/${SWEEP}`,
      `/runs/${RUN}`,
      `/api/runs/${RUN}/gates`,
    ]);
    const odd = await (await ask("/reports?offset=x&filter=nosuch:1")).text();
    assert.match(odd, /Cannot begin at row &quot;x&quot;/);
    assert.match(odd, /No run has &quot;nosuch&quot;/);
  }));

Deno.test("a report on several runs is served in a sandbox, and its list says which runs", () =>
  withReports(async (ask) => {
    const { reports } = reportListResponseSchema.parse(await (await ask("/api/reports")).json());
    assert.deepEqual(reports.map(({ name, title, runs }) => [name, title, runs.length]), [[SEEDS, HOSTILE, 2]]);
    const report = await ask(`/api/reports/${SEEDS}`);
    assert.equal(await report.text(), "<h1>Seeds</h1>");
    assert.match(report.headers.get("content-security-policy")!, /sandbox/);
  }));

Deno.test("a run leads to the reports that it is in and to its sweep, with and without JavaScript", () =>
  withReports(async (ask, runsFolder) => {
    const shown = async () => runResponseSchema.parse(await (await ask(`/api/runs/${RUN}`)).json());
    assert.deepEqual((await shown()).sweep, null);
    const tag = (add: string) => addLabel(join(runsFolder, RUN), { kind: "tags", add: [add], remove: [] });
    tag("sweep:../x");
    assert.deepEqual((await shown()).sweep, null, "a tag that names no sweep");
    addLabel(join(runsFolder, RUN), { kind: "tags", add: [], remove: ["sweep:../x"] });
    tag(`sweep:${SWEEP}`);
    const { sweep, reports } = await shown();
    assert.deepEqual([sweep, reports], [SWEEP, [{ name: SEEDS, title: HOSTILE }]]);
    const links = await linksOf(await ask(`/runs/${RUN}/plain`));
    for (const there of [`/sweeps/${SWEEP}`, `/api/reports/${SEEDS}`]) assert.ok(links.includes(there), there);
  }));
