// The page of a run for browsers without JavaScript.
import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import { createApp, serve } from "../../lib/serve/mod.ts";
import { LOOSE, WAIT, withBrowser } from "../chromium.ts";
import { optionalTest } from "../optional.ts";
import { demoBodies } from "../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../run/fake-run.ts";

const ID = "20261122-101010-bts-demo-aaaa";
const MARKUP = `"><img src=x onerror=alert(1)><script>alert(1)</script>`;

/** The page of a run with these events. */
async function pageOf(bodies: ReturnType<typeof demoBodies>): Promise<Document> {
  let document: Document | undefined;
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    run.append(bodies);
    run.release();
    const request = new Request(`http://localhost/runs/${ID}/plain`, { headers: { host: "localhost" } });
    const response = await createApp({ runsFolder }).fetch(request);
    assert.equal(response.status, 200);
    assert.match(response.headers.get("content-security-policy")!, /script-src 'self'/);
    document = parseHTML(await response.text()).document as unknown as Document;
  });
  return document!;
}

Deno.test("a cell that was running when its run was lost is lost, too", async () => {
  const bodies = demoBodies({ id: ID });
  const begun = bodies.findIndex((body) => body.kind === "cell.start" && body.cell === "seed") + 1;
  const document = await pageOf(bodies.slice(0, begun));
  const badges = [...document.querySelectorAll(".badge")].map(({ textContent }) => textContent);
  assert.deepEqual(badges.slice(0, 4), ["Lost", "Done", "Cached", "Lost"]);
});

Deno.test("the plain page has the results as figures and tables, and every cell", async () => {
  const bodies = demoBodies({ id: ID });
  const document = await pageOf(bodies);
  const text = document.body.textContent!;
  for (const what of ["Demo run", "BTS", "2.220", "Train the stitches", "4 domains, 8,214 documents"]) {
    assert.ok(text.includes(what), what);
  }
  assert.equal(document.querySelectorAll(".cell").length, 9);
  assert.ok(document.querySelectorAll("figure img").length >= 3);
  assert.ok(document.querySelectorAll("table").length >= 3);
  assert.equal(document.querySelectorAll("script").length, 0);
});

Deno.test("the plain page of a run that failed early says why, and its markup is inert", async () => {
  const [start] = demoBodies({ id: ID, title: MARKUP });
  const document = await pageOf([
    { ...start!, preset: MARKUP, command: [MARKUP] } as typeof start & object,
    { kind: "run.end", status: "failed", seconds: 1, error: MARKUP },
  ]);
  assert.equal(document.querySelector("h1")!.textContent, MARKUP);
  assert.ok(document.querySelector(".error")!.textContent!.includes(MARKUP));
  assert.equal(document.querySelectorAll("img[src=x], script").length, 0);
});

Deno.test("only browsers without JavaScript are sent to the plain page", () =>
  withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    run.append(demoBodies({ id: ID }));
    run.release();
    const request = new Request(`http://localhost/runs/${ID}`, { headers: { host: "localhost" } });
    const { document } = parseHTML(await (await createApp({ runsFolder }).fetch(request)).text());
    const refreshes = [...document.querySelectorAll("meta[http-equiv=refresh]")];
    assert.equal(refreshes.length, 1);
    assert.ok(refreshes[0]!.closest("noscript") !== null);
  }));

optionalTest(
  "chromium",
  "a browser without JavaScript is taken to the plain page",
  () =>
    withRunsFolder(async (runsFolder) => {
      const run = fakeRun(runsFolder, ID);
      run.append(demoBodies({ id: ID }));
      run.release();
      const server = serve({ runsFolder, port: 0 });
      try {
        await withBrowser(async (browser) => {
          const context = await browser.newContext({ javaScriptEnabled: false });
          const page = await context.newPage();
          await page.goto(`${server.url}runs/${ID}`);
          await page.getByRole("heading", { name: "Results" }).waitFor(WAIT);
          await page.waitForURL(`**/runs/${ID}/plain`);
        });
      } finally {
        await server.close();
      }
    }),
  LOOSE,
);
