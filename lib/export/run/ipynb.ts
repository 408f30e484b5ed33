// A run as a notebook with its outputs.
import { cellId, codeCell, DENO_METADATA, markdownCell, notebookText } from "../../jupyter/mod.ts";
import { readingCells } from "../../notebook/mod.ts";
import type { ExportedRun } from "./exported-run.ts";

/** The text of a notebook whose code reads the run with `lab`, and whose outputs are what it shows now. */
export async function runNotebook(run: ExportedRun): Promise<string> {
  let count = 0;
  const cells = (await readingCells(run)).map((cell, at) => {
    if (cell.kind === "text") return markdownCell(cell.text, { id: cellId(cell.text, at) });
    return codeCell(cell.source, {
      id: cellId(cell.source, at),
      execution_count: ++count,
      outputs: [{ output_type: "display_data", data: cell.shows, metadata: {} }],
    });
  });
  return notebookText({ metadata: DENO_METADATA, nbformat: 4, nbformat_minor: 5, cells });
}
