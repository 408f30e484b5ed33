// What holds for every route: the tests walk over all that the app has, so that a new one is covered when it is added.
import assert from "node:assert/strict";
import { join } from "node:path";
import { createAccess, createApp } from "../../lib/serve/mod.ts";
import { TABLES } from "../../lib/serve/routes/tables.ts";
import { errorSchema } from "../../lib/serve/schemas.ts";
import { demoBodies } from "../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../run/fake-run.ts";
import { fakeSweep } from "../run/sweep-log.ts";

const RUN = "20261122-101010-bts-demo-aaaa";
const SWEEP = "20261122-101010-fake-sweep-aaaa";
const REPORT = "bts-demo-seeds-1-2";
const KEY = "a".repeat(64);
const SHA256 = "b".repeat(64);
const MARKUP = "<script>alert(1)</script>";
/** What a private server answers to everybody. */
const OPEN = ["/healthz"];
/** What parameters are in addresses that lead somewhere. A new parameter needs a value here. */
const EXAMPLES: Readonly<Record<string, string>> = { file: "1-code.diff", sha256: SHA256, report: REPORT };
/** What routes need beyond their path to answer 200. */
const QUERIES: Readonly<Record<string, string>> = Object.fromEntries(
  ["/api/series", "/api/series/names", "/api/series.csv"].map((path) => [path, `?run=${RUN}`]),
);

interface Route {
  readonly method: string;
  /** As it was added: `/runs/:id` */
  readonly path: string;
  /** An address that leads somewhere. */
  readonly address: string;
}

type Ask = (address: string, init?: RequestInit, peer?: string) => Promise<Response>;

/** Asks an app over a folder with a run and a sweep that have everything that can be asked for. */
async function withRoutes(
  body: (ask: Ask, routes: readonly Route[], runsFolder: string) => Promise<void>,
  access = createAccess(),
): Promise<void> {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, RUN);
    const bodies = demoBodies({ id: RUN, steps: 5 });
    const artifact = {
      name: "dir/model.bin",
      path: `.cells/${KEY}/dir/model.bin`,
      bytes: MARKUP.length,
      sha256: SHA256,
    };
    run.append([...bodies.slice(0, -1), { kind: "artifact", cell: "seed", ...artifact }, bodies.at(-1)!]);
    run.release();
    await fakeSweep(runsFolder, SWEEP);
    const write = async (...path: string[]) => {
      await Deno.mkdir(join(runsFolder, ...path.slice(0, -1)), { recursive: true });
      await Deno.writeTextFile(join(runsFolder, ...path), MARKUP);
    };
    await write(RUN, "report.html");
    await write(RUN, "gates.html");
    await write(RUN, "output.log");
    await write(RUN, "captured", "1-code.diff");
    await write("sweeps", SWEEP, "report.html");
    await write("reports", REPORT, "report.html");
    await write(".cells", KEY, "dir", "model.bin");
    const app = createApp({ runsFolder, access, abilities: { edit: true, stop: true } });
    const ask: Ask = async (address, init = {}, peer = "127.0.0.1") => {
      const headers = new Headers(init.headers);
      if (!headers.has("host")) headers.set("host", "localhost:8420");
      const request = new Request(`http://localhost:8420${address}`, { ...init, headers });
      return await app.fetch(request, { remoteAddr: { transport: "tcp", hostname: peer, port: 40_000 } });
    };
    const found = new Map<string, Route>();
    for (const { method, path } of app.routes) {
      if (method === "ALL" || path.includes("*")) continue;
      const id = path.includes("/sweeps/") ? SWEEP : RUN;
      const address = path.replace(/:(\w+)/g, (_, name: string) => {
        assert.ok(name === "id" || Object.hasOwn(EXAMPLES, name), `a value of :${name} for these tests`);
        return name === "id" ? id : EXAMPLES[name]!;
      });
      found.set(`${method} ${path}`, { method, path, address: address + (QUERIES[path] ?? "") });
    }
    const assets = ["/static/style.css", "/static/icon.svg", "/static/serve/client/common/session.ts"];
    const others = [...assets, "/nothing", "/sign-in", "/sign-in?next=/runs/x"].map((path) => ({
      method: "GET",
      path,
      address: path,
    }));
    await body(ask, [...found.values(), ...others], runsFolder);
  });
}

async function codeOf(response: Response): Promise<string> {
  assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
  return errorSchema.parse(await response.json()).error.code;
}

const drop = (response: Response) => response.body?.cancel();

/** A request as a program would make it: POSTs have a body of JSON. */
const initOf = ({ method }: Route): RequestInit =>
  method === "POST" ? { method, body: "{}", headers: { "content-type": "application/json" } } : { method };

