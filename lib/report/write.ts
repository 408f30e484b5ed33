// Writing reports: to a temporary file first, then renamed, so that a reader never sees half a page.
import { join } from "node:path";
import { type RunView, writeTextAtomically } from "../run/mod.ts";
import { reportMarkdown } from "./markdown.ts";
import { reportHtml } from "./page.ts";

/** Writes `report.html` and `report.md` into the run's folder and returns their paths. */
export async function writeReport(runFolder: string, view: RunView): Promise<{ html: string; markdown: string }> {
  const html = join(runFolder, "report.html"), markdown = join(runFolder, "report.md");
  await writeTextAtomically(markdown, reportMarkdown(view));
  await writeTextAtomically(html, reportHtml(view));
  return { html, markdown };
}
