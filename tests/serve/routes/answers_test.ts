// What every route answers: to what is there and what is not, to HEAD and other methods, to odd queries.
import assert from "node:assert/strict";
import { codeOf, drop, REPORT, RUN, SWEEP, withRoutes } from "./all-routes.ts";

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
