// Sweeps over HTTP and on their page.
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { createApp, serve } from "../../lib/serve/mod.ts";
import { LOOSE, withPage } from "../chromium.ts";
import { optionalTest } from "../optional.ts";
import { withRunsFolder } from "../run/fake-run.ts";
import { sweepLine } from "../../lib/run/sweep/log.ts";
import { fakeSweep } from "../run/sweep-log.ts";
import { boxOf, eventually } from "../steady.ts";
import { sweepListResponseSchema, sweepResponseSchema } from "../../lib/serve/schemas.ts";

const ID = "20261122-101010-fake-sweep-aaaa";

async function asker(runsFolder: string) {
  await fakeSweep(runsFolder, ID);
  const app = createApp({ runsFolder });
  return async (path: string) =>
    await app.fetch(new Request(`http://localhost${path}`, { headers: { host: "localhost" } }));
}

Deno.test("the API lists sweeps and gives one with its trials, best first, as its schemas say", () =>
  withRunsFolder(async (runsFolder) => {
    const ask = await asker(runsFolder);
    const { sweeps } = sweepListResponseSchema.parse(await (await ask("/api/sweeps")).json());
    assert.deepEqual(sweeps.map(({ sweep, status, counts }) => [sweep, status, counts.done, counts.failed]), [[
      ID,
      "failed",
      2,
      1,
    ]]);
    const { sweep, report } = sweepResponseSchema.parse(await (await ask(`/api/sweeps/${ID}`)).json());
    assert.deepEqual(sweep.trials.map(({ trial, value }) => [trial, value]), [[3, 1.5], [1, 2], [2, null]]);
    assert.deepEqual([sweep.best, sweep.metric, sweep.better, report], [[3], "bpb", "lower", false]);
    const quiz = sweepResponseSchema.parse(await (await ask(`/api/sweeps/${ID}?metric=quiz`)).json()).sweep;
    assert.deepEqual(quiz.trials.map(({ trial }) => trial), [1, 3, 2]);
    for (const bad of ["nothing", "bpb:worst", "__proto__"]) {
      const response = await ask(`/api/sweeps/${ID}?metric=${bad}`);
      assert.equal(response.status, 400);
      assert.equal((await response.json()).error.code, "sweep.metric");
    }
  }));

Deno.test("a sweep's report is served alone, and what is no sweep is not there", () =>
  withRunsFolder(async (runsFolder) => {
    const ask = await asker(runsFolder);
    assert.equal((await ask(`/api/sweeps/${ID}/report`)).status, 404);
    await Deno.writeTextFile(join(runsFolder, "sweeps", ID, "report.html"), "<h1>Report</h1>");
    const report = await ask(`/api/sweeps/${ID}/report`);
    assert.equal(report.status, 200);
    assert.match(report.headers.get("content-security-policy")!, /sandbox/);
    await Deno.mkdir(join(runsFolder, "sweeps", "20261122-101011-empty-aaaa"));
    for (
      const id of [
        "20261122-101011-empty-aaaa",
        "20261122-101012-none-aaaa",
        "..%2f..",
        "%2e%2e",
        "sweep.jsonl",
        ID + "x",
      ]
    ) {
      for (const path of [`/api/sweeps/${id}`, `/api/sweeps/${id}/report`]) assert.equal((await ask(path)).status, 404);
    }
  }));

Deno.test("a sweep's damaged lines are named and its other lines read", () =>
  withRunsFolder(async (runsFolder) => {
    const ask = await asker(runsFolder);
    const path = join(runsFolder, "sweeps", ID, "sweep.jsonl");
    const lines = (await Deno.readTextFile(path)).split("\n");
    lines[2] = lines[2]!.replace('"bpb":2', '"bpb":1');
    await Deno.writeTextFile(path, lines.join("\n") + '{"half":');
    const { sweep } = sweepResponseSchema.parse(await (await ask(`/api/sweeps/${ID}`)).json());
    assert.deepEqual(sweep.damage, [3, 9]);
    assert.equal(sweep.trials.find(({ trial }) => trial === 1)!.status, "lost", "its end is not believed");
    assert.deepEqual(sweep.best, [3]);
  }));

