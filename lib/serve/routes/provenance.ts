// The provenance of a run, and the files that were kept for it.
import { type OpenAPIHono, z } from "@hono/zod-openapi";
import { compress } from "hono/compress";
import { join } from "node:path";
import { CAPTURED_FOLDER, readProvenance, runFolder } from "../../run/mod.ts";
import { readPlainFile } from "../files.ts";
import { attachment, body, json, problem, read, runParams, unknownRun } from "./answers.ts";
import { provenanceResponseSchema } from "../schemas.ts";

const bytes = body("The file", "application/octet-stream", "binary");
const file = z.string().openapi({ description: "Its name, as `captured` gives it" });

/** What the API has of this. */
export const routes = {
  provenance: read(
    "/api/runs/{id}/provenance",
    "What made the run",
    json("The provenance", provenanceResponseSchema),
    { params: runParams },
  ),
  captured: read("/api/runs/{id}/captured/{file}", "A file that was kept with the run, as a download", bytes, {
    params: runParams.extend({ file }),
  }),
};

/** Adds the routes about provenance to the app. */
export function addProvenanceRoutes(app: OpenAPIHono, runsFolder: string): void {
  app.use("/api/runs/:id/provenance", compress());
  app.openapi(routes.provenance, async (c) => {
    const folder = await runFolder(runsFolder, c.req.param("id"));
    if (folder === undefined) return unknownRun(c);
    return c.json({ captured: await readProvenance(folder) }, 200);
  });

  app.openapi(routes.captured, async (c) => {
    const folder = await runFolder(runsFolder, c.req.param("id"));
    if (folder === undefined) return unknownRun(c);
    const name = c.req.param("file");
    const found = await kept(join(folder, CAPTURED_FOLDER), name);
    return found === undefined ? problem(c, 404, "file.unknown", "There is no such file") : attachment(c, name, found);
  });
}

/** A file that was kept, found by its name in the folder's listing; no path comes from outside. */
async function kept(folder: string, name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (!/^\d+[-.][\w.-]+$/.test(name)) return undefined;
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  return entries.some((entry) => entry.isFile && entry.name === name)
    ? await readPlainFile(join(folder, name))
    : undefined;
}
