// Whom no route answers, and what every response says to browsers.
import assert from "node:assert/strict";
import { codeOf, drop, initOf, MARKUP, withRoutes } from "./all-routes.ts";

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
