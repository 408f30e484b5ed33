// The pages in real Chromium: a run followed from its start to its end, markup that stays text, a server restarted.
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import type { EventBody } from "../../lib/run/mod.ts";
import { serve, startServerWorker } from "../../lib/serve/mod.ts";
import { LOOSE, withPage } from "../chromium.ts";
import { optionalTest } from "../optional.ts";
import { demoBodies } from "../run/demo-log.ts";
import { type FakeRun, fakeRun, withRunsFolder } from "../run/fake-run.ts";

const ID = "20261122-101010-bts-demo-aaaa";
const WAIT = { timeout: 10_000 };
function upTo(bodies: readonly EventBody[], kind: EventBody["kind"], cell: string, step?: number): number {
  return bodies.findIndex((body) =>
    body.kind === kind && "cell" in body && body.cell === cell &&
    (step === undefined || ("step" in body && body.step === step))
  ) + 1;
}

/** How many pixels of a cell's chart are not background. */
async function inkOf(page: Page, cell: number): Promise<number> {
  return await page.locator(`#cell-${cell} canvas`).evaluate((canvas) => {
    const { width, height } = canvas as HTMLCanvasElement;
    const { data } = (canvas as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
    return data.filter((value, i) => i % 4 === 3 && value > 0).length;
  });
}

const text = async (page: Page, selector: string) => (await page.locator(selector).textContent() ?? "").trim();
const shows = (page: Page, selector: string, what: string) => page.locator(selector, { hasText: what }).waitFor(WAIT);

optionalTest("chromium", "the page follows a run live from its start to its end", async () => {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    const server = serve({ runsFolder, port: 0 });
    const bodies = demoBodies({ id: ID, steps: 40 });
    let written = 0;
    const writeTo = (count: number) => {
      run.append(bodies.slice(written, count));
      written = count;
    };
    try {
      await withPage(async (page, complaints) => {
        writeTo(1);
        await page.goto(server.url);
        await shows(page, ".run .badge", "Running");
        await page.getByRole("link", { name: "Demo run" }).click();
        await shows(page, "#connection", "Live");
        assert.equal(await page.locator(".cell").count(), 9);
        assert.equal(await text(page, "#cell-1 .badge"), "Planned");

        writeTo(upTo(bodies, "cell.start", "tokenizer"));
        await shows(page, "#cell-1 .badge", "Done");
        await shows(page, "#cell-2 .badge", "Running");
        assert.equal(await page.locator("#cell-1 tbody tr").count(), 4);
        assert.equal(await text(page, "#cell-1 .summary"), "4 domains, 8,214 documents, 21.4 MB");

        writeTo(upTo(bodies, "metrics", "seed", 5));
        await shows(page, "#cell-2 .badge", "Cached");
        await shows(page, "#cell-3 .readings", "5 / 40");
        const element = await page.locator("#cell-3").elementHandle();
        await page.locator("#cell-3 canvas").waitFor(WAIT);
        const little = await inkOf(page, 3);
        assert.ok(little > 200, `${little} pixels`);

        // Step by step, as training writes.
        for (let step = 6; step <= 36; step++) {
          writeTo(upTo(bodies, "metrics", "seed", step));
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        await shows(page, "#cell-3 .readings", "36 / 40");
        await shows(page, ".now", "Pretrain the seed · step 36 of 40");
        assert.ok(await inkOf(page, 3) > little, "the curve has grown");
        assert.match(
          await page.locator("#cell-3 .chart").getAttribute("aria-label") ?? "",
          /step 36 of 40; latest: loss/,
        );
        assert.ok(await element!.evaluate((node) => node.isConnected), "the cell is updated, not built again");
        assert.equal(await page.locator("#results").isVisible(), false);
        assert.match(await page.title(), /^2\/9 · Demo run/);

        writeTo(bodies.length - 1);
        await shows(page, "#cell-9 .badge", "Done");
        await Deno.writeTextFile(
          `${run.folder}/report.html`,
          "<h1>The report</h1><script>document.title = 'ran'</script>",
        );
        writeTo(bodies.length);
        await shows(page, "#head .badge", "Done");
        await shows(page, "#connection", "Run ended");
        await shows(page, "#results caption", "Held-out bits per byte");
        const table = page.locator("#results table").first();
        assert.equal(await table.locator("tbody tr").count(), 7);
        assert.match(await table.locator("tbody tr").last().innerText(), /^BTS\s+2\.220/);
        assert.deepEqual(
          await table.locator("td.best").allInnerTexts().then((all) => all.map((t) => t.replace(/\s*\(best\)/, ""))),
          ["1.440", "1.020", "2.110", "1.758", "2.220"],
        );
        for (let cell = 3; cell <= 7; cell++) assert.ok(await inkOf(page, cell) > 200, `chart of cell ${cell}`);

        const link = page.getByRole("link", { name: "Open the report" });
        await link.waitFor(WAIT);
        const [report] = await Promise.all([page.waitForEvent("popup"), link.click()]);
        await report.getByRole("heading", { name: "The report" }).waitFor(WAIT);
        assert.notEqual(await report.title(), "ran", "scripts in a report do not run");
        assert.deepEqual(complaints, []);
      });
    } finally {
      run.release();
      await server.close();
    }
  });
}, LOOSE);

