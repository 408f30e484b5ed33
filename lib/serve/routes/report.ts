// The report in the folder of a run or a sweep: the only file there that is served as HTML.
import type { Context } from "hono";
import { join } from "node:path";
import { runFolder, sweepFolder } from "../../run/mod.ts";
import { problem } from "./answers.ts";
import { REPORT_POLICY } from "../headers.ts";

const REPORT_FILE = "report.html";

/** What can have a report. */
type Reported = "run" | "sweep";

/** Whether there is a report. A symlink does not count: it could lead out of the folder. */
export async function hasReport(runsFolder: string, id: string, of: Reported): Promise<boolean> {
  return await reportPath(runsFolder, id, of) !== undefined;
}

/** The response for the report of a run or a sweep that exists. */
export async function reportAnswer(c: Context, runsFolder: string, id: string, of: Reported) {
  const path = await reportPath(runsFolder, id, of);
  if (path === undefined) return problem(c, 404, "report.missing", `This ${of} has no report yet`);
  c.header("content-security-policy", REPORT_POLICY);
  return c.html(await Deno.readTextFile(path));
}

async function reportPath(runsFolder: string, id: string, of: Reported): Promise<string | undefined> {
  const folder = await (of === "run" ? runFolder : sweepFolder)(runsFolder, id);
  if (folder === undefined) return undefined;
  const path = join(folder, REPORT_FILE);
  const info = await Deno.lstat(path).catch(() => undefined);
  return info?.isFile ? path : undefined;
}
