// The figures of a run, as its report has them.
import type { OpenAPIHono } from "@hono/zod-openapi";
import { compress } from "hono/compress";
import type { FoldStore, RunView } from "../../run/mod.ts";
import { figuresResponseSchema, type ShownFigure } from "../schemas.ts";
import { json, read, runParams, unknownRun } from "./answers.ts";

/** What the API has of this. */
export const routes = {
  figures: read(
    "/api/runs/{id}/figures",
    "The figures of what the run has measured so far, as SVG for `<img>`",
    json("The figures", figuresResponseSchema),
    { params: runParams },
  ),
};

/** Adds the route of figures to the app. */
export function addFigureRoutes(app: OpenAPIHono, folds: FoldStore): void {
  app.use("/api/runs/:id/figures", compress());
  app.openapi(routes.figures, async (c) => {
    const run = await folds.view(c.req.param("id"));
    if (run === undefined) return unknownRun(c);
    return c.json({ figures: await figuresOf(run, folds) }, 200);
  });
}

/** The figures of a run for `<img>`. @param run with recent points; the store has the others */
export async function figuresOf(run: RunView, folds: FoldStore): Promise<ShownFigure[]> {
  // Loaded at the first request: it takes a moment, and memory that many servers never need.
  const { needsAllPoints, panelImage, resultFigures } = await import("../../report/mod.ts");
  const drawn = needsAllPoints(run) ? await folds.view(run.id, "all") ?? run : run;
  return resultFigures(drawn).map(({ name, title, caption, legend, panels }) => {
    return { name, title, caption, legend: [...legend], panels: panels.map(panelImage) };
  });
}