Deno.test("the page of a sweep has its trials in a table without JavaScript", () =>
  withRunsFolder(async (runsFolder) => {
    const ask = await asker(runsFolder);
    await Deno.writeTextFile(join(runsFolder, "sweeps", ID, "report.html"), "");
    const { document } = parseHTML(await (await ask(`/sweeps/${ID}`)).text());
    const plain = document.querySelector("noscript")!;
    assert.deepEqual(
      [...plain.querySelectorAll("tbody tr")].map((row) => row.querySelector("th")!.textContent),
      ["3", "1", "2"],
    );
    assert.match(plain.textContent!, /2 of 3 done, 1 failed/);
    assert.equal(plain.querySelectorAll("button, b").length, 0, "nothing that needs a script, and no markup");
    assert.ok(plain.querySelector(`a[href="/api/sweeps/${ID}/report"]`) !== null);
  }));

optionalTest(
  "chromium",
  "the page of a sweep says when the sweep is removed or cannot be read, and shows it again",
  () =>
    withRunsFolder(async (runsFolder) => {
      const path = await fakeSweep(runsFolder, ID);
      const server = serve({ runsFolder, port: 0 });
      try {
        await withPage(async (page) => {
          await page.clock.install();
          await page.goto(`${server.url}sweeps/${ID}`);
          await page.locator("#connection", { hasText: "Sweep ended" }).waitFor();
          await Deno.rename(path, `${path}.away`);
          await page.clock.fastForward(6_000);
          await page.locator(".field-error:visible", { hasText: "was removed" }).waitFor();
          await page.locator("#connection", { hasText: "Removed" }).waitFor();
          await Deno.rename(`${path}.away`, path);
          await page.clock.fastForward(6_000);
          await page.locator("#connection", { hasText: "Sweep ended" }).waitFor();
          await page.locator(".field-error").first().waitFor({ state: "hidden" });

          // A trial that ends while somebody drags along an axis does not take the drag away.
          const goTo = async (share: number) => {
            const strip = await boxOf(page.locator(".parallel:not(.scatter) .strip").first());
            await page.mouse.move(strip.x + strip.width / 2, strip.y + (1 - share) * strip.height, { steps: 3 });
          };
          const lines = (count: number) =>
            page.waitForFunction(
              (n) => document.querySelectorAll(".parallel:not(.scatter) .trial").length === n,
              count,
            );
          await lines(2);
          await goTo(1);
          await page.mouse.down();
          await goTo(0.4);
          await page.locator("#trials caption", { hasText: "1 of 3 selected" }).waitFor();
          const end = {
            kind: "trial.end",
            trial: 2,
            run: "20261122-101012-fake-trial-2-aaaa",
            status: "done",
            seconds: 1,
            error: null,
          } as const;
          const more = { ...end, cells: { total: 2, cached: 2 }, values: { bpb: 1.7 } };
          await Deno.writeTextFile(path, new TextDecoder().decode(sweepLine(more)), { append: true });
          await page.clock.fastForward(6_000);
          await page.locator('#trials tr[data-trial="3"]').waitFor();
          await page.locator(".facts", { hasText: "3 of 3 done" }).waitFor();
          await goTo(0);
          await page.locator("#trials caption", { hasText: "3 of 3 selected" }).waitFor();
          await goTo(0.4);
          await page.mouse.up();
          await lines(3);
          await page.locator("#trials caption", { hasText: "2 of 3 selected" }).waitFor();
          await page.waitForURL(/brush=x%3A0\.(?:39|4)\d*%3A1$/);
          // A click clears.
          await page.mouse.down();
          await page.mouse.up();
          await page.waitForURL(/sweeps\/[\w-]+$/);
          await page.goto(`${server.url}sweeps/${ID}?brush=x:2:1&metric=nothing`);
          await page.locator(".field-error", { hasText: "Cannot read brush=x:2:1" }).waitFor();
          await page.locator(".field-error", { hasText: 'No trial has a metric "nothing"' }).waitFor();
          // The rest is shown, by the sweep's own metric.
          await page.locator("#trials caption", { hasText: "Trials by bpb" }).waitFor();
          await page.goto(`${server.url}sweeps/${ID}?sort=oops&brush=oops:0:0.5&brush=x:0:0.5`);
          await page.locator(".field-error", { hasText: "says sort=oops" }).waitFor();
          await page.locator(".field-error", { hasText: "says brush=oops" }).waitFor();
          await page.locator("#trials caption", { hasText: "2 of 3 selected" }).waitFor();
        });
      } finally {
        await server.close();
      }
    }),
  LOOSE,
);

