// The HTTP app: a stateless fetch handler over the folders of runs. It reads, and changes what a page with its token asks.
import { type Context, Hono } from "hono";
import { explainError, UserError } from "../errors.ts";
import { readEvents, readLabels, readRun, readStatus, runFolder } from "../run/mod.ts";
import { loadAssets } from "./assets.ts";
import { createFeeds, type Feeds } from "./feed.ts";
import { type Abilities, abilities, ACTIONS, addActionRoutes } from "./action-routes.ts";
import { html, problem, unknownRun } from "./answers.ts";
import { isAllowedHost, isLoopbackAddress, isOwnPost, isSameOrigin } from "./guard.ts";
import { REPORT_POLICY, secure } from "./headers.ts";
import { addMadeRoutes } from "./made-routes.ts";
import { openApiDocument } from "./openapi.ts";
import { HOME_PAGE, MISSING_PAGE, RUN_PAGE } from "./pages.ts";
import { hasReport, readReport } from "./report.ts";
import { createRunList } from "./runs.ts";
import type { EventsResponse, RunListResponse, RunResponse, StatusResponse } from "./schemas.ts";
import { eventStream } from "./stream.ts";
import { addSweepRoutes } from "./sweep-routes.ts";

export interface AppOptions {
  /** The folder that holds the runs, one folder each. */
  readonly runsFolder: string;
  /**
   * Names by which the server may be asked besides the loopback ones, such as `lab.example.org`. With none, other machines
   * are refused too, where the server says who asks: `deno serve` listens on all addresses. @default []
   */
  readonly hosts?: readonly string[];
  /** Time between keep-alive comments of a stream. @default 15_000 */
  readonly keepAliveMs?: number;
  /** What the pages may change. @default what this process has the permission to */
  readonly abilities?: Abilities;
  /** What the event streams read from, for whoever must end them. @default the runs folder's */
  readonly feeds?: Feeds;
}

/** How long a reader that resumes waits to hear whether the run is over. */
const RESUME_PATIENCE_MS = 250;

/**
 * The app whose `fetch` answers every request.
 *
 * Only this machine, loopback hosts and `hosts` are answered, only to our own pages and to programs. What changes something
 * is asked by POST, with a token, and never where other hosts are served. No path comes from the client: `lib/run` matches run ids against a pattern and looks them up in the folder's listing.
 */