optionalTest(
  "chromium",
  "the page learns the end though its server closes at once, and then says how to see it again",
  async () => {
    await withRunsFolder(async (runsFolder) => {
      const run = fakeRun(runsFolder, ID);
      const bodies = demoBodies({ id: ID, steps: 40 });
      run.append(bodies.slice(0, 5));
      const server = await startServerWorker({ runsFolder, port: 0 });
      await withPage(async (page) => {
        await page.goto(`${server.url}runs/${ID}`);
        await shows(page, "#connection", "Live");
        assert.equal(await page.locator(".notice:visible").count(), 0);
        await Deno.writeTextFile(`${run.folder}/report.html`, "<h1>The report</h1>");
        run.append(bodies.slice(5));
        run.release();
        const closing = server.close();
        await page.getByRole("link", { name: "Open the report" }).waitFor(WAIT);
        await shows(page, "#connection", "Run ended");
        await shows(page, "#results caption", "Held-out bits per byte");
        await closing;
        await page.locator(".notice:visible", { hasText: `deno task serve --runs ${runsFolder} shows it again` })
          .waitFor(WAIT);
        assert.equal(await text(page, "#connection"), "Run ended");
        assert.equal(await page.getByRole("link", { name: "Open the report" }).isVisible(), false);
      });
    });
  },
  LOOSE,
);

optionalTest("chromium", "a page that is open when a run has ended follows it when it is resumed", async () => {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    const bodies = demoBodies({ id: ID, steps: 40 });
    const [start] = bodies;
    assert.ok(start?.kind === "run.start");
    const { kind: _, run: __, experiment: ___, preset: ____, seed: _____, ...undertaking } = start;
    const { plan } = undertaking;
    const resume = { ...undertaking, kind: "run.resume" } as const;
    const stop = { kind: "run.end", status: "stopped", seconds: 1, error: "StopError: Stopped by Ctrl-C" } as const;
    const cut = upTo(bodies, "metrics", "seed", 10);
    run.append([...bodies.slice(0, cut), stop]);
    const server = serve({ runsFolder, port: 0 });
    try {
      await withPage(async (page, complaints) => {
        // Opened after its end …
        await page.goto(`${server.url}runs/${ID}`);
        await shows(page, "#connection", "Run ended");
        await page.locator(".notice:visible", { hasText: "stopped by Ctrl-C" }).waitFor(WAIT);
        const more = { cell: "more", title: "One more" };
        const again = upTo(bodies, "cell.end", "seed");
        run.append([{ ...resume, plan: [...plan, more] }, ...bodies.slice(cut, again)]);
        await shows(page, "#connection", "Live");
        await shows(page, "#head .badge", "Running");
        await shows(page, "#cell-3 .badge", "Done");
        await shows(page, "#cell-10 h2", "One more");
        assert.equal(await page.locator(".notice:visible").count(), 0);
        // … and open at its end; the last time it is resumed and over before anybody looks.
        run.append([...bodies.slice(again)]);
        await shows(page, "#connection", "Run ended");
        await shows(page, "#results caption", "Held-out bits per byte");
        run.append([{ ...resume, plan }, stop]);
        await shows(page, "#head .badge", "Stopped");
        await shows(page, "#connection", "Run ended");
        assert.equal(await page.locator("#results").isVisible(), false);
        assert.deepEqual(complaints, []);
      });
    } finally {
      run.release();
      await server.close();
    }
  });
}, LOOSE);

optionalTest("chromium", "the list tells runs apart by what they changed, and a stopped one is no error", async () => {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    const [start] = demoBodies({ id: ID });
    const command = ["deno", "task", "bts", "--set", "model.width=256", "--set=stitch.count=1"];
    run.append([
      { ...start, command } as EventBody,
      { kind: "run.end", status: "stopped", seconds: 1, error: "StopError: Stopped by Ctrl-C" },
    ]);
    run.release();
    const server = serve({ runsFolder, port: 0 });
    try {
      await withPage(async (page, complaints) => {
        await page.goto(server.url);
        await shows(page, ".run .overrides", "with model.width=256stitch.count=1");
        await shows(page, ".run", "preset demo · seed 1");
        await shows(page, ".run-ending", "stopped by Ctrl-C; re-run the same command to resume");
        assert.equal(await page.locator(".run-error").count(), 0);
        assert.deepEqual(complaints, []);
      });
    } finally {
      await server.close();
    }
  });
}, LOOSE);

