// The app's answers: data, refusals and headers, asked through `app.fetch` without a socket.
import assert from "node:assert/strict";
import { join } from "node:path";
import { createApp } from "../../lib/serve/mod.ts";
import { flatSettings } from "../../lib/run/view/mod.ts";
import { demoBodies } from "../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../run/fake-run.ts";
import {
  errorSchema,
  eventsResponseSchema,
  runListResponseSchema,
  runResponseSchema,
} from "../../lib/serve/schemas.ts";

const ID = "20261122-101010-bts-demo-aaaa";
type Ask = (path: string, init?: RequestInit) => Promise<Response>;

async function withApp(body: (ask: Ask, runsFolder: string) => Promise<void>): Promise<void> {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    run.append(demoBodies({ id: ID, steps: 5 }), new Date("2026-11-22T10:10:10Z"), 100);
    run.release();
    const app = createApp({ runsFolder, hosts: ["lab.example.org"] });
    await body(async (path, init = {}) => {
      const headers = new Headers(init.headers);
      if (!headers.has("host")) headers.set("host", "localhost:8420");
      return await app.fetch(new Request(`http://localhost:8420${path}`, { ...init, headers }));
    }, runsFolder);
  });
}

async function codeOf(response: Response): Promise<string> {
  assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
  return errorSchema.parse(await response.json()).error.code;
}

Deno.test("the API answers what its schemas say", async () => {
  await withApp(async (ask, runsFolder) => {
    const { runs } = runListResponseSchema.parse(await (await ask("/api/runs")).json());
    assert.deepEqual(runs.map(({ id, status }) => [id, status]), [[ID, "done"]]);
    assert.ok(runs[0]!.meanBpb.bts! < runs[0]!.meanBpb.seed!);
    assert.deepEqual(runs[0]!.command, ["deno", "task", "bts", "--preset", "demo"]);

    const { run, report, runsFolder: folder } = runResponseSchema.parse(await (await ask(`/api/runs/${ID}`)).json());
    assert.equal(run.cells.length, 9);
    assert.equal(run.cells[2]!.metrics.length, 5);
    assert.equal(report, false);
    assert.equal(folder, runsFolder);

    const all = eventsResponseSchema.parse(await (await ask(`/api/runs/${ID}/events`)).json()).events;
    const rest = eventsResponseSchema.parse(await (await ask(`/api/runs/${ID}/events?after=7`)).json()).events;
    assert.deepEqual(rest, all.slice(8));

    await Deno.writeTextFile(join(runsFolder, ID, "report.html"), "<h1>Report</h1>");
    const there = runResponseSchema.parse(await (await ask(`/api/runs/${ID}`)).json());
    assert.equal(there.report, true);
  });
});

Deno.test("`/api/runs/:id?points=recent` leaves out curves and nothing else", async () => {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    run.append(demoBodies({ id: ID, steps: 2_000 }));
    run.release();
    const app = createApp({ runsFolder });
    const ask = (query: string) =>
      app.fetch(new Request(`http://localhost/api/runs/${ID}${query}`, { headers: { host: "localhost" } }));
    const [all, recent] = [await (await ask("")).text(), await (await ask("?points=recent")).text()];
    assert.ok(recent.length < all.length / 10, `${recent.length} of ${all.length} bytes`);
    const [a, b] = [JSON.parse(all), JSON.parse(recent)].map(({ run }) => ({
      ...run,
      cells: run.cells.map((cell: object) => ({ ...cell, metrics: [] })),
    }));
    assert.deepEqual(b, a);
    const refused = await ask("?points=some");
    assert.deepEqual([refused.status, (await refused.json()).error.code], [400, "points.malformed"]);
  });
});

Deno.test("`/api/runs?filter=` finds runs by words, fields and settings, and says what is malformed", async () => {
  await withApp(async (ask) => {
    const find = async (filter: string) =>
      (await (await ask(`/api/runs?filter=${encodeURIComponent(filter)}`)).json()).matching;
    const run = (await (await ask(`/api/runs/${ID}`)).json()).run;
    for (const filter of ["", ID, `seed:${run.seed}`, `seed ${run.seed}`, `preset:${run.preset}`]) {
      assert.deepEqual(await find(filter), [ID], filter);
    }
    for (const [key, value] of Object.entries(flatSettings(run.config)).slice(0, 3)) {
      assert.deepEqual(await find(`${key}:${value}`), [ID], key);
      assert.deepEqual(await find(`${key}:no-such-value`), [], key);
    }
    for (const filter of [`seed:${run.seed + 1}`, "tag:none", "no.such.setting:1"]) {
      assert.deepEqual(await find(filter), [], filter);
    }
    const response = await ask(`/api/runs?filter=${"x".repeat(2_000)}`);
    assert.equal(response.status, 400);
    assert.equal(await codeOf(response), "filter.malformed");
  });
});

