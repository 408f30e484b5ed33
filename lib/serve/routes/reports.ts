// Reports: those on several runs, and the page that lists every report and every page of gates.
import { type OpenAPIHono, z } from "@hono/zod-openapi";
import {
  listReports,
  listSweeps,
  parseTableView,
  reportFolder,
  runFolder,
  sweepFolder,
  sweepSummary,
  type TableReader,
  tableWindow,
} from "../../run/mod.ts";
import { noticesOf } from "../client/home/summary.tsx";
import { PAGE_RUNS, type ReportedRun, ReportsPage } from "../pages/reports.tsx";
import { reportListResponseSchema } from "../schemas.ts";
import { body, html, json, problem, read } from "./answers.ts";
import { hasPage, pageAnswer } from "./folder-pages.ts";

const report = z.string().openapi({ description: "The report's name, as in the list of reports" });

/** What the API has of this. */
export const routes = {
  list: read(
    "/api/reports",
    "Reports on several runs, such as one experiment over several seeds, newest first",
    json("The reports", reportListResponseSchema),
  ),
  report: read("/api/reports/{report}", "A report on several runs", body("The report", "text/html"), {
    params: z.object({ report }),
  }),
};

/** Adds the routes of reports to the app. */
export function addReportRoutes(app: OpenAPIHono, runsFolder: string, table: TableReader): void {
  app.get("/reports", async (c) => {
    const { view: asked, problems } = parseTableView(new URL(c.req.url).searchParams);
    const view = { ...asked, group: undefined };
    const shown = tableWindow(await table.read(), view, { offset: view.offset, limit: PAGE_RUNS });
    const runs = await Promise.all(shown.rows.map(async (row): Promise<ReportedRun[]> => {
      const folder = row.kind === "run" ? await runFolder(runsFolder, row.id) : undefined;
      if (row.kind !== "run" || folder === undefined) return [];
      const [report, gates] = [await hasPage(folder), await hasPage(folder, "gates")];
      return report || gates ? [{ ...row, report, gates }] : [];
    }));
    const sweeps = (await listSweeps(runsFolder)).sweeps.map(sweepSummary);
    const reported = await Promise.all(sweeps.map(async ({ sweep }) => {
      const folder = await sweepFolder(runsFolder, sweep);
      return folder !== undefined && await hasPage(folder);
    }));
    return html(
      c,
      ReportsPage({
        reports: await listReports(runsFolder),
        sweeps: sweeps.filter((_, i) => reported[i]),
        runs: runs.flat(),
        view,
        total: shown.rowCount,
        problems: [...problems, ...noticesOf(shown)],
      }),
    );
  });

  app.openapi(routes.list, async (c) => c.json({ reports: await listReports(runsFolder) }, 200));

  app.openapi(routes.report, async (c) => {
    const folder = await reportFolder(runsFolder, c.req.param("report"));
    return folder === undefined
      ? problem(c, 404, "report.unknown", "There is no such report")
      : await pageAnswer(c, folder, "report");
  });
}
