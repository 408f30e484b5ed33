// Signing in: links become cookies, cookies are this server's alone, and nothing leads to another host.
import assert from "node:assert/strict";
import { createAccess, createApp, serve } from "../../lib/serve/mod.ts";
import { isSecret } from "../../lib/serve/access.ts";
import { linkTo } from "../../lib/run/mod.ts";
import { LOOSE, withPage } from "../chromium.ts";
import { optionalTest } from "../optional.ts";
import { demoBodies } from "../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../run/fake-run.ts";
import { eventually } from "../steady.ts";

const ID = "20261122-101010-bts-demo-aaaa";

function asker(access = createAccess()) {
  const app = createApp({ runsFolder: "/nonexistent", access, abilities: { edit: true, stop: true } });
  return async (path: string, headers: Record<string, string> = {}) =>
    await app.fetch(new Request(`http://localhost:8420${path}`, { headers: { host: "localhost:8420", ...headers } }));
}

Deno.test("a link's token becomes a strict cookie of this server, and the page's address has no token", async () => {
  const access = createAccess();
  const ask = asker(access);
  const { pathname, search } = new URL(linkTo("http://localhost:8420/runs/x?view=1", access.token));
  const answer = await ask(pathname + search);
  assert.deepEqual([answer.status, answer.headers.get("location")], [303, "/runs/x?view=1"]);
  const cookie = answer.headers.get("set-cookie")!;
  assert.match(cookie, /^stitchbook-8420=[\w-]{32}; Path=\/; HttpOnly; SameSite=Strict$/);
  assert.ok(!cookie.includes(access.token));
  const session = await (await ask("/api/session", { cookie: cookie.split(";")[0]! })).json();
  assert.equal(session.edit, true);
  // Neither another port's nor another server's cookie signs in.
  const elsewhere = { host: "localhost:8421", cookie: cookie.split(";")[0]! };
  assert.equal((await (await ask("/api/session", elsewhere)).json()).edit, false);
  assert.equal((await (await asker()("/api/session", { cookie: cookie.split(";")[0]! })).json()).edit, false);
});

Deno.test("a wrong token gets no cookie and a page that asks for the right one", async () => {
  const ask = asker();
  for (const token of ["", "x", createAccess().token]) {
    const answer = await ask(`/runs/x?token=${token}`);
    assert.deepEqual([answer.status, answer.headers.get("set-cookie")], [403, null]);
    assert.match(answer.headers.get("content-security-policy")!, /form-action 'self'/);
    assert.match(await answer.text(), /role="alert".*value="\/runs\/x"/s);
  }
});

Deno.test("data takes no token from an address, which logs and histories keep", async () => {
  const access = createAccess(true);
  const ask = asker(access);
  for (const path of ["/api/runs", "/openapi.json", "/api/session"]) {
    const answer = await ask(`${path}?token=${access.token}`);
    assert.deepEqual([answer.status, answer.headers.get("set-cookie")], [401, null], path);
  }
});

Deno.test("signing in leads to a page of this server, wherever else it is asked to lead", async () => {
  const access = createAccess();
  const ask = asker(access);
  for (
    const [next, expected] of [
      ["/runs/x?a=1", "/runs/x?a=1"],
      ["//evil.com/x", "/evil.com/x"],
      ["/\\evil.com", "/evil.com"],
      ["\\\\evil.com", "/evil.com"],
      ["https://evil.com/x", "/https://evil.com/x"],
      ["javascript:alert(1)", "/javascript:alert(1)"],
      ["/x\r\nset-cookie: a=b", "/xset-cookie:%20a=b"],
      ["", "/"],
    ] as const
  ) {
    const answer = await ask(`/sign-in?next=${encodeURIComponent(next)}&token=${access.token}`);
    assert.deepEqual([answer.status, answer.headers.get("location")], [303, expected], next);
    const page = await (await ask(`/sign-in?next=${encodeURIComponent(next)}`)).text();
    assert.ok(page.includes(`value="${expected}"`), page);
  }
  const twice = await ask(`//evil.com/?token=${access.token}`);
  assert.equal(twice.headers.get("location"), "/evil.com/");
});

Deno.test("a server that changes nothing and is not private has no token, and drops the one of an old link", async () => {
  const app = createApp({ runsFolder: "/nonexistent" });
  const answer = await app.fetch(new Request("http://localhost/?token=old", { headers: { host: "localhost" } }));
  assert.deepEqual([answer.status, answer.headers.get("location")], [303, "/"]);
  const server = serve({ runsFolder: "/nonexistent", port: 0, abilities: { edit: false, stop: false } });
  assert.equal(server.token, undefined);
  assert.equal(linkTo(server.url, server.token), server.url);
  await server.close();
});

Deno.test("`isSecret()` tells texts of any length apart", () => {
  assert.ok(isSecret("abc", "abc"));
  for (const text of ["", "ab", "abcd", "abd"]) assert.ok(!isSecret(text, "abc"));
});

optionalTest(
  "chromium",
  "a link signs a browser in, also from another site's page; without it pages only read, and private ones do not open",
  () =>
    withRunsFolder(async (runsFolder) => {
      const run = fakeRun(runsFolder, ID);
      run.append(demoBodies({ id: ID, steps: 5 }));
      run.release();
      const server = serve({ runsFolder, port: 0 }), own = serve({ runsFolder, port: 0, isPrivate: true });
      const [address, closed] = [server, own].map(({ url }) => `${url}runs/${ID}`) as [string, string];
      // Another site: the same machine by another name.
      const links = `<a id="a" href="${linkTo(closed, own.token)}">a</a><a id="b" href="${closed}">b</a>`;
      const site = Deno.serve(
        { port: 0, hostname: "127.0.0.1", onListen: () => {} },
        () => new Response(links, { headers: { "content-type": "text/html" } }),
      );
      try {
        await withPage(async (page, complaints) => {
          await page.goto(address);
          await page.getByRole("link", { name: /Sign in/ }).click();
          await page.getByRole("heading", { name: "Sign in" }).waitFor();
          await page.getByLabel("Token").fill("not it");
          await page.keyboard.press("Enter");
          await page.getByRole("alert").waitFor();
          await page.getByLabel("Token").fill(server.token!);
          await page.getByRole("button", { name: "Sign in" }).click();
          await page.getByRole("button", { name: "Remove", exact: true }).waitFor();
          assert.equal(page.url(), address);
          await page.getByRole("link", { name: /Sign in/ }).waitFor({ state: "detached" });
          assert.equal(await page.evaluate("document.cookie"), "");
          // The one complaint is about the answer 403 to the wrong token.
          await eventually(() => assert.equal(complaints.length, 1, complaints.join("\n")));

          const foreign = `http://localhost:${site.addr.port}/`;
          await page.goto(closed);
          await page.getByRole("heading", { name: "Sign in" }).waitFor();
          for (const [id, opens] of [["#b", false], ["#a", true], ["#b", true]] as const) {
            await page.goto(foreign);
            await page.locator(id).click();
            await (opens ? page.locator("#cells .cell").first() : page.getByLabel("Token")).waitFor();
            assert.equal(page.url(), closed);
          }
        });
      } finally {
        await Promise.all([server.close(), own.close(), site.shutdown()]);
      }
    }),
  LOOSE,
);
