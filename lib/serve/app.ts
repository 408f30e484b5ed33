// The HTTP app: a stateless fetch handler over the folders of runs. It reads; with a page's token it also changes them.
import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { etag } from "hono/etag";
import { HTTPException } from "hono/http-exception";
import { methodNotAllowed } from "hono/method-not-allowed";
import { explainError, UserError } from "../errors.ts";
import {
  commonHeaders,
  dataByDefault,
  isAllowedHost,
  isLoopbackAddress,
  isOwnPost,
  isSameOrigin,
  peerOf,
} from "../http/mod.ts";
import { type Abilities, abilities, addActionRoutes, NO_ABILITIES } from "./routes/actions.ts";
import { problem } from "./routes/answers.ts";
import type { Access } from "./access.ts";
import { loadAssets } from "./assets.ts";
import { createFeeds, type Feeds } from "./feeds.ts";
import { createFoldStore, type FoldStore, tableReader } from "../run/mod.ts";
import { ASSET_POLICY } from "./headers.ts";
import { addArtifactRoutes } from "./routes/artifacts.ts";
import { addCompareRoutes } from "./routes/compare.ts";
import { addFigureRoutes } from "./routes/figures.ts";
import { addProcessRoutes } from "./routes/process.ts";
import { addModelsRoute } from "./routes/models.ts";
import { addProvenanceRoutes } from "./routes/provenance.ts";
import { addReportRoutes } from "./routes/reports.ts";
import { addRunRoutes } from "./routes/runs.ts";
import { addSeriesRoutes } from "./routes/series.ts";
import { addSweepRoutes } from "./routes/sweeps.ts";
import { signIn } from "./routes/sign-in.ts";
import { addTableRoutes } from "./routes/table.ts";
import { addTrashRoutes } from "./routes/trash.ts";

export interface AppOptions {
  /** The folder that holds the runs, one folder each. */
  readonly runsFolder: string;
  /**
   * Host names that the server answers to besides the loopback ones, such as `lab.example.org`. Without any, requests from
   * other machines are refused too, if the server knows the peer: `deno serve` listens on all addresses. @default []
   */
  readonly hosts?: readonly string[];
  /** Time between keep-alive comments of a stream. @default 15_000 */
  readonly keepAliveMs?: number;
  /** Who may change something, or read. @default everybody reads, and nobody changes anything */
  readonly access?: Access | undefined;
  /** What may be changed by those who may. @default what this process has permission for */
  readonly abilities?: Abilities;
  /** Whether models are served at the same address, below `/v1`. @default false */
  readonly models?: boolean;
  /** What runs are read through. @default a store that keeps folds beside long logs where the app may edit */
  readonly folds?: FoldStore;
  /** What the event streams read from, for callers that must end them. @default those of the runs folder */
  readonly feeds?: Feeds;
}

/**
 * The app whose `fetch` answers every request.
 *
 * It answers only this machine, loopback hosts and `hosts`, and only its own pages and programs. Changes are POST requests
 * of those who have signed in, with a page's token, and are never allowed where other hosts are served. No path comes from the client: `lib/run` matches run
 * ids against a pattern and looks them up in the folder's listing.
 */
