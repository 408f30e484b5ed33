// Runs as data: the list, one run, its events so far and as they happen, its report.
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { compress } from "hono/compress";
import { etag } from "hono/etag";
import {
  type FoldStore,
  type Labels,
  listReports,
  matchingIds,
  readEvents,
  readLabels,
  readPrompts,
  readRun,
  runFolder,
  sweepFolder,
  sweepOf,
  type TableReader,
} from "../../run/mod.ts";
import { loadAssets } from "../assets.ts";
import { missingText } from "../compare/gather.ts";
import { body, html, json, problem, read, refused, runParams, unknownRun } from "./answers.ts";
import type { Feeds } from "../feeds.ts";
import { PlainRunPage } from "../pages/plain-run.tsx";
import { RunPage } from "../pages/run.tsx";
import { figuresOf } from "./figures.ts";
import { hasPage, pageAnswer } from "./folder-pages.ts";
import {
  eventsResponseSchema,
  promptsResponseSchema,
  runListResponseSchema,
  runResponseSchema,
  statusResponseSchema,
} from "../schemas.ts";
import { eventStream } from "../stream.ts";

/** How long a reader that resumes waits to hear whether the run is over. */
const RESUME_PATIENCE_MS = 250;

const after = z.string().optional().openapi({
  type: "integer",
  minimum: -1,
  default: -1,
  description: "Only events with a greater `seq`",
});
const lastEventId = z.string().optional().openapi({
  type: "integer",
  minimum: 0,
  description: "Like `after`, and overrides it; browsers send it when they reconnect",
});

const filter = z.string().max(1_000).optional().openapi({
  description:
    "Words, and terms such as `seed:2`, `model.width:>64` or `tag:good`; a run must satisfy all of them to be among `matching`",
});

const points = z.enum(["all", "recent"]).default("all").openapi({
  description: "`recent`: of each cell only its last points, and the last value of every metric",
});

const params = runParams;
/** What the API has of this. */
export const routes = {
  list: read("/api/runs", "All runs, newest first", json("The runs", runListResponseSchema), {
    query: z.object({ filter }),
  }),
  run: read("/api/runs/{id}", "One run with its cells", json("The run", runResponseSchema), {
    params,
    query: z.object({ points }),
  }),
  status: read(
    "/api/runs/{id}/status",
    "The run's status and the time of its last event",
    json("The status", statusResponseSchema),
    { params },
  ),
  events: read("/api/runs/{id}/events", "The run's events so far", json("The events", eventsResponseSchema), {
    params,
    query: z.object({ after }),
  }),
  stream: createRoute({
    method: "get",
    path: "/api/runs/{id}/stream",
    summary: "The run's events as they happen; `id` is `seq`, `data` an event; ends after `run.end`",
    request: {
      params,
      query: z.object({ after }),
      headers: z.object({ "last-event-id": lastEventId }),
    },
    responses: {
      200: body("Server-sent events", "text/event-stream"),
      204: { description: "The run is over and has no further events" },
      default: refused,
    },
  }),
  prompts: read(
    "/api/runs/{id}/prompts",
    "What its models were asked, and the answers: the newest",
    json("The prompts", promptsResponseSchema),
    { params },
  ),
  report: read("/api/runs/{id}/report", "The run's report", body("The report", "text/html"), { params }),
  gates: read(
    "/api/runs/{id}/gates",
    "The gates of tokens, as `deno task gates` wrote them",
    body("The page", "text/html"),
    {
      params,
    },
  ),
};

/** What the routes of runs read from. */
export interface RunSources {
  readonly runsFolder: string;
  readonly folds: FoldStore;
  readonly table: TableReader;
  readonly feeds: Feeds;
}

