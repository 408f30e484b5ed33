// Pages in the folder of a run, a sweep or a report: the report itself, and the gates of tokens. Nothing else there is
// served as HTML.
import type { Context } from "hono";
import { join } from "node:path";
import { REPORT_POLICY } from "../headers.ts";
import { problem } from "./answers.ts";

/** The pages by what they show; `deno task gates` writes that of the gates. */
const FILES = { report: "report.html", gates: "gates.html" } as const;
type PageKind = keyof typeof FILES;

/** Whether a folder has such a page. A symlink does not count: it could lead out of the folder. */
export async function hasPage(folder: string, kind: PageKind = "report"): Promise<boolean> {
  const info = await Deno.lstat(join(folder, FILES[kind])).catch(() => undefined);
  return info?.isFile ?? false;
}

/** The response for a page of a folder. @param of what the folder is of, for the message if there is no such page */
export async function pageAnswer(
  c: Context,
  folder: string,
  of: "run" | "sweep" | "report",
  kind: PageKind = "report",
) {
  if (!await hasPage(folder, kind)) {
    const text = kind === "gates" ? "has no page of gates yet: deno task gates writes it" : "has no report yet";
    return problem(c, 404, `${kind}.missing`, `This ${of} ${text}`);
  }
  c.header("content-security-policy", REPORT_POLICY);
  return c.html(await Deno.readTextFile(join(folder, FILES[kind])));
}
