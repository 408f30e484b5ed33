// How a run was made, and what its process printed.
import type { Hono } from "hono";
import { join } from "node:path";
import { CAPTURED_FOLDER, OUTPUT_FILE, readProvenance, runFolder } from "../run/mod.ts";
import { attachment, problem, unknownRun } from "./answers.ts";
import type { MadeResponse } from "./schemas.ts";

/** Bytes from the end of the output that the page shows; the whole of it can be downloaded. */
const SHOWN_BYTES = 64 * 1024;

/** Adds the routes on how runs were made to the app. */
export function addMadeRoutes(app: Hono, runsFolder: string): void {
  app.get("/api/runs/:id/made", async (c) => {
    const folder = await runFolder(runsFolder, c.req.param("id"));
    if (folder === undefined) return unknownRun(c);
    const output = await readPlainFile(join(folder, OUTPUT_FILE));
    return c.json(
      {
        captured: await readProvenance(folder),
        output: output === undefined ? null : {
          bytes: output.length,
          whole: output.length <= SHOWN_BYTES,
          text: new TextDecoder().decode(output.subarray(Math.max(0, output.length - SHOWN_BYTES))),
        },
      } satisfies MadeResponse,
    );
  });

  app.get("/api/runs/:id/output", async (c) => {
    const folder = await runFolder(runsFolder, c.req.param("id"));
    if (folder === undefined) return unknownRun(c);
    const output = await readPlainFile(join(folder, OUTPUT_FILE));
    return output === undefined
      ? problem(c, 404, "file.unknown", "This run kept no output")
      : attachment(c, OUTPUT_FILE, output);
  });

  app.get("/api/runs/:id/captured/:file", async (c) => {
    const folder = await runFolder(runsFolder, c.req.param("id"));
    if (folder === undefined) return unknownRun(c);
    const file = await kept(join(folder, CAPTURED_FOLDER), c.req.param("file"));
    return file === undefined
      ? problem(c, 404, "file.unknown", "There is no such file")
      : attachment(c, c.req.param("file"), file);
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
