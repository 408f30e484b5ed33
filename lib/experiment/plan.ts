// The printed plan: what each cell costs, estimated before anything runs.
import { compact } from "../report/mod.ts";
import { estimatedSeconds, type PlannedCell, type Speed, type Table, textColumn } from "../run/mod.ts";

/**
 * The plan of one run as a table.
 *
 * @param speed of the device, as measured; undefined: it is not known, and only tokens are
 */
export function planTable(cells: readonly PlannedCell[], speed: Speed | undefined): Table {
  const all = {
    cell: "all",
    title: "",
    cells,
    tokens: cells.reduce((sum, { tokens }) => sum + tokens, 0),
    flops: cells.reduce((sum, { flops }) => sum + flops, 0),
    bytes: Math.max(...cells.map(({ bytes }) => bytes)),
  };
  return {
    name: "plan",
    title: "Plan",
    columns: [
      textColumn("cell", "cell"),
      textColumn("title", "what"),
      textColumn("tokens", "tokens"),
      ...(speed === undefined ? [] : [
        textColumn("flops", "FLOPs"),
        textColumn("bytes", "peak memory"),
        textColumn("time", "estimated time"),
      ]),
    ],
    rows: [...cells.map((cell) => ({ ...cell, cells: [cell] })), all].map((cell) => ({
      cell: cell.cell,
      title: cell.title,
      tokens: cell.tokens === 0 ? "" : compact(cell.tokens),
      flops: cell.flops === 0 ? "" : `${scaled(cell.flops)}FLOP`,
      bytes: cell.bytes === 0 ? "" : `${scaled(cell.bytes)}B`,
      time: speed === undefined ? "" : longTime(estimatedSeconds(cell.cells, speed)),
    })),
  };
}

/** Three significant digits with a metric prefix: `19.0 T`. */
export function scaled(value: number): string {
  const prefixes = ["", "k", "M", "G", "T", "P", "E", "Z", "Y"];
  const at = Math.min(prefixes.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)));
  return `${(value / 1000 ** at).toPrecision(3)} ${prefixes[at]}`;
}

/** A duration in a unit that suits its length: `90 s`, `25 min`, `3 hours`. */
export function longTime(seconds: number): string {
  const [minute, hour, day, year] = [60, 3600, 86_400, 365.25 * 86_400];
  if (seconds < 2 * minute!) return `${Math.ceil(seconds)} s`;
  if (seconds < 2 * hour!) return `${Math.round(seconds / minute!)} min`;
  if (seconds < 2 * day!) return `${Math.round(seconds / hour!)} hours`;
  if (seconds < 2 * year!) return `${Math.round(seconds / day!)} days`;
  return `${compact(seconds / year!)} years`;
}