Deno.test("the OpenAPI document describes every route of the API and no other, and its references resolve", () =>
  withRoutes(async (ask, routes) => {
    const document = await (await ask("/openapi.json")).json();
    const described = Object.entries(document.paths as Record<string, Record<string, unknown>>)
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
    const added = routes.filter(({ path }) => path.startsWith("/api/"))
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
    const typed = TABLES.flatMap((table) => Object.values(table))
      .map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    assert.deepEqual(described.sort(), added.sort());
    assert.deepEqual(typed.sort(), added, "what the typed client knows, lib/serve/routes/tables.ts");
    for (const [, name] of JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)) {
      assert.ok(document.components.schemas[name!], name);
    }
  }));

Deno.test("every route that reads answers 200 for what is there, and an error with a code for what is not", () =>
  withRoutes(async (ask, routes) => {
    for (const { method, path, address } of routes) {
      if (method !== "GET" || path === "/nothing") continue;
      const response = await ask(address);
      assert.equal(response.status, 200, address);
      await drop(response);
      if (!path.includes(":")) continue;
      const missing = await ask(
        [RUN, SWEEP, REPORT].reduce((text, there) => text.replaceAll(there, "20261122-101010-none"), address),
      );
      assert.equal(missing.status, 404, path);
      if (path.startsWith("/api/")) assert.match(await codeOf(missing), /\.unknown$/, path);
      else await drop(missing);
    }
  }));

Deno.test("a foreign, odd or missing Host, another machine and another site's page get 403 on every route", () =>
  withRoutes(async (ask, routes) => {
    for (const route of routes) {
      const init = initOf(route);
      const refused = async (headers: Record<string, string>, code: string, peer?: string) => {
        const response = await ask(route.address, { ...init, headers: { ...init.headers, ...headers } }, peer);
        assert.equal(response.status, 403, `${JSON.stringify(headers)} ${route.method} ${route.address}`);
        assert.equal(await codeOf(response), code);
      };
      for (const host of ["evil.com", "localhost.", "127.0.0.1.evil.com:8420", ""]) {
        await refused({ host }, "host.foreign");
      }
      for (const origin of ["http://evil.com", "null", "http://localhost:1"]) {
        await refused({ origin }, "origin.foreign");
      }
      await refused({ "sec-fetch-site": "cross-site" }, "origin.foreign");
      await refused({}, "peer.foreign", "192.168.1.7");
    }
    for (const host of ["[::1]:8420", "127.0.0.1", "LOCALHOST:1"]) {
      assert.equal((await ask("/api/runs", { headers: { host } })).status, 200, host);
    }
  }));

Deno.test("HEAD answers like GET without a body, and other methods get 405, on every route", () =>
  withRoutes(async (ask, routes) => {
    for (const route of routes) {
      const { method, path, address } = route;
      if (method === "GET") {
        const [head, get] = [await ask(address, { method: "HEAD" }), await ask(address)];
        for (const name of ["content-type", "content-disposition", "content-length", "etag"]) {
          assert.equal(head.headers.get(name), get.headers.get(name), `${name} ${address}`);
        }
        assert.equal(head.status, get.status, address);
        assert.equal(await head.text(), "", address);
        await drop(get);
      }
      if (path === "/nothing") continue;
      const taken = new Set(routes.filter((other) => other.path === path).map((other) => other.method));
      for (const other of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "GET"]) {
        if (taken.has(other)) continue;
        const response = await ask(address, {
          method: other,
          ...(other === "GET" || other === "OPTIONS" ? {} : { body: "{".repeat(100_000) }),
        });
        // What has no route of its own for this method is unknown.
        assert.ok(
          response.status === 405 || (path.startsWith("/sign-in") && response.status === 404),
          `${other} ${address}`,
        );
        if (response.status === 405) assert.ok(response.headers.get("allow")!.includes([...taken][0]!), address);
        assert.match(await codeOf(response), /^(method\.not-allowed|route\.unknown)$/);
      }
    }
  }));

