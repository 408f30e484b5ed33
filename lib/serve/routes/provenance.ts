// The provenance of a run, and what its process printed.
import { type OpenAPIHono, z } from "@hono/zod-openapi";
import { join } from "node:path";
import { CAPTURED_FOLDER, OUTPUT_FILE, readProvenance, runFolder } from "../../run/mod.ts";
import { attachment, body, json, problem, read, runParams, unknownRun } from "./answers.ts";
import { provenanceResponseSchema } from "../schemas.ts";

/** Bytes from the end of the output that the page shows; all of it can be downloaded. */
const SHOWN_BYTES = 64 * 1024;

const bytes = body("The file", "application/octet-stream", "binary");
const file = z.string().openapi({ description: "Its name, as `captured` gives it" });

const routes = {
  provenance: read(
    "/api/runs/{id}/provenance",
    "What made the run, and the end of what its process printed",
    json("The provenance", provenanceResponseSchema),
    { params: runParams },
  ),
  output: read("/api/runs/{id}/output", "What the run's process printed, as a download", bytes, { params: runParams }),
  captured: read("/api/runs/{id}/captured/{file}", "A file that was kept with the run, as a download", bytes, {
    params: runParams.extend({ file }),
  }),
};

/** Adds the routes about provenance to the app. */
export function addProvenanceRoutes(app: OpenAPIHono, runsFolder: string): void {
  app.openapi(routes.provenance, async (c) => {
    const folder = await runFolder(runsFolder, c.req.param("id"));
    if (folder === undefined) return unknownRun(c);
    const output = await readPlainFile(join(folder, OUTPUT_FILE));
    const shown = output === undefined ? null : {
      bytes: output.length,
      whole: output.length <= SHOWN_BYTES,
      text: new TextDecoder().decode(output.subarray(Math.max(0, output.length - SHOWN_BYTES))),
    };
    return c.json({ captured: await readProvenance(folder), output: shown }, 200);
  });

  app.openapi(routes.output, async (c) => {
    const folder = await runFolder(runsFolder, c.req.param("id"));
    if (folder === undefined) return unknownRun(c);
    const output = await readPlainFile(join(folder, OUTPUT_FILE));
    return output === undefined
      ? problem(c, 404, "file.unknown", "This run kept no output")
      : attachment(c, OUTPUT_FILE, output);
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

/** A regular file's bytes; undefined when there is none. A symlink could lead out of the folder. */
async function readPlainFile(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const info = await Deno.lstat(path).catch(() => undefined);
  return info?.isFile ? await Deno.readFile(path) : undefined;
}
