// The page that compares runs.
import type { OpenAPIHono } from "@hono/zod-openapi";
import { compress } from "hono/compress";
import { compareRuns, type FoldStore, MOST_COMPARED, readLabels, readProvenance, runFolder } from "../../run/mod.ts";
import { ComparePage } from "../pages/compare.tsx";
import { html } from "./answers.ts";

/** Adds the page of comparisons to the app: `/compare?run=<id>&run=<id>`. */
export function addCompareRoutes(app: OpenAPIHono, runsFolder: string, folds: FoldStore): void {
  app.get("/compare", compress(), async (c) => {
    const asked = [...new Set(c.req.queries("run") ?? [])];
    const problems = asked.length > MOST_COMPARED
      ? [`The first ${MOST_COMPARED} of ${asked.length} runs are compared`]
      : [];
    const found = await Promise.all(
      asked.slice(0, MOST_COMPARED).map(async (id) => {
        const folder = await runFolder(runsFolder, id);
        const run = folder && await folds.view(id);
        if (folder === undefined || !run) {
          problems.push(`There is no run "${id.slice(0, 60)}"; it may have been removed`);
          return [];
        }
        const { name } = await readLabels(folder);
        return [{ run: { ...run, title: name ?? run.title }, made: (await readProvenance(folder)).at(-1) }];
      }),
    );
    const there = found.flat();
    if (there.length < 2) problems.push("Select at least two runs in the table of runs to compare them");
    const compared = compareRuns(there.map(({ run }) => run), there.map(({ made }) => made));
    return html(c, ComparePage({ compared, problems }));
  });
}