Deno.test("every response carries nosniff, a content security policy, an explicit type and no-referrer", () =>
  withRoutes(async (ask, routes) => {
    for (const route of routes) {
      const { method, address } = route;
      for (const init of [initOf(route), { method: "DELETE" }, { method, headers: { host: "evil.com" } }]) {
        const response = await ask(address, init);
        const { status, headers } = response;
        const name = `${status} ${init.method} ${address}`;
        assert.equal(headers.get("x-content-type-options"), "nosniff", name);
        assert.equal(headers.get("referrer-policy"), "no-referrer", name);
        assert.equal(headers.get("access-control-allow-origin"), null, name);
        const policy = headers.get("content-security-policy") ?? "";
        assert.match(policy, /default-src 'none'/, name);
        assert.match(headers.get("content-type") ?? "", /^[a-z]+\/[a-z+-]+/, name);
        if (address.startsWith("/api/")) assert.match(headers.get("cache-control") ?? "", /no-store/, name);
        const text = address.includes("/stream") ? "" : await response.text();
        if (text === "") await drop(response);
        // Only our own pages may run scripts, and a user's file is data or in a sandbox.
        if (/^text\/html/.test(headers.get("content-type")!) && !policy.includes("sandbox")) {
          assert.match(policy, /require-trusted-types-for 'script'/, name);
          assert.doesNotMatch(policy, /unsafe/, name);
          assert.doesNotMatch(text, /<script(?![^>]* src=)|<style| on[a-z]+=| style=/, name);
        } else assert.match(policy, /sandbox|^default-src 'none'/, name);
        if (text === MARKUP) assert.match(policy, /sandbox/, name);
      }
    }
  }));

/** What clients may send instead of a name. */
const ESCAPES = [
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
  `${RUN}%00`,
  "a".repeat(5000),
  "20261122-101010-bts-demo-link",
  `${RUN}-y`,
  RUN.slice(0, -1),
  RUN.toUpperCase(),
  `${RUN}%2f..%2f${RUN}`,
  "1-link.diff",
  "%",
  "%zz",
  "%c0%ae%c0%ae",
  "__proto__",
  "constructor",
  ".",
];

Deno.test("no parameter of any route leads out of its folder: 404, and nothing of what is there", () =>
  withRoutes(async (ask, routes, runsFolder) => {
    const outside = `${runsFolder}-outside`;
    try {
      for (const place of [outside, join(runsFolder, `${RUN}-x`)]) {
        await Deno.mkdir(place);
        for (const name of ["report.html", "events.jsonl", "output.log"]) {
          await Deno.writeTextFile(join(place, name), "SECRET");
        }
      }
      await Deno.writeTextFile(join(runsFolder, "secret.txt"), "SECRET");
      await Deno.symlink(outside, join(runsFolder, "20261122-101010-bts-demo-link"));
      await Deno.symlink(outside, join(runsFolder, "reports", "20261122-101010-bts-demo-link"));
      await Deno.symlink(join(outside, "report.html"), join(runsFolder, RUN, "captured", "1-link.diff"));
      const pages = new Set(routes.filter(({ path }) => !path.includes(":")).map(({ path }) => path));
      const asset = { method: "GET", path: "/static/:name", address: "" };
      for (const { method, path } of [...routes.filter(({ path }) => path.includes(":")), asset]) {
        for (const parameter of path.match(/:\w+/g)!) {
          for (const escape of ESCAPES) {
            const id = path.includes("/sweeps/") ? SWEEP : RUN;
            const address = path.replace(parameter, escape).replace(/:(\w+)/g, (_, name) => EXAMPLES[name] ?? id);
            const init = { method, ...(method === "POST" ? { body: "{}" } : {}) };
            const response = await ask(address, init);
            // The URL parser itself resolves `..` and `\\`: then it is another address.
            const resolved = new URL(`http://localhost${address}`).pathname.replace(/(.)\/$/, "$1");
            const fine = pages.has(resolved) || routes.some((other) => other.address === resolved);
            const refused = method === "POST" ? [401, 404, 405, 415] : [404];
            assert.ok(refused.includes(response.status) || fine, `${response.status} ${method} ${address}`);
            const text = fine ? await drop(response) : await response.text();
            assert.doesNotMatch(text ?? "", /SECRET|root:/, address);
          }
        }
      }
    } finally {
      await Deno.remove(outside, { recursive: true });
    }
  }));

Deno.test("odd queries of any route get an answer, never a failure of the server", () =>
  withRoutes(async (ask, routes) => {
    const document = await (await ask("/openapi.json")).json();
    for (const { method, path, address } of routes) {
      if (method !== "GET") continue;
      const described = document.paths[path.replace(/:(\w+)/g, "{$1}")]?.get?.parameters ?? [];
      const names: string[] = described.filter((one: { in: string }) => one.in === "query").map((
        { name }: { name: string },
      ) => name);
      for (const name of [...names, "nothing"]) {
        for (
          const value of [
            "",
            "x",
            "-2",
            "1e999",
            "NaN",
            "99999999999999999999",
            "%00",
            "%",
            "<b>",
            "__proto__",
            "a".repeat(3_000),
          ]
        ) {
          const response = await ask(`${address}${address.includes("?") ? "&" : "?"}${name}=${value}`);
          assert.ok(response.status < 500, `${response.status} ${address} ${name}=${value.slice(0, 30)}`);
          if (response.status >= 400 && path !== "/nothing") assert.notEqual(await codeOf(response), "", address);
          else await drop(response);
        }
      }
    }
  }));

