// The pages and data of sweeps.
import { type OpenAPIHono, z } from "@hono/zod-openapi";
import { listSweeps, rankTrials, readSweep, sweepFolder, sweepJson, sweepSummary } from "../../run/mod.ts";
import { loadAssets } from "../assets.ts";
import { body, html, json, read, sweepParams, unknownSweep } from "./answers.ts";
import { SweepPage } from "../pages/sweep.tsx";
import { hasPage, pageAnswer } from "./folder-pages.ts";
import { sweepListResponseSchema, sweepResponseSchema } from "../schemas.ts";

const metric = z.string().optional().openapi({
  description: "What trials are compared by, such as `bpb` or `stitch/loss:min`",
});

/** What the API has of this. */
export const routes = {
  list: read("/api/sweeps", "All sweeps, newest first", json("The sweeps", sweepListResponseSchema)),
  sweep: read("/api/sweeps/{id}", "One sweep with its trials, best first", json("The sweep", sweepResponseSchema), {
    params: sweepParams,
    query: z.object({ metric }),
  }),
  report: read("/api/sweeps/{id}/report", "The sweep's report", body("The report", "text/html"), {
    params: sweepParams,
  }),
};

/** Adds the routes of sweeps to the app. */
export function addSweepRoutes(app: OpenAPIHono, runsFolder: string): void {
  app.get("/sweeps/:id", async (c) => {
    const folder = await sweepFolder(runsFolder, c.req.param("id"));
    if (folder === undefined) return unknownSweep(c);
    // Without it there is still the page, which says what is wrong.
    const view = await readSweep(runsFolder, c.req.param("id")).catch(() => undefined);
    const shown = view && { sweep: sweepJson(view, rankTrials(view)), report: await hasPage(folder) };
    return html(c, SweepPage({ assets: await loadAssets(), shown }));
  });

  app.openapi(routes.list, async (c) => {
    const { sweeps, unreadable } = await listSweeps(runsFolder);
    return c.json({ sweeps: sweeps.map(sweepSummary), unreadable: [...unreadable] }, 200);
  });

  app.openapi(routes.sweep, async (c) => {
    const view = await readSweep(runsFolder, c.req.param("id"));
    if (view === undefined) return unknownSweep(c);
    const sweep = sweepJson(view, rankTrials(view, c.req.query("metric") || undefined));
    const folder = await sweepFolder(runsFolder, sweep.sweep);
    const report = folder !== undefined && await hasPage(folder);
    return c.json({ sweep, report, runsFolder }, 200);
  });

  app.openapi(routes.report, async (c) => {
    const folder = await sweepFolder(runsFolder, c.req.param("id"));
    return folder === undefined ? unknownSweep(c) : await pageAnswer(c, folder, "sweep");
  });
}
