// Every route of an app with everything that can be asked for, so that tests cover a new one when it is added.
import assert from "node:assert/strict";
import { join } from "node:path";
import { createAccess, createApp } from "../../../lib/serve/mod.ts";
import { errorSchema } from "../../../lib/serve/schemas.ts";
import { demoBodies } from "../../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../../run/fake-run.ts";
import { fakeSweep } from "../../run/sweep-log.ts";

export const RUN = "20261122-101010-bts-demo-aaaa";
export const SWEEP = "20261122-101010-fake-sweep-aaaa";
export const REPORT = "bts-demo-seeds-1-2";
const KEY = "a".repeat(64);
const SHA256 = "b".repeat(64);
export const MARKUP = "<script>alert(1)</script>";
/** What a private server answers to everybody. */
export const OPEN = ["/healthz"];
/** What parameters are in addresses that lead somewhere. A new parameter needs a value here. */
export const EXAMPLES: Readonly<Record<string, string>> = { file: "1-code.diff", sha256: SHA256, report: REPORT };
/** What routes need beyond their path to answer 200. */
const QUERIES: Readonly<Record<string, string>> = Object.fromEntries(
  ["/api/series", "/api/series/names", "/api/series.csv", "/compare.svg"].map((path) => [path, `?run=${RUN}`]),
);

/** A route of the app. */
export interface Route {
  readonly method: string;
  /** As it was added: `/runs/:id` */
  readonly path: string;
  /** An address that leads somewhere. */
  readonly address: string;
}

/** Sends a request. @param peer the address of the client */
export type Ask = (address: string, init?: RequestInit, peer?: string) => Promise<Response>;

/** Asks an app over a folder with a run and a sweep that have everything that can be asked for. */
export async function withRoutes(
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
    const assets = ["/static/style.css", "/static/icon.svg", "/static/run.js"];
    const others = [...assets, "/nothing", "/sign-in", "/sign-in?next=/runs/x"].map((path) => ({
      method: "GET",
      path,
      address: path,
    }));
    await body(ask, [...found.values(), ...others], runsFolder);
  });
}

/** The code of an error. */
export async function codeOf(response: Response): Promise<string> {
  assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
  return errorSchema.parse(await response.json()).error.code;
}

/** Reads no further. */
export const drop = (response: Response) => response.body?.cancel();

/** A request as a program would make it: POSTs have a body of JSON. */
export const initOf = ({ method }: Route): RequestInit =>
  method === "POST" ? { method, body: "{}", headers: { "content-type": "application/json" } } : { method };