export function createApp(options: AppOptions): Hono {
  const { runsFolder, hosts = [], keepAliveMs, feeds = createFeeds(runsFolder) } = options;
  const runList = createRunList(runsFolder);
  const assets = loadAssets();
  const app = new Hono();
  const able = hosts.length > 0 ? { edit: false, stop: false } : options.abilities ?? abilities(runsFolder);

  app.use(async (c, next) => {
    const refusal = refuse(c, hosts);
    if (refusal !== undefined) c.res = refusal;
    else await next();
    secure(c.res.headers);
  });

  app.get("/", (c) => html(c, HOME_PAGE));

  app.get("/runs/:id", async (c) => {
    const known = await runFolder(runsFolder, c.req.param("id")) !== undefined;
    return known ? html(c, RUN_PAGE) : html(c, MISSING_PAGE, 404);
  });

  app.get("/static/*", (c) => {
    const asset = assets.get(c.req.path.slice("/static/".length));
    if (asset === undefined) return problem(c, 404, "route.unknown", "There is no such file");
    c.header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox");
    c.header("cache-control", "no-cache");
    c.header("etag", asset.etag);
    if (c.req.header("if-none-match") === asset.etag) return c.body(null, 304);
    return c.body(asset.body, 200, { "content-type": asset.type });
  });

  app.get("/api/runs", async (c) => c.json({ runs: await runList() } satisfies RunListResponse));

  app.get("/api/runs/:id", async (c) => {
    const run = await readRun(runsFolder, c.req.param("id"));
    const folder = run && await runFolder(runsFolder, run.id);
    if (run === undefined || folder === undefined) return unknownRun(c);
    const [report, labels] = [await hasReport(runsFolder, run.id), await readLabels(folder)];
    return c.json({ run, report, labels, runsFolder } satisfies RunResponse);
  });

  app.get("/api/runs/:id/status", async (c) => {
    const status = await readStatus(runsFolder, c.req.param("id"));
    return status === undefined ? unknownRun(c) : c.json(status satisfies StatusResponse);
  });

  app.get("/api/runs/:id/events", async (c) => {
    const after = position(c.req.query("after"));
    if (after === undefined) return badPosition(c);
    const contents = await readEvents(runsFolder, c.req.param("id"), { after });
    return contents === undefined ? unknownRun(c) : c.json(contents satisfies EventsResponse);
  });

  app.get("/api/runs/:id/stream", async (c) => {
    const id = c.req.param("id");
    if (await runFolder(runsFolder, id) === undefined) return unknownRun(c);
    // A browser that reconnects sends the last id it saw; that is newer than what the address says.
    const after = position(c.req.header("last-event-id") ?? c.req.query("after"));
    if (after === undefined) return badPosition(c);
    c.header("content-type", "text/event-stream; charset=utf-8");
    c.header("cache-control", "no-store, no-transform");
    c.header("x-accel-buffering", "no");
    if (c.req.method === "HEAD") return c.body(null);
    const subscription = feeds.subscribe(id, after);
    // 204 tells a browser to stop reconnecting: this run will say nothing more.
    if (after >= 0 && !await subscription.hasMore(RESUME_PATIENCE_MS)) {
      subscription.close();
      return new Response(null, { status: 204 });
    }
    return c.body(eventStream(subscription, keepAliveMs));
  });

  app.get("/api/runs/:id/report", async (c) => {
    const id = c.req.param("id");
    if (await runFolder(runsFolder, id) === undefined) return unknownRun(c);
    const report = await readReport(runsFolder, id);
    if (report === undefined) return problem(c, 404, "report.missing", "This run has no report yet");
    c.header("content-security-policy", REPORT_POLICY);
    return c.body(report, 200, { "content-type": "text/html; charset=utf-8" });
  });

  addMadeRoutes(app, runsFolder);
  addSweepRoutes(app, runsFolder);
  addActionRoutes(app, runsFolder, able);

  app.get("/openapi.json", (c) => c.json(openApiDocument()));
  app.get("/healthz", (c) => c.json({ ok: true }));

  app.notFound((c) =>
    c.req.header("accept")?.includes("text/html") && !c.req.path.startsWith("/api/")
      ? html(c, MISSING_PAGE, 404)
      : problem(c, 404, "route.unknown", "There is no such address")
  );
  app.onError((error, c) => {
    const mine = error instanceof UserError;
    if (!mine) console.error(explainError(error));
    const response = mine
      ? problem(
        c,
        error.code.startsWith("stop.") || error.code.startsWith("trash.") ? 409 : 400,
        error.code,
        error.message,
      )
      : problem(c, 500, "server.failed", "The server could not answer; its terminal shows why");
    secure(response.headers);
    return response;
  });
  return app;
}

function refuse(c: Context, hosts: readonly string[]): Response | undefined {
  const peer = peerOf(c.env);
  if (hosts.length === 0 && peer !== undefined && !isLoopbackAddress(peer)) {
    return problem(c, 403, "peer.foreign", "This server answers only to its own machine");
  }
  if (!isAllowedHost(c.req.header("host"), hosts)) {
    return problem(c, 403, "host.foreign", "This server answers only to loopback names, such as localhost");
  }
  if (!isSameOrigin(c.req.raw.headers)) {
    return problem(c, 403, "origin.foreign", "This server answers only to its own pages");
  }
  const acts = ACTIONS.test(c.req.path);
  if (c.req.method === "POST" && acts) {
    return isOwnPost(c.req.raw.headers)
      ? undefined
      : problem(c, 403, "origin.foreign", "This server answers only to its own pages");
  }
  if (acts || (c.req.method !== "GET" && c.req.method !== "HEAD")) {
    const allowed = acts ? "POST" : "GET, HEAD";
    c.header("allow", allowed);
    return problem(c, 405, "method.not-allowed", `Only ${allowed.replace(",", " and")} is answered here`);
  }
  return undefined;
}

/** The address of who asks, which `Deno.serve` and `deno serve` give along with a request; undefined when not given. */
function peerOf(info: unknown): string | undefined {
  const { remoteAddr } = (info ?? {}) as Partial<Deno.ServeHandlerInfo>;
  return remoteAddr !== undefined && "hostname" in remoteAddr ? remoteAddr.hostname : undefined;
}

/** `-1` (from the start) when absent, undefined when it is not a position. */
function position(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return -1;
  return /^(?:-1|\d{1,15})$/.test(text) ? Number(text) : undefined;
}

function badPosition(c: Context): Response {
  return problem(c, 400, "position.malformed", "The position must be the seq of an event: a whole number, 0 or more");
}