optionalTest(
  "chromium",
  "the page of a sweep calls no single one of equal trials the best",
  () =>
    withRunsFolder(async (runsFolder) => {
      await fakeSweep(runsFolder, ID, "A sweep", [1.5, 1.5]);
      const server = serve({ runsFolder, port: 0 });
      try {
        await withPage(async (page) => {
          await page.goto(`${server.url}sweeps/${ID}`);
          await page.locator(".facts", { hasText: "1.5000 bpb, all 2 trials alike" }).waitFor();
          assert.equal(await page.locator("#trials td.best").count(), 0);
        });
      } finally {
        await server.close();
      }
    }),
  LOOSE,
);

optionalTest(
  "chromium",
  "the page of a sweep shows trials and figure, compares by any metric, and keeps markup inert",
  () =>
    withRunsFolder(async (runsFolder) => {
      await fakeSweep(runsFolder, ID, "<img src=x onerror=alert(1)>");
      const server = serve({ runsFolder, port: 0 });
      try {
        await withPage(async (page, complaints) => {
          await page.goto(server.url);
          await page.getByRole("link", { name: "<img src=x onerror=alert(1)>" }).click();
          await page.waitForURL(`**/sweeps/${ID}`);
          await page.locator("#head .badge", { hasText: "Failed" }).waitFor();
          const beginsWith = (...texts: string[]) =>
            eventually(async () => {
              const cells = await page.locator("#trials tbody tr").first().locator("td, th").allInnerTexts();
              assert.deepEqual(cells.slice(0, texts.length), texts);
            });
          await beginsWith("3", "3", "Done", "1.5000");
          await page.waitForFunction("document.querySelectorAll('.parallel:not(.scatter) .trial').length === 2");
          await page.locator(".notice", { hasText: /deno task sweep resume .* resumes it/ }).waitFor();
          await page.locator("#trials", { hasText: "<b>no</b>" }).waitFor();
          await page.locator('#trials tr[data-trial="1"]').hover();
          await page.locator('.parallel:not(.scatter) .pointed[data-trial="1"]').waitFor();
          await page.getByLabel("Compare by").fill("quiz");
          await page.getByLabel("Compare by").press("Enter");
          await page.locator("#trials caption", { hasText: "Trials by quiz; higher is better" }).waitFor();
          await beginsWith("1");
          // Sorted by a column, and selected on an axis with keys; the address has both.
          await page.getByRole("button", { name: "x", exact: true }).click();
          await page.locator("#trials caption", { hasText: "sorted by x" }).waitFor();
          await beginsWith("1");
          await page.getByRole("slider", { name: "Select trials by x" }).focus();
          await page.keyboard.press("ArrowUp");
          await page.locator("#trials caption", { hasText: "1 of 3 selected" }).waitFor();
          await beginsWith("3");
          await page.reload();
          await page.locator("#trials caption", { hasText: "sorted by x; 1 of 3 selected" }).waitFor();
          await page.getByRole("button", { name: "Clear selection" }).click();
          await page.locator("#trials tbody tr").nth(2).waitFor();
          assert.deepEqual(complaints, []);
          await page.getByLabel("Compare by").fill("quizz");
          await page.getByLabel("Compare by").press("Enter");
          await page.locator(".field-error", { hasText: 'No trial has a metric "quizz"' }).waitFor();
          await page.locator("#trials caption", { hasText: "Trials by quiz;" }).waitFor();
          await page.getByLabel("Compare by").fill("bpb");
          await page.getByLabel("Compare by").press("Enter");
          await page.locator("#trials caption", { hasText: "Trials by bpb;" }).waitFor();
          await page.locator(".field-error").first().waitFor({ state: "hidden" });
        });
      } finally {
        await server.close();
      }
    }),
  LOOSE,
);
