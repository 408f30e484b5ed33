// The report in a run's folder, the only file of a run that is served as it is.
import { join } from "node:path";
import { runFolder } from "../run/mod.ts";

const REPORT_FILE = "report.html";

/** Whether the run has a report. A symlink is none: it could lead out of the folder. */
export async function hasReport(runsFolder: string, id: string): Promise<boolean> {
  return await reportPath(runsFolder, id) !== undefined;
}

/** The report's HTML, or undefined when there is none. */
export async function readReport(runsFolder: string, id: string): Promise<string | undefined> {
  const path = await reportPath(runsFolder, id);
  return path === undefined ? undefined : await Deno.readTextFile(path);
}

async function reportPath(runsFolder: string, id: string): Promise<string | undefined> {
  const folder = await runFolder(runsFolder, id);
  if (folder === undefined) return undefined;
  const path = join(folder, REPORT_FILE);
  const info = await Deno.lstat(path).catch(() => undefined);
  return info?.isFile ? path : undefined;
}
