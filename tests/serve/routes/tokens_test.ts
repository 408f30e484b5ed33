// What the tokens of a server keep from whom, on every route.
import assert from "node:assert/strict";
import { createAccess } from "../../../lib/serve/mod.ts";
import { codeOf, drop, initOf, OPEN, withRoutes } from "./all-routes.ts";

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
