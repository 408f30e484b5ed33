// Points of a run as CSV in long form: one line per value, nothing left out.
import type { CellPoints, RunPoints } from "./points.ts";
import { placesOn, type SeriesQuery } from "./series.ts";

/** The first line. `seconds` count from the start of the cell; `tokens` and `flops` are empty where none are logged. */
export const CSV_HEADER = "run,cell,metric,step,seconds,tokens,flops,value\n";

const LINES = 4096;

/** The lines of a run in pieces of a few hundred kilobytes, without the header. Values that are not finite are `NaN`. */
export function* pointsCsv(
  run: string,
  { cells: all }: RunPoints,
  { cells, metrics }: Pick<SeriesQuery, "cells" | "metrics">,
): Generator<string> {
  for (const cell of all.values()) {
    if (!(cells?.includes(cell.name) ?? true)) continue;
    for (const metric of cell.metrics.keys()) {
      if (metrics?.includes(metric) ?? true) yield* metricCsv(run, cell, metric);
    }
  }
}

function* metricCsv(run: string, cell: CellPoints, metric: string): Generator<string> {
  const { row, value } = cell.metrics.get(metric)!;
  const start = [run, cell.name, metric].map(field).join(",");
  const [seconds, tokens, flops] = (["time", "tokens", "flops"] as const).map((axis) => placesOn(cell, axis));
  for (let from = 0; from < row.length; from += LINES) {
    let piece = "";
    for (let index = from; index < Math.min(row.length, from + LINES); index++) {
      const at = row.at(index);
      piece += `${start},${cell.step.at(at)},${seconds!(at)},${tokens!(at) ?? ""},${flops!(at) ?? ""},`;
      piece += `${value.at(index)}\n`;
    }
    yield piece;
  }
}

/** A field, quoted where CSV needs it (RFC 4180). */
function field(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
