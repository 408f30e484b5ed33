// What a browser sees where there is nothing to show: a page that says why, in place of data.
import assert from "node:assert/strict";
import { join } from "node:path";
import { trashRuns } from "../../../lib/run/mod.ts";
import { createApp } from "../../../lib/serve/mod.ts";
import { demoBodies } from "../../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../../run/fake-run.ts";
import { codeOf } from "../routes/all-routes.ts";

/** As Chromium asks for a page. */
const BROWSER = { accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" };
const RUN = "20261122-101010-bts-demo-aaaa";
const PAGES = [
  "/",
  "/reports",
  "/trash",
  `/runs/${RUN}`,
  `/runs/${RUN}/plain`,
  `/compare?run=${RUN}`,
  `/sweeps/${RUN}`,
];

type Ask = (path: string, headers?: HeadersInit) => Promise<Response>;

function asking(runsFolder: string): Ask {
  const app = createApp({ runsFolder });
  return async (path, headers) => {
    const all = { host: "localhost", ...Object.fromEntries(new Headers(headers)) };
    return await app.fetch(new Request(`http://localhost${path}`, { headers: all }));
  };
}

/** The text of a page that says what is wrong, without markup. */
async function pageText(response: Response, status: number): Promise<string> {
  assert.equal(response.status, status);
  assert.match(response.headers.get("content-type") ?? "", /^text\/html/);
  assert.match(response.headers.get("content-security-policy") ?? "", /require-trusted-types-for 'script'/);
  assert.match(response.headers.get("vary") ?? "", /accept/i);
  return (await response.text()).replace(/<[^>]*>/g, "").replaceAll("&lt;", "<").replaceAll("&gt;", ">");
}

Deno.test("where the runs folder is a file, browsers get a page that says so and what to do, and programs JSON", () =>
  withRunsFolder(async (folder) => {
    const runsFolder = join(folder, "runs");
    await Deno.writeTextFile(runsFolder, "no folder");
    const ask = asking(runsFolder);
    for (const path of PAGES) {
      const text = await pageText(await ask(path, BROWSER), 500);
      assert.ok(
        text.includes(`Cannot read the runs folder ${runsFolder}: it is a file, not a folder`),
        `${path}: ${text}`,
      );
      assert.match(text, /give another one with --runs <folder>/);
      assert.match(text, /Try again/);
      for (const accept of ["application/json", "*/*"]) {
        assert.equal(await codeOf(await ask(path, { accept })), "folder.unreadable", path);
      }
    }
  }));

Deno.test("a browser gets a page for whatever is refused, also below /api, and programs get JSON", () =>
  withRunsFolder(async (runsFolder) => {
    const ask = asking(runsFolder);
    const cases = [
      ["/nothing", 404, "route.unknown", "There is nothing at this address."],
      ["/api/runs/nothing/report", 404, "run.unknown", "There is no such run."],
      [
        "/api/runs?filter=" + "x".repeat(2_000),
        400,
        "filter.malformed",
        "Expected ?filter= with up to 1,000 characters.",
      ],
      ["/sweeps/nothing", 404, "sweep.unknown", "There is no such sweep."],
      ["/api/tags", 405, "method.not-allowed", "This URL takes only POST."],
    ] as const;
    for (const [path, status, code, sentence] of cases) {
      const text = await pageText(await ask(path, BROWSER), status);
      assert.ok(text.includes(sentence), `${path}: ${text}`);
      const data = await ask(path);
      assert.equal(data.status, status);
      assert.equal(await codeOf(data), code);
    }
    const foreign = await pageText(await ask("/", { ...BROWSER, host: "evil.example" }), 403);
    assert.match(foreign, /answers only to loopback names/);
  }));

Deno.test("a run that cannot be read is told of, and keeps no other from a comparison", () =>
  withRunsFolder(async (runsFolder) => {
    const others = ["20261122-101011-bts-demo-bbbb", "20261122-101012-bts-demo-cccc"];
    for (const id of [RUN, ...others]) {
      const run = fakeRun(runsFolder, id);
      run.append(demoBodies({ id, steps: 2 }));
      run.release();
    }
    // A path that leads in a circle can be read by nobody.
    const lock = join(runsFolder, RUN, "run.lock");
    await Deno.remove(lock).catch(() => {});
    await Deno.symlink("run.lock", lock);
    const ask = asking(runsFolder);
    const why = `Cannot read the run ${RUN}: its symbolic links lead in a circle`;
    assert.ok((await pageText(await ask(`/runs/${RUN}/plain`, BROWSER), 500)).includes(why));
    assert.equal(await codeOf(await ask(`/api/runs/${RUN}?points=recent`)), "run.unreadable");
    const query = [RUN, ...others].map((id) => `run=${id}`).join("&");
    const page = await (await ask(`/compare?${query}`, BROWSER)).text();
    assert.ok(page.includes(why));
    assert.match(page, /<h1>Compare 2 runs<\/h1>/);
  }));

Deno.test("the page of a run that was removed says so and leads to the trash; an id is text", () =>
  withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, RUN);
    run.append(demoBodies({ id: RUN, steps: 2 }));
    run.release();
    await trashRuns(runsFolder, [RUN]);
    const ask = asking(runsFolder);
    for (const end of ["", "/plain"]) {
      const response = await ask(`/runs/${RUN}${end}`, BROWSER);
      const html = await response.clone().text();
      assert.match(html, /<a href="\/trash">/);
      const text = await pageText(response, 404);
      assert.match(text, new RegExp(`The run ${RUN} was removed; it can be restored from the trash`));
      const hostile = await (await ask(`/runs/${encodeURIComponent("<script>x</script>")}${end}`, BROWSER)).text();
      assert.doesNotMatch(hostile, /<script>/);
      assert.match(hostile, /There is no run &quot;&lt;script&gt;/);
    }
  }));
