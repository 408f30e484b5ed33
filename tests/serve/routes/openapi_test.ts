// What the OpenAPI document says of the routes.
import assert from "node:assert/strict";
import { TABLES } from "../../../lib/serve/routes/tables.ts";
import { withRoutes } from "./all-routes.ts";

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
