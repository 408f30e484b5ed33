// The pages and data of sweeps.
import type { Hono } from "hono";
import { listSweeps, rankTrials, readSweep, sweepFolder, sweepJson, sweepSummary } from "../run/mod.ts";
import { html, problem } from "./answers.ts";
import { REPORT_POLICY } from "./headers.ts";
import { MISSING_PAGE, SWEEP_PAGE } from "./pages.ts";
import { hasReport, readReport } from "./report.ts";
import type { SweepListResponse, SweepResponse } from "./schemas.ts";

/** Adds the routes of sweeps to the app. */
export function addSweepRoutes(app: Hono, runsFolder: string): void {
  app.get("/sweeps/:id", async (c) => {
    const known = await sweepFolder(runsFolder, c.req.param("id")) !== undefined;
    return known ? html(c, SWEEP_PAGE) : html(c, MISSING_PAGE, 404);
  });

  app.get("/api/sweeps", async (c) => {
    return c.json({ sweeps: (await listSweeps(runsFolder)).map(sweepSummary) } satisfies SweepListResponse);
  });

  app.get("/api/sweeps/:id", async (c) => {
    const view = await readSweep(runsFolder, c.req.param("id"));
    if (view === undefined) return problem(c, 404, "sweep.unknown", "There is no such sweep");
    const sweep = sweepJson(view, rankTrials(view, c.req.query("metric") || undefined));
    const report = await hasReport(runsFolder, sweep.sweep, "sweep");
    return c.json({ sweep, report, runsFolder } satisfies SweepResponse);
  });

  app.get("/api/sweeps/:id/report", async (c) => {
    const id = c.req.param("id");
    if (await sweepFolder(runsFolder, id) === undefined) {
      return problem(c, 404, "sweep.unknown", "There is no such sweep");
    }
    const report = await readReport(runsFolder, id, "sweep");
    if (report === undefined) return problem(c, 404, "report.missing", "This sweep has no report yet");
    c.header("content-security-policy", REPORT_POLICY);
    return c.body(report, 200, { "content-type": "text/html; charset=utf-8" });
  });
}
