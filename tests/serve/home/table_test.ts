// Long texts in the table of runs: what tells two apart is seen, and the whole text can be had.
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { addLabel } from "../../../lib/run/mod.ts";
import { parseTableView } from "../../../lib/run/view/mod.ts";
import { RunTable } from "../../../lib/serve/client/home/table.tsx";
import { createApp } from "../../../lib/serve/mod.ts";
import { withRunsFolder } from "../../run/fake-run.ts";
import { variedId, writeVariedRuns } from "../../run/varied-runs.ts";

const SWEEPS = ["k3f9", "m2x7"].map((end) => `sweep:20261122-101110-bts-smoke-rates-and-counts-${end}`);
const TITLES = ["4", "8"].map((count) => `A comparison of many different rates and then some, with ${count} stitches`);

async function tableOf(runsFolder: string, query = ""): Promise<Element[]> {
  const app = createApp({ runsFolder });
  const page = await app.fetch(new Request(`http://localhost/${query}`, { headers: { host: "localhost" } }));
  const { document } = parseHTML(await page.text());
  return [...document.querySelectorAll(".run-table tbody tr")];
}

/** What is seen of an element, and what a screen reader says. */
function readings(element: Element): { readonly seen: string; readonly said: string } {
  const without = (selector: string) => {
    const copy = element.cloneNode(true) as Element;
    for (const part of copy.querySelectorAll(selector)) part.remove();
    return copy.textContent!.trim();
  };
  return { seen: without(".visually-hidden"), said: without('[aria-hidden="true"]') };
}

Deno.test("tags of sweeps, titles and settings that begin alike are told apart in their columns", () =>
  withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, 2);
    for (const i of [0, 1]) {
      const folder = join(runsFolder, variedId(i));
      addLabel(folder, { kind: "tags", add: ["good", SWEEPS[i]!], remove: [] });
      addLabel(folder, { kind: "name", name: TITLES[i]! });
    }
    const rows = await tableOf(runsFolder, "?sort=seed&columns=tags");
    const titles = rows.map((row) => readings(row.querySelector("th")!));
    assert.deepEqual(titles.map(({ said }) => said), TITLES);
    assert.match(titles[0]!.seen, /….*4 stitches$/);
    assert.match(titles[1]!.seen, /….*8 stitches$/);
    assert.equal(rows[0]!.querySelector("th")!.getAttribute("title"), `${TITLES[0]} · ${variedId(0)}`);
    const tags = rows.map((row) => [...row.querySelectorAll(".tag")].map(readings));
    assert.deepEqual(tags.map((all) => all.map(({ said }) => said)), SWEEPS.map((sweep) => [sweep, "good"]));
    for (const [i, end] of ["k3f9", "m2x7"].entries()) {
      const [sweep, good] = tags[i]!.map(({ seen }) => seen);
      assert.match(sweep!, new RegExp(`^sweep:.*…-?.*${end}$`));
      assert.ok(sweep!.length <= 20, sweep);
      assert.equal(good, "good");
    }
    const [first] = rows;
    assert.equal(first!.querySelector(".tag [title]")?.getAttribute("title"), SWEEPS[0]);
  }));

Deno.test("on a phone, titles that begin alike are told apart in less room", () => {
  const run = (i: number) => ({
    kind: "run" as const,
    id: variedId(i),
    title: `Branch-Train-Stitch, trial ${i} of 4`,
    status: "done" as const,
    cells: { ended: 9, total: 9, current: null },
    startedAt: "2026-11-22T10:10:10.000Z",
    tags: [],
    error: null,
    inGroup: false,
    values: [],
  });
  const rows = [run(1), run(2)];
  const counts = { total: 2, matching: 2, running: 0, rowCount: 2, offset: 0, moreColumns: 0 };
  const shown = { ...counts, columns: [], rows, problems: [], stale: null };
  const { view } = parseTableView(new URLSearchParams());
  const { document } = parseHTML(`<main>${RunTable({ view, shown, narrow: true })}</main>`);
  const titles = [...document.querySelectorAll("tbody th")].map((title) => readings(title as unknown as Element));
  assert.deepEqual(titles.map(({ seen }) => seen), ["Branch-…trial 1 of 4", "Branch-…trial 2 of 4"]);
  assert.deepEqual(titles.map(({ said }) => said), rows.map(({ title }) => title));
});

Deno.test("groups by sweep keep the end of their names and the number of their runs", () =>
  withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, 4);
    for (const i of [0, 1, 2, 3]) {
      addLabel(join(runsFolder, variedId(i)), { kind: "tags", add: [SWEEPS[i % 2]!], remove: [] });
    }
    const seen = (await tableOf(runsFolder, "?group=sweep")).map((row) => readings(row.querySelector("th")!).seen);
    const ends = seen.map((text) => text.replace(/\s+/g, " ").match(/^▸ 2026.*…rates-and-counts-(\w+ \(2\))$/)?.[1]);
    assert.deepEqual(ends.sort(), ["k3f9 (2)", "m2x7 (2)"], seen.join());
  }));
