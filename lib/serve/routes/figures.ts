// The figures of a run, as its report has them.
import type { OpenAPIHono } from "@hono/zod-openapi";
import { readRun } from "../../run/mod.ts";
import { figuresResponseSchema } from "../schemas.ts";
import { json, read, runParams, unknownRun } from "./answers.ts";

const figures = read(
  "/api/runs/{id}/figures",
  "The figures of what the run has measured so far, as SVG for `<img>`",
  json("The figures", figuresResponseSchema),
  { params: runParams },
);

/** Adds the route of figures to the app. */
export function addFigureRoutes(app: OpenAPIHono, runsFolder: string): void {
  app.openapi(figures, async (c) => {
    const run = await readRun(runsFolder, c.req.param("id"));
    if (run === undefined) return unknownRun(c);
    // Loaded at the first request: it takes a moment, and memory that many servers never need.
    const { panelImage, resultFigures } = await import("../../report/mod.ts");
    const drawn = resultFigures(run).map(({ name, title, caption, legend, panels }) => {
      return { name, title, caption, legend: [...legend], panels: panels.map(panelImage) };
    });
    return c.json({ figures: drawn }, 200);
  });
}
