// The report in the folder of a run or a sweep: the only file there that is served as HTML.
import { join } from "node:path";
import { runFolder, sweepFolder } from "../run/mod.ts";

const REPORT_FILE = "report.html";

/** What can have a report. */
export type Reported = "run" | "sweep";

/** Whether there is a report. A symlink does not count: it could lead out of the folder. */
export async function hasReport(runsFolder: string, id: string, of: Reported = "run"): Promise<boolean> {
  return await reportPath(runsFolder, id, of) !== undefined;
}

/** The report's HTML, or undefined when there is none. */
export async function readReport(runsFolder: string, id: string, of: Reported = "run"): Promise<string | undefined> {
  const path = await reportPath(runsFolder, id, of);
  return path === undefined ? undefined : await Deno.readTextFile(path);
}

async function reportPath(runsFolder: string, id: string, of: Reported): Promise<string | undefined> {
  const folder = await (of === "run" ? runFolder : sweepFolder)(runsFolder, id);
  if (folder === undefined) return undefined;
  const path = join(folder, REPORT_FILE);
  const info = await Deno.lstat(path).catch(() => undefined);
  return info?.isFile ? path : undefined;
}
