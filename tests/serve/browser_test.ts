// The pages in real Chromium: markup that stays text, narrow windows, contrast.
import assert from "node:assert/strict";
import type { EventBody } from "../../lib/run/mod.ts";
import { serve } from "../../lib/serve/mod.ts";
import { LOOSE, WAIT, withPage } from "../chromium.ts";
import { optionalTest } from "../optional.ts";
import { demoBodies } from "../run/demo-log.ts";
import { type FakeRun, fakeRun, withRunsFolder } from "../run/fake-run.ts";
import { drawn, eventually } from "../steady.ts";

const ID = "20261122-101010-bts-demo-aaaa";

optionalTest("chromium", "markup in a run's strings stays text", async () => {
  await withRunsFolder(async (runsFolder) => {
    const run = writeHostile(runsFolder);
    const server = serve({ runsFolder, port: 0 });
    try {
      await withPage(async (page, complaints) => {
        let requested = "";
        page.on("request", (request) => requested += `${request.url()}\n`);
        for (const path of ["", `runs/${ID}`]) {
          await page.goto(server.url + path);
          await page.getByText("<img src=x").first().waitFor({ ...WAIT, state: "attached" });
          await drawn(page);
          assert.equal(await page.evaluate("globalThis.pwned"), undefined);
          assert.equal(await page.locator("img[src='x'], main script, main iframe, main svg").count(), 0);
        }
        const says = (selector: string) =>
          eventually(async () => assert.equal((await page.locator(selector).textContent() ?? "").trim(), HOSTILE));
        await says("h1");
        await says("#cell-1 h2");
        await says("#cell-1 .summary");
        await page.locator("#cell-1 summary").first().click();
        // It is long: what is seen is a part of it.
        await says("#cell-1 .table-box tbody th .visually-hidden");
        assert.doesNotMatch(requested, /\/x$/m);
        assert.deepEqual(complaints, []);
      });
    } finally {
      run.release();
      await server.close();
    }
  });
}, LOOSE);

const HOSTILE = `<img src=x onerror="globalThis.pwned=1"><script>globalThis.pwned=1</script>"'&amp;javascript:`;

function writeHostile(runsFolder: string): FakeRun {
  const run = fakeRun(runsFolder, ID);
  const [start] = demoBodies({ id: ID, title: HOSTILE });
  assert.equal(start!.kind, "run.start");
  const column = { key: HOSTILE, title: HOSTILE, kind: "text" as const };
  const cell = HOSTILE;
  run.append([
    {
      ...start,
      preset: HOSTILE,
      device: HOSTILE,
      config: { [HOSTILE]: HOSTILE },
      command: [HOSTILE],
      versions: { [HOSTILE]: HOSTILE },
      plan: [{ cell, title: HOSTILE }],
    } as EventBody,
    { kind: "cell.start", cell, title: HOSTILE, description: HOSTILE, cellKey: HOSTILE },
    { kind: "metrics", cell, step: 1, steps: 2, values: { [HOSTILE]: 1 } },
    { kind: "metrics", cell, step: 2, steps: 2, values: { [HOSTILE]: null } },
    { kind: "note", cell, level: "error", text: HOSTILE },
    { kind: "note", level: "warning", text: HOSTILE },
    {
      kind: "table",
      cell,
      table: { name: HOSTILE, title: HOSTILE, columns: [column], rows: [{ [HOSTILE]: HOSTILE }] },
    },
    { kind: "artifact", cell, name: HOSTILE, path: HOSTILE, bytes: 1, sha256: HOSTILE },
    { kind: "cell.end", cell, status: "done", seconds: 1, summary: HOSTILE },
    { kind: "run.end", status: "failed", seconds: 1, error: HOSTILE },
  ]);
  return run;
}

optionalTest("chromium", "pages fit a phone, and every text has enough contrast in light and dark", async () => {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    run.append(demoBodies({ id: ID, steps: 40 }), new Date(Date.now() - 60_000), 100);
    const server = serve({ runsFolder, port: 0 });
    try {
      await withPage(async (page) => {
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme });
          for (const path of ["", `runs/${ID}`]) {
            await page.setViewportSize({ width: 360, height: 740 });
            await page.goto(server.url + path);
            await page.locator(".badge").first().waitFor(WAIT);
            if (path !== "") {
              await page.locator("#results caption").first().waitFor({ ...WAIT, state: "attached" });
              await page.locator("#results img").first().waitFor(WAIT);
              await eventually(async () => {
                const tables = await page.evaluate(TABLES) as { readonly scrolls: boolean; readonly cut: boolean }[];
                assert.ok(tables.some(({ scrolls }) => scrolls));
                assert.ok(tables.every(({ cut }) => !cut), "a caption is cut off");
              });
            }
            await drawn(page);
            await eventually(async () =>
              assert.equal(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true, path)
            );
            await page.setViewportSize({ width: 1280, height: 860 });
            await eventually(async () =>
              assert.deepEqual(await page.evaluate(LOW_CONTRAST), [], `${colorScheme} /${path}`)
            );
          }
        }
      });
    } finally {
      run.release();
      await server.close();
    }
  });
}, LOOSE);

/** In the page: whether tables of results, opened, scroll sideways, and whether their captions reach out of sight. */
const TABLES =
  `[...document.querySelectorAll(".table-box:has(caption)")].filter((box) => box.checkVisibility()).map((box) => ({
  scrolls: box.scrollWidth > box.clientWidth,
  cut: box.querySelector("caption").offsetWidth > box.clientWidth,
}))`;

/** Texts whose color has a contrast under 4.5 to what lies behind them, computed in the page by drawing both. */
const LOW_CONTRAST = `(() => {
  const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const paint = (colors) => {
    context.clearRect(0, 0, 1, 1);
    for (const color of colors) { context.fillStyle = color; context.fillRect(0, 0, 1, 1); }
    const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
    const linear = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  };
  const low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility({ visibilityProperty: true })) continue;
    if (element.closest("[aria-hidden], noscript, .visually-hidden, .skip")) continue;
    const behind = [];
    for (let e = element; e; e = e.parentElement) behind.unshift(getComputedStyle(e).backgroundColor);
    const [a, b] = [paint(behind), paint([...behind, getComputedStyle(element).color])].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) low.push(element.className + ": " + walker.currentNode.data.trim().slice(0, 30) + " " + contrast.toFixed(2));
  }
  return low;
})()`;
