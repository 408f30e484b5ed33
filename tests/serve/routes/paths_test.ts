// No parameter of a route leads out of its folder.
import assert from "node:assert/strict";
import { join } from "node:path";
import { drop, EXAMPLES, RUN, SWEEP, withRoutes } from "./all-routes.ts";

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
