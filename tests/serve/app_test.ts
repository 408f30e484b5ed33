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

Deno.test("`/openapi.json` describes every API route, and `/healthz` answers", async () => {
  await withApp(async (ask) => {
    const document = await (await ask("/openapi.json")).json();
    assert.equal(document.openapi, "3.1.0");
    const paths = Object.keys(document.paths);
    for (
      const path of [
        "",
        "/{id}",
        "/{id}/provenance",
        "/{id}/output",
        "/{id}/labels",
        "/{id}/stop",
        "/{id}/status",
        "/{id}/events",
        "/{id}/stream",
        "/{id}/report",
      ]
    ) {
      assert.ok(paths.includes(`/api/runs${path}`), path);
    }
    for (const path of ["", "/{id}", "/{id}/report"]) assert.ok(paths.includes(`/api/sweeps${path}`), path);
    for (const path of ["/api/session", "/api/trash", "/api/undo"]) assert.ok(paths.includes(path), path);
    for (const [, name] of JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)) {
      assert.ok(document.components.schemas[name!], name);
    }
    assert.deepEqual(await (await ask("/healthz")).json(), { ok: true });
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

const ROUTES = [
  "/",
  `/runs/${ID}`,
  "/api/runs",
  `/api/runs/${ID}`,
  `/api/runs/${ID}/events`,
  `/api/runs/${ID}/stream`,
  `/api/runs/${ID}/report`,
  "/static/serve/client/run/page.ts",
  "/static/style.css",
  "/static/npm/uplot/dist/uPlot.esm.js",
  `/api/runs/${ID}/status`,
  "/sweeps/x",
  "/api/sweeps",
  "/api/sweeps/x",
  "/api/sweeps/x/report",
  "/openapi.json",
  "/healthz",
  "/nothing",
];

Deno.test("a foreign, odd or missing Host gets 403 on every route, the stream too", async () => {
  await withApp(async (ask, runsFolder) => {
    for (const path of ROUTES) {
      for (const host of ["evil.com", "localhost.", "127.0.0.1.evil.com:8420"]) {
        const response = await ask(path, { headers: { host } });
        assert.equal(response.status, 403, `${host} ${path}`);
        assert.equal(await codeOf(response), "host.foreign");
      }
    }
    for (const host of ["[::1]:8420", "127.0.0.1", "lab.example.org:8420"]) {
      assert.equal((await ask("/api/runs", { headers: { host } })).status, 200, host);
    }
    const missing = await createApp({ runsFolder }).fetch(new Request("http://localhost/api/runs"));
    assert.equal(missing.status, 403);
  });
});

Deno.test("another machine gets 403 on every route, whatever Host it claims, unless further hosts are configured", async () => {
  await withRunsFolder(async (runsFolder) => {
    const ask = (hostname: string, path: string, hosts: string[] = []) =>
      createApp({ runsFolder, hosts }).fetch(
        new Request(`http://localhost${path}`, { headers: { host: "localhost" } }),
        { remoteAddr: { transport: "tcp", hostname, port: 40_000 } },
      );
    for (const path of ROUTES) {
      const response = await ask("192.168.1.7", path);
      assert.equal(response.status, 403, path);
      assert.equal(await codeOf(response), "peer.foreign");
    }
    for (const own of ["127.0.0.1", "::1"]) assert.equal((await ask(own, "/api/runs")).status, 200, own);
    assert.equal((await ask("192.168.1.7", "/api/runs", ["lab.example.org"])).status, 200);
  });
});

Deno.test("another site's page gets 403", async () => {
  await withApp(async (ask) => {
    for (const path of ["/api/runs", `/api/runs/${ID}/stream`, `/api/runs/${ID}/report`]) {
      const response = await ask(path, { headers: { origin: "http://evil.com" } });
      assert.equal(response.status, 403, path);
      assert.equal(await codeOf(response), "origin.foreign");
    }
    const response = await ask("/api/runs");
    assert.equal(response.headers.get("access-control-allow-origin"), null);
  });
});

Deno.test("paths that try to leave the runs folder get 404 and nothing else", async () => {
  await withApp(async (ask, runsFolder) => {
    await Deno.writeTextFile(join(runsFolder, "secret.txt"), "SECRET");
    await Deno.mkdir(join(runsFolder, `${ID}-x`));
    await Deno.writeTextFile(join(runsFolder, `${ID}-x`, "report.html"), "SECRET");
    const outside = `${runsFolder}-outside`;
    await Deno.mkdir(outside);
    await Deno.writeTextFile(join(outside, "report.html"), "SECRET");
    await Deno.writeTextFile(join(outside, "events.jsonl"), "SECRET\n");
    await Deno.symlink(outside, join(runsFolder, "20261122-101010-bts-demo-link"));
    await Deno.symlink(join(outside, "report.html"), join(runsFolder, ID, "report.html"));
    const ids = [
      "..",
      "../",
      "..%2f",
      "..%2fsecret.txt",
      "%2e%2e%2fsecret.txt",
      "%252e%252e%252fsecret.txt",
      "..%5c",
      "..\\",
      ";/../",
      "%23/../",
      "..;/",
      "%2fetc%2fpasswd",
      "//etc/passwd",
      "C:%5cWindows",
      "%5c%5chost%5cshare",
      "%00",
      `${ID}%00`,
      "a".repeat(5000),
      "20261122-101010-bts-demo-link",
      `${ID}-y`,
      ID.slice(0, -1),
      ID.toUpperCase(),
      `${ID}%2f..%2f${ID}`,
      "%",
      "%zz",
      "%c0%ae%c0%ae",
      "__proto__",
      "constructor",
      ".",
    ];
    for (const id of ids) {
      for (
        const path of [
          `/api/runs/${id}`,
          `/api/runs/${id}/events`,
          `/api/runs/${id}/stream`,
          `/api/runs/${id}/report`,
          `/runs/${id}`,
          `/static/${id}`,
        ]
      ) {
        const response = await ask(path);
        const text = await response.text();
        // The URL parser itself resolves `..` and `\`: then it is another, valid address.
        const resolved = new URL(`http://localhost${path}`).pathname;
        const fine = ["/", "/api/runs", "/api/runs/"].includes(resolved);
        assert.ok(response.status === 404 || fine, `${response.status} for ${path}`);
        assert.doesNotMatch(text, /SECRET|root:/, path);
      }
    }
    assert.equal((await ask(`/api/runs/${ID}/report`)).status, 404, "a report that is a symlink");
    await Deno.remove(outside, { recursive: true });
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
    assert.equal(await codeOf(await ask("/api/nothing", { headers: { accept: "text/html" } })), "route.unknown");
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

Deno.test("HEAD answers like GET without a body", async () => {
  await withApp(async (ask) => {
    for (const path of ROUTES) {
      const [head, get] = [await ask(path, { method: "HEAD" }), await ask(path)];
      assert.equal(head.status, get.status, path);
      assert.equal(head.headers.get("content-type"), get.headers.get("content-type"), path);
      assert.equal(await head.text(), "", path);
      await get.body?.cancel();
    }
  });
});

Deno.test("every response carries nosniff, a content security policy, an explicit type and no-referrer", async () => {
  await withApp(async (ask, runsFolder) => {
    await Deno.writeTextFile(join(runsFolder, ID, "report.html"), "<script>alert(1)</script>");
    for (const path of ROUTES) {
      for (const init of [{}, { method: "POST" }, { headers: { host: "evil.com" } }]) {
        const { status, headers, body } = await ask(path, init);
        const name = `${status} ${path}`;
        assert.equal(headers.get("x-content-type-options"), "nosniff", name);
        assert.equal(headers.get("referrer-policy"), "no-referrer", name);
        assert.match(headers.get("content-security-policy") ?? "", /default-src 'none'/, name);
        assert.match(headers.get("content-type") ?? "", /^[a-z]+\/[a-z+-]+/, name);
        if (path.startsWith("/api/")) assert.match(headers.get("cache-control") ?? "", /no-store/, name);
        await body?.cancel();
      }
    }
    for (const path of ["/", `/runs/${ID}`]) {
      const response = await ask(path);
      const policy = response.headers.get("content-security-policy")!;
      assert.match(policy, /script-src 'self'/);
      assert.doesNotMatch(policy, /unsafe/);
      assert.doesNotMatch(await response.text(), /<script(?![^>]* src=)|<style| on[a-z]+=| style=/);
    }
    const report = (await ask(`/api/runs/${ID}/report`)).headers.get("content-security-policy")!;
    assert.match(report, /sandbox/);
    assert.doesNotMatch(report, /script|allow-same-origin/);
  });
});

Deno.test("static files are scripts without types, revalidated by their tag", async () => {
  await withApp(async (ask) => {
    const page = await (await ask(`/runs/${ID}`)).text();
    const paths = [...page.matchAll(/(?:src|href)="(\/static\/[^"]+)"/g)].map(([, path]) => path!);
    assert.ok(paths.length >= 4);
    const seen = new Set<string>();
    while (paths.length > 0) {
      const path = paths.pop()!;
      if (seen.has(path)) continue;
      seen.add(path);
      const response = await ask(path);
      assert.equal(response.status, 200, path);
      const text = await response.text();
      const tag = response.headers.get("etag")!;
      assert.equal((await ask(path, { headers: { "if-none-match": tag } })).status, 304, path);
      if (!path.endsWith(".ts")) continue;
      for (const [, specifier] of text.matchAll(/^(?:import|export)\s[^;]*?from\s+"([^"]+)"/gm)) {
        paths.push(new URL(specifier!, `http://localhost${path}`).pathname);
      }
    }
    assert.ok(
      seen.has("/static/run/view/view.ts") && seen.has("/static/npm/uplot/dist/uPlot.esm.js"),
      [...seen].join(" "),
    );
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