optionalTest("chromium", "the page says that its server has gone while the run was running", async () => {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    run.append(demoBodies({ id: ID }).slice(0, 5));
    const server = serve({ runsFolder, port: 0 });
    await withPage(async (page) => {
      await page.goto(`${server.url}runs/${ID}`);
      await shows(page, "#connection", "Live");
      await server.close();
      await shows(page, "#connection", "Reconnecting");
      await page.locator(".notice:visible", { hasText: "has closed" }).waitFor({ timeout: 20_000 });
      assert.equal(await text(page, "#connection"), "Closed");
      const again = serve({ runsFolder, port: server.port });
      try {
        await shows(page, "#connection", "Live");
        assert.equal(await page.locator(".notice:visible").count(), 0);
      } finally {
        await again.close();
      }
    });
    run.release();
  });
}, LOOSE);

optionalTest("chromium", "a hidden tab keeps its connection, and the fourth gives it back", async () => {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    run.append(demoBodies({ id: ID }).slice(0, 5));
    const server = serve({ runsFolder, port: 0 });
    try {
      await withPage(async (_page, _complaints, browser) => {
        const context = await browser.newContext();
        const hidden = await Promise.all([1, 2, 3, 4].map(() => context.newPage()));
        for (const page of hidden) {
          await page.clock.install();
          await page.goto(`${server.url}runs/${ID}`);
          await shows(page, "#connection", "Live");
          await page.evaluate(`Object.defineProperty(document, "hidden", { value: true, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));`);
          await page.clock.fastForward(21_000);
        }
        await shows(hidden[3]!, "#connection", "Paused");
        for (const page of hidden.slice(0, 3)) assert.equal(await text(page, "#connection"), "Live");
        run.append([{ kind: "run.end", status: "stopped", seconds: 1, error: "StopError: Stopped by Ctrl-C" }]);
        for (const page of hidden.slice(0, 3)) await shows(page, "#connection", "Run ended");
        await hidden[0]!.locator(".notice:visible", { hasText: "stopped by Ctrl-C; re-run the same command to resume" })
          .waitFor(
            WAIT,
          );
        assert.equal(await hidden[0]!.locator(".error:visible").count(), 0);
      });
    } finally {
      run.release();
      await server.close();
    }
  });
}, LOOSE);

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
          await page.waitForTimeout(150);
          assert.equal(await page.evaluate("globalThis.pwned"), undefined);
          assert.equal(await page.locator("img[src='x'], main script, main iframe, main svg").count(), 0);
        }
        assert.equal(await text(page, "h1"), HOSTILE);
        assert.equal(await text(page, "#cell-1 h2"), HOSTILE);
        assert.equal(await text(page, "#cell-1 .summary"), HOSTILE);
        assert.equal(await text(page, "#cell-1 .table-box tbody th"), HOSTILE);
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

optionalTest("chromium", "the page reconnects by itself when the server is restarted, and misses nothing", async () => {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    const bodies = demoBodies({ id: ID, steps: 40 });
    const cut = upTo(bodies, "metrics", "seed", 10);
    run.append(bodies.slice(0, cut));
    const first = serve({ runsFolder, port: 0 });
    await withPage(async (page) => {
      await page.goto(`${first.url}runs/${ID}`);
      await shows(page, "#connection", "Live");
      await shows(page, "#cell-3 .readings", "10 / 40");
      await first.close();
      await shows(page, "#connection", "Reconnecting");
      run.append(bodies.slice(cut, -1));
      const second = serve({ runsFolder, port: first.port });
      try {
        assert.equal(second.port, first.port);
        await shows(page, "#connection", "Live");
        await shows(page, "#cell-9 .badge", "Done");
        for (const cell of [3, 4, 5, 6, 7]) assert.match(await text(page, `#cell-${cell} .readings`), /40 \/ 40/);
        assert.equal(await page.locator("#cell-1 table").count(), 1, "nothing twice");
        run.append(bodies.slice(-1));
        await shows(page, "#head .badge", "Done");
      } finally {
        await second.close();
      }
    });
    run.release();
  });
}, LOOSE);

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
            await page.waitForTimeout(200);
            assert.equal(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true, path);
            await page.setViewportSize({ width: 1280, height: 860 });
            assert.deepEqual(await page.evaluate(LOW_CONTRAST), [], `${colorScheme} /${path}`);
          }
        }
      });
    } finally {
      run.release();
      await server.close();
    }
  });
}, LOOSE);

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
