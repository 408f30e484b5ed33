// Pages in the folder of a run or a sweep: its report, and the gates of tokens. Nothing else there is served as HTML.
import type { Context } from "hono";
import { join } from "node:path";
import { runFolder, sweepFolder } from "../../run/mod.ts";
import { problem } from "./answers.ts";
import { REPORT_POLICY } from "../headers.ts";

/** What can have a report. */
type Reported = "run" | "sweep";

/** The pages by what they show; `deno task gates` writes that of the gates. */
const FILES = { report: "report.html", gates: "gates.html" } as const;
type PageKind = keyof typeof FILES;

/** Whether there is such a page. A symlink does not count: it could lead out of the folder. */
export async function hasReport(
  runsFolder: string,
  id: string,
  of: Reported,
  kind: PageKind = "report",
): Promise<boolean> {
  return await pagePath(runsFolder, id, of, kind) !== undefined;
}

/** The response for a page of a run or a sweep that exists. */
export async function reportAnswer(
  c: Context,
  runsFolder: string,
  id: string,
  of: Reported,
  kind: PageKind = "report",
) {
  const path = await pagePath(runsFolder, id, of, kind);
  if (path === undefined) {
    const text = kind === "gates" ? "has no page of gates yet: deno task gates writes it" : "has no report yet";
    return problem(c, 404, `${kind}.missing`, `This ${of} ${text}`);
  }
  c.header("content-security-policy", REPORT_POLICY);
  return c.html(await Deno.readTextFile(path));
}

async function pagePath(runsFolder: string, id: string, of: Reported, kind: PageKind): Promise<string | undefined> {
  const folder = await (of === "run" ? runFolder : sweepFolder)(runsFolder, id);
  if (folder === undefined) return undefined;
  const path = join(folder, FILES[kind]);
  const info = await Deno.lstat(path).catch(() => undefined);
  return info?.isFile ? path : undefined;
}