Deno.test("a private server answers nothing to who has not its token, by header or cookie, on every route", () => {
  const access = createAccess(true);
  const bearer = { authorization: `Bearer ${access.token}` };
  const cookie = { cookie: `other=1; stitchbook-8420=${access.cookie}` };
  return withRoutes(async (ask, routes) => {
    const page = { accept: "text/html" };
    for (const route of routes) {
      const { address, path } = route;
      const init = initOf(route);
      const send = (headers: Record<string, string>) =>
        ask(address, { ...init, headers: { ...init.headers, ...headers } });
      if (OPEN.includes(path) || path.startsWith("/static/")) {
        const response = await send({});
        assert.equal(response.status, 200, address);
        await drop(response);
        continue;
      }
      for (
        const headers of [
          {},
          { authorization: `Bearer ${access.token}x` },
          { authorization: `Bearer ${access.cookie}` },
          { authorization: `Basic ${access.token}` },
          { cookie: `stitchbook-8420=${access.token}` },
          { cookie: `stitchbook-8421=${access.cookie}` },
          { cookie: `stitchbook=${access.cookie}` },
        ]
      ) {
        const response = await send(headers as Record<string, string>);
        const asks = path.startsWith("/sign-in");
        assert.equal(response.status, 401, `${JSON.stringify(headers)} ${route.method} ${address}`);
        if (asks) assert.match(await response.text(), /name="token"/);
        else assert.match(await codeOf(response), /^access\.(missing|wrong)$/, address);
      }
      if (route.method === "GET" && !/^\/(?:api\/|openapi)/.test(address)) {
        const asked = await send(page);
        assert.equal(asked.status, 401, address);
        assert.match(await asked.text(), /name="token"/, address);
      }
      for (const good of [bearer, cookie]) {
        const response = await send(good);
        assert.ok(![401].includes(response.status), `${response.status} ${address}`);
        await drop(response);
      }
    }
  }, access);
});

Deno.test("every change wants who has signed in, a page's token, JSON, and a body of a bounded size", () => {
  const access = createAccess();
  const bearer = { authorization: `Bearer ${access.token}` };
  const json = { "content-type": "application/json" };
  return withRoutes(async (ask, routes) => {
    const stranger = await (await ask("/api/session")).json();
    assert.deepEqual(stranger, { token: null, edit: false, stop: false, signIn: true });
    const { token, ...able } = await (await ask("/api/session", { headers: bearer })).json();
    assert.deepEqual(able, { edit: true, stop: true, signIn: false });
    const mine = { ...bearer, ...json, "x-stitchbook-token": token };
    const changes = routes.filter(({ method }) => method !== "GET");
    assert.ok(changes.length > 0);
    for (const { method, address } of changes) {
      const refused = async (status: number, code: string, headers: Record<string, string>, body = "{}") => {
        const response = await ask(address, { method, headers, body });
        assert.equal(response.status, status, `${code} ${address}`);
        assert.equal(await codeOf(response), code, address);
      };
      await refused(401, "access.missing", { ...json, "x-stitchbook-token": token });
      await refused(401, "access.wrong", { ...mine, authorization: "Bearer x" });
      await refused(403, "token.missing", { ...bearer, ...json });
      await refused(403, "token.wrong", { ...mine, "x-stitchbook-token": `${token}x` });
      await refused(403, "token.wrong", { ...mine, "x-stitchbook-token": access.token });
      for (const type of ["application/x-www-form-urlencoded", "text/plain", ""]) {
        await refused(415, "body.type", { ...mine, "content-type": type });
      }
      await refused(403, "origin.foreign", { ...mine, origin: "http://evil.com" });
      await refused(403, "origin.foreign", { ...mine, "sec-fetch-site": "same-site" });
      for (const body of ["{", "", "[]", "null", '{"unknown":1}']) await refused(400, "body.malformed", mine, body);
      await refused(413, "body.size", mine, JSON.stringify({ text: "x".repeat(1 << 20) }));
    }
  }, access);
});

Deno.test("no token is in any response but that of `/api/session`", () => {
  const access = createAccess();
  return withRoutes(async (ask, routes) => {
    const bearer = { authorization: `Bearer ${access.token}` };
    const { token } = await (await ask("/api/session", { headers: bearer })).json();
    for (const { method, address } of routes) {
      if (method !== "GET" || address.includes("/stream")) continue;
      const response = await ask(address, { headers: bearer });
      const all = await response.text() + JSON.stringify([...response.headers]);
      for (const secret of [access.token, access.cookie, ...(address === "/api/session" ? [] : [token])]) {
        assert.ok(!all.includes(secret), address);
      }
    }
  }, access);
});