export function createApp(options: AppOptions): OpenAPIHono {
  const { runsFolder, hosts = [], keepAliveMs, models = false, access } = options;
  const app = new OpenAPIHono();
  const able = hosts.length > 0 ? NO_ABILITIES : options.abilities ?? abilities(runsFolder);
  const { folds = createFoldStore(runsFolder, { writable: able.edit }) } = options;
  const { feeds = createFeeds(runsFolder, folds) } = options;
  const table = tableReader(runsFolder, able.edit, (error) => {
    console.error(`The table of runs may be old, because its index cannot be updated: ${explainError(error)}`);
  });

  app.use(commonHeaders, dataByDefault, guard(hosts), signIn(access));
  app.use(methodNotAllowed({
    app,
    onMethodNotAllowed(c, methods) {
      c.header("allow", methods.join(", "));
      return problem(c, 405, "method.not-allowed", `This URL takes only ${methods.join(" and ")}`);
    },
  }));

  addAssets(app);
  addRunRoutes(app, { runsFolder, folds, table, feeds }, keepAliveMs);
  addProvenanceRoutes(app, runsFolder);
  addSeriesRoutes(app, folds);
  addArtifactRoutes(app, runsFolder, folds);
  addProcessRoutes(app, runsFolder);
  addFigureRoutes(app, folds);
  addSweepRoutes(app, runsFolder);
  addTableRoutes(app, table);
  addReportRoutes(app, runsFolder, table);
  addTrashRoutes(app, runsFolder);
  addCompareRoutes(app, runsFolder, folds);
  addActionRoutes(app, runsFolder, able, access, table);

  addModelsRoute(app, models);

  app.doc31("/openapi.json", {
    openapi: "3.1.0",
    info: {
      title: "Stitchbook",
      version: "1",
      description: "Runs as data, on loopback only. Changes are POST requests of those who have signed in: with the " +
        "server's token, or with the cookie that its link gives to browsers. A private server wants that for reading, too.",
      license: { name: "Apache-2.0" },
    },
  });
  app.get("/healthz", (c) => c.json({ ok: true }));

  app.notFound((c) => problem(c, 404, "route.unknown", "There is nothing at this address"));
  app.onError(explain);
  return app;
}

/** The pages' scripts and styles. A browser asks again on each visit and gets 304. */
function addAssets(app: OpenAPIHono): void {
  app.use("/static/*", etag());
  app.get("/static/*", async (c) => {
    const { files } = await loadAssets();
    const asset = files.get(c.req.path.slice("/static/".length));
    if (asset === undefined) return problem(c, 404, "route.unknown", "There is no such file");
    c.header("content-security-policy", ASSET_POLICY);
    c.header("cache-control", "no-cache");
    c.header("etag", `"${asset.tag}"`);
    c.header("vary", "accept-encoding");
    if (asset.gzipped === undefined || !/\bgzip\b/.test(c.req.header("accept-encoding") ?? "")) {
      return c.body(asset.body, 200, { "content-type": asset.type });
    }
    c.header("content-encoding", "gzip");
    return c.body(asset.gzipped, 200, { "content-type": asset.type });
  });
}

/** Refuses other machines, other host names, and other sites' pages. */
function guard(hosts: readonly string[]): MiddlewareHandler {
  return async (c, next) => {
    const { headers } = c.req.raw;
    const peer = peerOf(c.env);
    if (hosts.length === 0 && peer !== undefined && !isLoopbackAddress(peer)) {
      return problem(c, 403, "peer.foreign", "This server answers only to its own machine");
    }
    if (!isAllowedHost(c.req.header("host"), hosts)) {
      return problem(c, 403, "host.foreign", "This server answers only to loopback names, such as localhost");
    }
    // hono's csrf() checks form posts only, and is satisfied with either header; reading is protected here too.
    if (!isSameOrigin(headers) || (c.req.method === "POST" && !isOwnPost(headers))) {
      return problem(c, 403, "origin.foreign", "This server answers only to its own pages");
    }
    await next();
  };
}

function explain(error: Error, c: Context): Response {
  if (error instanceof HTTPException && error.status === 400) {
    return problem(c, 400, "body.malformed", "The body is not JSON");
  }
  if (error instanceof UserError) {
    const { code, message, hint } = error;
    return problem(c, statusOf(error), code, hint === undefined ? message : `${message}; ${hint}`);
  }
  console.error(explainError(error));
  return problem(c, 500, "server.failed", "The server could not answer; its terminal shows why");
}

/** The HTTP status of a user's error: some are conflicts, and some are files that the server may not read. */
function statusOf({ code }: UserError): 400 | 409 | 500 {
  if (code.endsWith(".unreadable")) return 500;
  return code.startsWith("stop.") || code.startsWith("trash.") ? 409 : 400;
}
