// A whole table in memory.
import { fileBlocks } from "./blocks.ts";
import { csvRows } from "./csv.ts";
import { placeName } from "./records.ts";

/** A table of texts. */
export interface CsvTable {
  readonly columns: readonly string[];
  /** As many cells as there are columns, and the place of the row: `file line 7`. */
  readonly rows: readonly { readonly place: string; readonly cells: readonly string[] }[];
}

/**
 * Reads a CSV or TSV file. Its first line names the columns.
 *
 * @throws UserError `data.bad-csv`, `data.not-utf8`, and as reading a file does
 */
export async function readCsv(path: string): Promise<CsvTable> {
  let columns: readonly string[] = [];
  const all: CsvTable["rows"][number][] = [];
  for await (const batch of csvRows(path, fileBlocks(path))) {
    columns = batch.columns;
    for (const { place, field } of batch.rows) {
      all.push({ place: placeName(place), cells: columns.map((_, column) => field(column)) });
    }
  }
  return { columns, rows: all };
}