/** Adds the routes of runs to the app. */
export function addRunRoutes(
  app: OpenAPIHono,
  { runsFolder, folds, table, feeds }: RunSources,
  keepAliveMs?: number,
): void {
  // Not the stream, which is sent as it comes.
  for (const path of ["/api/runs", "/api/runs/:id", routes.events.path, routes.prompts.path]) {
    app.use(path.replace("{id}", ":id"), compress());
  }
  app.use("/api/runs", etag());

  app.get("/runs/:id", compress(), async (c) => {
    const id = c.req.param("id");
    const known = await runFolder(runsFolder, id) !== undefined;
    if (!known) return problem(c, 404, "run.unknown", await missingText(runsFolder, id));
    return html(c, RunPage({ assets: await loadAssets(), id }));
  });

  app.get("/runs/:id/plain", compress(), async (c) => {
    const id = c.req.param("id");
    const run = await folds.view(id);
    const folder = run && await runFolder(runsFolder, id);
    if (run === undefined || folder === undefined) {
      return problem(c, 404, "run.unknown", await missingText(runsFolder, id));
    }
    const [figures, labels] = [await figuresOf(run, folds), await readLabels(folder)];
    return html(c, PlainRunPage({ run, labels, figures, ...await linksOf(runsFolder, folder, run.id, labels) }));
  });

  app.openapi(
    routes.list,
    async (c) => {
      const data = await table.read();
      const runs = data.runs.map(({ sortedBy: _, cores: __, memory: ___, ...run }) => run);
      const { filter } = c.req.valid("query");
      return c.json(filter === undefined ? { runs } : { runs, matching: matchingIds(data, filter) }, 200);
    },
    (result, c) =>
      result.success ? undefined : problem(c, 400, "filter.malformed", "Expected ?filter= with up to 1,000 characters"),
  );
  app.openapi(
    routes.run,
    async (c) => {
      const id = c.req.param("id");
      const run = c.req.valid("query").points === "recent" ? await folds.view(id) : await readRun(runsFolder, id);
      const folder = run && await runFolder(runsFolder, run.id);
      if (run === undefined || folder === undefined) return unknownRun(c);
      const labels = await readLabels(folder);
      return c.json({ run, labels, runsFolder, ...await linksOf(runsFolder, folder, run.id, labels) }, 200);
    },
    (result, c) =>
      result.success ? undefined : problem(c, 400, "points.malformed", "Expected ?points=all or ?points=recent"),
  );

  app.openapi(routes.status, async (c) => {
    const status = await folds.status(c.req.param("id"));
    return status === undefined ? unknownRun(c) : c.json(status, 200);
  });

  app.openapi(routes.events, async (c) => {
    const position = readPosition(c.req.query("after"));
    if (position === undefined) return badPosition(c);
    const contents = await readEvents(runsFolder, c.req.param("id"), { after: position });
    return contents === undefined ? unknownRun(c) : c.json(contents, 200);
  });

  app.openapi(routes.stream, async (c) => {
    const id = c.req.param("id");
    if (await runFolder(runsFolder, id) === undefined) return unknownRun(c);
    // A browser that reconnects sends the last id it saw, which is newer than the one in the URL.
    const position = readPosition(c.req.header("last-event-id") ?? c.req.query("after"));
    if (position === undefined) return badPosition(c);
    c.header("content-type", "text/event-stream; charset=utf-8");
    c.header("cache-control", "no-store, no-transform");
    c.header("x-accel-buffering", "no");
    if (c.req.method === "HEAD") return c.body(null);
    const subscription = feeds.subscribe(id, position);
    // 204 tells a browser to stop reconnecting: this run has nothing more to say.
    if (position >= 0 && !await subscription.hasMore(RESUME_PATIENCE_MS)) {
      subscription.close();
      return new Response(null, { status: 204 });
    }
    return c.body(eventStream(subscription, keepAliveMs));
  });

  app.openapi(routes.prompts, async (c) => {
    const folder = await runFolder(runsFolder, c.req.param("id"));
    return folder === undefined ? unknownRun(c) : c.json({ prompts: await readPrompts(folder) }, 200);
  });

  app.openapi(routes.gates, async (c) => {
    const folder = await runFolder(runsFolder, c.req.param("id"));
    return folder === undefined ? unknownRun(c) : await pageAnswer(c, folder, "run", "gates");
  });

  app.openapi(routes.report, async (c) => {
    const folder = await runFolder(runsFolder, c.req.param("id"));
    return folder === undefined ? unknownRun(c) : await pageAnswer(c, folder, "run");
  });
}

/** What a run's page leads to: its own pages, and reports and the sweep that it is part of. */
async function linksOf(runsFolder: string, folder: string, id: string, { tags }: Labels) {
  const reports = (await listReports(runsFolder)).filter(({ runs }) => runs.includes(id));
  const sweep = sweepOf(tags);
  const isThere = sweep !== undefined && await sweepFolder(runsFolder, sweep) !== undefined;
  return {
    report: await hasPage(folder),
    gates: await hasPage(folder, "gates"),
    reports: reports.map(({ name, title }) => ({ name, title })),
    sweep: isThere ? sweep : null,
  };
}

/** `-1` (from the start) when absent, undefined when it is not a position. */
function readPosition(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return -1;
  return /^(?:-1|\d{1,15})$/.test(text) ? Number(text) : undefined;
}

function badPosition(c: Context) {
  return problem(c, 400, "position.malformed", "The position must be the `seq` of an event: a whole number, 0 or more");
}
