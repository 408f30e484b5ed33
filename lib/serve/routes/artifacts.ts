// The files of a run's cells, as downloads.
import { type OpenAPIHono, z } from "@hono/zod-openapi";
import { artifactFile, type FoldStore } from "../../run/mod.ts";
import { body, download, problem, read, runParams, unknownRun } from "./answers.ts";

const sha256 = z.string().openapi({ description: "The hash of its content, as the run's cells give it" });

/** What the API has of this. */
export const routes = {
  file: read(
    "/api/runs/{id}/artifacts/{sha256}",
    "A file that a cell of the run wrote, as a download",
    body("The file", "application/octet-stream", "binary"),
    { params: runParams.extend({ sha256 }) },
  ),
};

/** Adds the route of files to the app. */
export function addArtifactRoutes(app: OpenAPIHono, runsFolder: string, folds: FoldStore): void {
  app.openapi(routes.file, async (c) => {
    const run = await folds.view(c.req.param("id"));
    if (run === undefined) return unknownRun(c);
    const file = await artifactFile(runsFolder, run, c.req.param("sha256"));
    if (file === undefined) return problem(c, 404, "file.unknown", "There is no such file");
    if (!file.isWhole) return problem(c, 409, "file.damaged", "The file has another size than was logged");
    return await download(c, file);
  });
}
