// What pages may change, and everybody else may not: tokens, origins, bodies.
import assert from "node:assert/strict";
import { join } from "node:path";
import { labelsSchema, readPrompts } from "../../lib/run/mod.ts";
import { createAccess, createApp } from "../../lib/serve/mod.ts";
import { isOwnPost } from "../../lib/http/guard.ts";
import { createTokens } from "../../lib/serve/token.ts";
import { demoBodies } from "../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../run/fake-run.ts";
import { errorSchema, sessionResponseSchema } from "../../lib/serve/schemas.ts";

const ID = "20261122-101010-bts-demo-aaaa";
const ADDRESS = `/api/runs/${ID}/labels`;
type Send = (path: string, body: unknown, headers?: Record<string, string>, init?: RequestInit) => Promise<Response>;

async function withApp(
  body: (send: Send, token: string, runsFolder: string) => Promise<void>,
  options: { hosts?: string[]; abilities?: { edit: boolean; stop: boolean } } = {},
): Promise<void> {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    run.append(demoBodies({ id: ID, steps: 5 }));
    run.release();
    const access = createAccess();
    const app = createApp({ runsFolder, access, ...options });
    const ask = async (path: string, init: RequestInit) => {
      const headers = { host: "localhost", authorization: `Bearer ${access.token}`, ...init.headers };
      return await app.fetch(new Request(`http://localhost${path}`, { ...init, headers }));
    };
    const session = sessionResponseSchema.parse(await (await ask("/api/session", {})).json());
    const token = session.token!;
    await body(
      (path, body, headers = { "x-stitchbook-token": token }, init = {}) =>
        ask(path, {
          method: "POST",
          body: typeof body === "string" ? body : JSON.stringify(body),
          ...init,
          headers: { "content-type": "application/json", ...headers },
        }),
      token,
      runsFolder,
    );
  });
}

async function refused(response: Response, status: number, code: string): Promise<void> {
  assert.equal(response.status, status);
  assert.equal(errorSchema.parse(await response.json()).error.code, code);
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
}

Deno.test("a page with the token names, tags and notes a run, under the rules of the commands", () =>
  withApp(async (send) => {
    for (const label of [{ kind: "name", name: "best" }, { kind: "tags", add: ["good"], remove: [] }]) {
      assert.equal((await send(ADDRESS, label)).status, 200);
    }
    const last = labelsSchema.parse(await (await send(ADDRESS, { kind: "note", text: "<b>hm</b>" })).json());
    assert.deepEqual([last.name, last.tags, last.notes[0]!.text], ["best", ["good"], "<b>hm</b>"]);
    await refused(await send(ADDRESS, { kind: "name", name: "last" }), 400, "label.name");
    await refused(await send(ADDRESS, { kind: "tags", add: ["<b>"], remove: [] }), 400, "label.tag");
    await refused(await send(ADDRESS, { kind: "note", text: " " }), 400, "label.note");
    await refused(
      await send(`/api/runs/20261122-101010-bts-none-aaaa/labels`, { kind: "note", text: "x" }),
      404,
      "run.unknown",
    );
    await refused(await send(`/api/runs/..%2f${ID}/labels`, { kind: "note", text: "x" }), 404, "run.unknown");
  }));

Deno.test("prompts are kept up to their own size, and refused if they are not what the page sends", () =>
  withApp(async (send, _token, runsFolder) => {
    const address = `/api/runs/${ID}/prompts`;
    const answer = { model: "bts", without: null, gates: null, tokens: 1, seconds: 1, finish: "stop" };
    const prompt = (text: string) => ({
      prompt: "x",
      chat: false,
      temperature: 0,
      maxTokens: 1,
      seed: 0,
      answers: [{ ...answer, pieces: [{ text, gates: null }] }],
    });
    assert.equal((await send(address, prompt("<b>".repeat(100_000)))).status, 200); // more than labels may have
    assert.equal((await readPrompts(join(runsFolder, ID))).length, 1);
    await refused(await send(address, prompt("x".repeat(2 ** 20))), 413, "body.size");
    await refused(await send(address, { ...prompt("x"), answers: [] }), 400, "body.malformed");
    await refused(await send(address, { ...prompt("x"), more: 1 }), 400, "body.malformed");
    await refused(await send("/api/runs/20261122-101010-bts-none-aaaa/prompts", prompt("x")), 404, "run.unknown");
    await refused(await send(address, prompt("x"), {}), 403, "token.missing");
    assert.equal((await readPrompts(join(runsFolder, ID))).length, 1);
  }));

