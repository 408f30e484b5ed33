// The pages and data of sweeps.
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { listSweeps, rankTrials, readSweep, sweepFolder, sweepJson, sweepSummary } from "../run/mod.ts";
import { body, html, json, problem, refused, sweepParams, unknownSweep } from "./answers.ts";
import { REPORT_POLICY } from "./headers.ts";
import { MISSING_PAGE, SWEEP_PAGE } from "./pages.ts";
import { hasReport, readReport } from "./report.ts";
import { sweepListResponseSchema, sweepResponseSchema } from "./schemas.ts";

const metric = z.string().optional().openapi({
  description: "What trials are compared by, such as `bpb` or `stitch/loss:min`",
});

const routes = {
  list: createRoute({
    method: "get",
    path: "/api/sweeps",
    summary: "All sweeps, newest first",
    responses: { 200: json("The sweeps", sweepListResponseSchema), default: refused },
  }),
  sweep: createRoute({
    method: "get",
    path: "/api/sweeps/{id}",
    summary: "One sweep with its trials, best first",
    request: { params: sweepParams, query: z.object({ metric }) },
    responses: { 200: json("The sweep", sweepResponseSchema), default: refused },
  }),
  report: createRoute({
    method: "get",
    path: "/api/sweeps/{id}/report",
    summary: "The sweep's report",
    request: { params: sweepParams },
    responses: { 200: body("The report", "text/html"), default: refused },
  }),
};

/** Adds the routes of sweeps to the app. */
export function addSweepRoutes(app: OpenAPIHono, runsFolder: string): void {
  app.get("/sweeps/:id", async (c) => {
    const known = await sweepFolder(runsFolder, c.req.param("id")) !== undefined;
    return known ? html(c, SWEEP_PAGE) : html(c, MISSING_PAGE, 404);
  });

  app.openapi(routes.list, async (c) => {
    const { sweeps, unreadable } = await listSweeps(runsFolder);
    return c.json({ sweeps: sweeps.map(sweepSummary), unreadable: [...unreadable] }, 200);
  });

  app.openapi(routes.sweep, async (c) => {
    const view = await readSweep(runsFolder, c.req.param("id"));
    if (view === undefined) return unknownSweep(c);
    const sweep = sweepJson(view, rankTrials(view, c.req.query("metric") || undefined));
    const report = await hasReport(runsFolder, sweep.sweep, "sweep");
    return c.json({ sweep, report, runsFolder }, 200);
  });

  app.openapi(routes.report, async (c) => {
    const id = c.req.param("id");
    if (await sweepFolder(runsFolder, id) === undefined) return unknownSweep(c);
    const report = await readReport(runsFolder, id, "sweep");
    if (report === undefined) return problem(c, 404, "report.missing", "This sweep has no report yet");
    c.header("content-security-policy", REPORT_POLICY);
    return c.html(report);
  });
}