Deno.test("an empty or missing runs folder has no runs", async () => {
  await withRunsFolder(async (runsFolder) => {
    for (const folder of [runsFolder, join(runsFolder, "missing")]) {
      const app = createApp({ runsFolder: folder });
      const response = await app.fetch(new Request("http://localhost/api/runs", { headers: { host: "localhost" } }));
      assert.deepEqual(await response.json(), { runs: [] });
    }
  });
});

Deno.test("other methods get 405, unknown routes 404, malformed positions 400, all as JSON with a code", async () => {
  await withApp(async (ask) => {
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      for (const path of ["/api/runs", "/", `/api/runs/${ID}/stream`]) {
        const response = await ask(path, { method, ...(method === "POST" ? { body: "{".repeat(100_000) } : {}) });
        assert.equal(response.status, 405, `${method} ${path}`);
        assert.equal(response.headers.get("allow"), "GET, HEAD");
        assert.equal(await codeOf(response), "method.not-allowed");
      }
      assert.equal(await codeOf(await ask("/nothing", { method })), "route.unknown");
    }
    assert.equal(await codeOf(await ask("/nothing")), "route.unknown");
    assert.equal(await codeOf(await ask("/api/nothing")), "route.unknown");
    // A client of models that left out /v1 finds the fields that it looks for.
    const { error } = await (await ask("/chat/completions", { method: "POST", body: "{}" })).json();
    assert.deepEqual([error.type, error.param], ["invalid_request_error", null]);
    assert.equal(await codeOf(await ask("/api/runs/20261122-101010-none")), "run.unknown");
    assert.equal(await codeOf(await ask(`/api/runs/${ID}/report`)), "report.missing");
    for (const after of ["x", "1.5", "1e3", "-2", "99999999999999999999", "0x10", "NaN"]) {
      assert.equal((await ask(`/api/runs/${ID}/events?after=${after}`)).status, 400, after);
      assert.equal((await ask(`/api/runs/${ID}/stream`, { headers: { "last-event-id": after } })).status, 400, after);
    }
    const page = await ask("/nothing", { headers: { accept: "text/html" } });
    assert.equal(page.status, 404);
    assert.match(page.headers.get("content-type")!, /^text\/html/);
  });
});

Deno.test("a page has one script, and static files are revalidated by their tags", async () => {
  await withApp(async (ask) => {
    const page = await (await ask(`/runs/${ID}`)).text();
    const paths = [...page.matchAll(/(?:src|href)="(\/static\/[^"]+)"/g)].map(([, path]) => path!);
    assert.deepEqual(new Set(paths), new Set(["/static/icon.svg", "/static/style.css", "/static/run.js"]));
    const map = "/static/run.js.map";
    for (const path of [...paths, map]) {
      const response = await ask(path);
      assert.equal(response.status, 200, path);
      const tag = response.headers.get("etag")!;
      assert.equal((await ask(path, { headers: { "if-none-match": tag } })).status, 304, path);
      const text = await response.text();
      if (path.endsWith(".js")) assert.match(text, /\n\/\/# sourceMappingURL=run\.js\.map\n$/);
      if (path === map) {
        assert.ok(JSON.parse(text).sources.includes("serve/client/run/page.tsx"), text.slice(0, 2000));
      }
    }
    const data = /<link rel="preload" as="fetch" crossorigin="anonymous" href="([^"]+)"/.exec(page)?.[1];
    assert.equal((await (await ask(data!)).json()).run.id, ID);
  });
});

Deno.test("a log whose last line is half written, or with a damaged line, is read and the damage told", async () => {
  await withApp(async (ask, runsFolder) => {
    const id = "20261122-111111-bts-demo-bbbb";
    const run = fakeRun(runsFolder, id);
    const bodies = demoBodies({ id, steps: 5 });
    run.append(bodies.slice(0, 10));
    run.raw('{"seq":10,"time":"2026-11-22T10:1');
    assert.equal((await (await ask(`/api/runs/${id}`)).json()).run.lastSeq, 9, "a line that is being written");
    run.raw("\n");
    run.append(bodies.slice(10, 12));
    const response = runResponseSchema.parse(await (await ask(`/api/runs/${id}`)).json());
    assert.equal(response.run.lastSeq, 11);
    assert.match(response.run.notes.map(({ text }) => text).join(), /Line 11/);
    run.release();
    assert.equal((await (await ask(`/api/runs/${id}`)).json()).run.status, "lost");
  });
});
