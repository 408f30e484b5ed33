// A cell's files on disk as a collapsed table: its folder once, and each file with its size.
import type { CellView } from "../run/mod.ts";
import { escapeHtml } from "./escape.ts";
import { byteSize } from "./format.ts";
import { type Grid, gridHtml } from "./grid.ts";

/** A cell's files by folder: one grid per folder, captioned with its path from the project's root. */
function fileGrids(cell: CellView): Grid[] {
  const folders = Map.groupBy(cell.artifacts, ({ path }) => path.slice(0, path.lastIndexOf("/") + 1));
  return [...folders].map(([folder, files]) => ({
    caption: `runs/${folder}`,
    columns: [{ title: "file", numeric: false }, { title: "size", numeric: true }],
    rows: files.map(({ path, bytes }) => [{ text: path.slice(folder.length) }, { text: byteSize(bytes) }]),
  }));
}

/** A cell's files, collapsed; empty if it has none. */
export function filesHtml(cell: CellView): string {
  const count = cell.artifacts.length;
  if (count === 0) return "";
  const total = cell.artifacts.reduce((sum, { bytes }) => sum + bytes, 0);
  const summary = `${count} ${count === 1 ? "file" : "files"}, ${byteSize(total)}`;
  return `<details class="files"><summary>${escapeHtml(summary)}</summary>${
    fileGrids(cell).map(gridHtml).join("")
  }</details>`;
}