Deno.test("a run is removed and brought back; one that nobody writes cannot be stopped", () =>
  withApp(async (send, _, runsFolder) => {
    await refused(await send(`/api/runs/${ID}/stop`, {}), 409, "stop.over");
    assert.equal((await send(`/api/runs/${ID}/remove`, {})).status, 200);
    await assert.rejects(Deno.stat(join(runsFolder, ID)), Deno.errors.NotFound);
    await refused(await send(`/api/runs/${ID}/remove`, {}), 404, "run.unknown");
    assert.deepEqual(await (await send("/api/undo", {})).json(), { restored: [ID] });
    await Deno.stat(join(runsFolder, ID));
    await refused(await send("/api/undo", {}), 409, "trash.empty");
  }));

Deno.test("without the token, with a wrong or an old one, nothing changes", () =>
  withApp(async (send, token, runsFolder) => {
    const note = { kind: "note", text: "x" };
    await refused(await send(ADDRESS, note, {}), 403, "token.missing");
    for (const wrong of ["x", `${token}x`, token.slice(0, -1), createTokens().issue(), ".", "a.".padEnd(45, "A")]) {
      await refused(await send(ADDRESS, note, { "x-stitchbook-token": wrong }), 403, "token.wrong");
    }
    await refused(await send(`${ADDRESS}?token=${token}`, note, {}), 403, "token.missing");
    await assert.rejects(Deno.stat(join(runsFolder, ID, "labels.jsonl")), Deno.errors.NotFound);
  }));

Deno.test("`createTokens()` gives tokens that are good for 12 hours and with no other server", () => {
  const tokens = createTokens();
  const now = Date.now();
  const token = tokens.issue(now);
  assert.equal(tokens.check(token, now), "good");
  assert.equal(tokens.check(token, now + 12 * 3_600_000 - 1), "good");
  assert.equal(tokens.check(token, now + 12 * 3_600_000), "expired");
  assert.equal(tokens.check(token, now - 1), "expired", "not from the future");
  assert.equal(createTokens().check(token, now), "wrong");
  const [issued, seal] = token.split(".");
  assert.equal(tokens.check(`${(now + 1).toString(36)}.${seal}`, now), "wrong");
  assert.equal(tokens.check(`${issued}.${"A".repeat(43)}`, now), "wrong");
});

Deno.test("form posts, other sites, wrong types and wrong bodies are refused", () =>
  withApp(async (send, token) => {
    const note = { kind: "note", text: "x" };
    const mine = { "x-stitchbook-token": token };
    for (const type of ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", ""]) {
      await refused(await send(ADDRESS, note, { ...mine, "content-type": type }), 415, "body.type");
    }
    for (
      const foreign of [
        { origin: "http://evil.com" },
        { origin: "null" },
        { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" },
        { "sec-fetch-site": "same-site" },
        { "sec-fetch-site": "none", origin: "http://localhost:1" },
      ]
    ) {
      await refused(
        await send(ADDRESS, note, { ...mine, ...foreign } as Record<string, string>),
        403,
        "origin.foreign",
      );
    }
    await refused(await send(ADDRESS, "{"), 400, "body.malformed");
    await refused(await send(ADDRESS, ""), 400, "body.malformed");
    for (
      const body of [[], null, 1, {}, { kind: "name" }, { ...note, more: 1 }, { kind: "tags", add: "x", remove: [] }]
    ) {
      await refused(await send(ADDRESS, body), 400, "body.malformed");
    }
    await refused(await send(ADDRESS, { kind: "note", text: "x".repeat(40_000) }), 413, "body.size");
  }));

Deno.test("actions take POST alone, and everything else takes none", () =>
  withApp(async (send, token) => {
    const mine = { "x-stitchbook-token": token };
    for (const method of ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      const init = { method, ...(method === "GET" || method === "HEAD" ? { body: null } : {}) };
      assert.equal((await send(ADDRESS, {}, mine, init)).status, 405, method);
    }
    for (const path of ["/", "/api/runs", `/api/runs/${ID}`, "/api/session"]) {
      assert.equal((await send(path, {}, mine)).status, 405, path);
    }
    for (const path of [`${ADDRESS}/x`, "/api/undo/"]) assert.equal((await send(path, {}, mine)).status, 404, path);
  }));

Deno.test("a server without the permissions, or with further hosts, changes nothing and says so", async () => {
  for (const options of [{ abilities: { edit: false, stop: false } }, { hosts: ["lab.example.org"] }]) {
    await withApp(async (send) => {
      for (const path of [ADDRESS, `/api/runs/${ID}/stop`, `/api/runs/${ID}/remove`, "/api/undo"]) {
        await refused(await send(path, {}), 403, "action.unable");
      }
    }, options);
  }
});

Deno.test("`isOwnPost()` lets our own pages and programs in", () => {
  const check = (headers: Record<string, string>) => isOwnPost(new Headers({ host: "localhost:8420", ...headers }));
  assert.equal(check({}), true);
  assert.equal(check({ origin: "http://localhost:8420", "sec-fetch-site": "same-origin" }), true);
  assert.equal(check({ origin: "http://localhost:8421" }), false);
  assert.equal(check({ "sec-fetch-site": "none" }), false, "no address bar posts");
});
