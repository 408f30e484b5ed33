// The printed plan: what each cell costs, estimated before anything runs.
import * as tf from "@tensorflow/tfjs";
import { compact } from "../report/mod.ts";
import type { Column, PlannedCell, Table } from "../run/mod.ts";
import { linear } from "../tensor/mod.ts";

/** Share of the device's measured speed in matrix products that training is assumed to reach. */
export const ASSUMED_EFFICIENCY = 0.6;

/**
 * Seconds that a cell takes beyond its operations: reading, checking and writing models, and steps too small to keep the
 * device busy. About what the cells of the preset smoke, which have next to no operations, take on 2 cores.
 */
export const SECONDS_PER_CELL = 0.7;

/** Seconds that the cells take on a device that computes matrix products at `flopsPerSecond`. */
export function estimatedSeconds(cells: readonly Pick<PlannedCell, "flops">[], flopsPerSecond: number): number {
  const flops = cells.reduce((sum, { flops }) => sum + flops, 0);
  return flops / (flopsPerSecond * ASSUMED_EFFICIENCY) + cells.length * SECONDS_PER_CELL;
}

/**
 * The plan of one run as a table.
 *
 * @param flopsPerSecond the device's measured speed in matrix products
 */
export function planTable(cells: readonly PlannedCell[], flopsPerSecond: number): Table {
  const all = {
    cell: "all",
    title: "",
    cells,
    tokens: cells.reduce((sum, { tokens }) => sum + tokens, 0),
    flops: cells.reduce((sum, { flops }) => sum + flops, 0),
    bytes: Math.max(...cells.map(({ bytes }) => bytes)),
  };
  const column = (key: string, title: string): Column => ({ key, title, kind: "text" });
  return {
    name: "plan",
    title: "Plan",
    columns: [
      column("cell", "cell"),
      column("title", "what"),
      column("tokens", "tokens"),
      column("flops", "operations"),
      column("bytes", "peak memory"),
      column("time", "estimated time"),
    ],
    rows: [...cells.map((cell) => ({ ...cell, cells: [cell] })), all].map((cell) => ({
      cell: cell.cell,
      title: cell.title,
      tokens: cell.tokens === 0 ? "" : compact(cell.tokens),
      flops: cell.flops === 0 ? "" : `${scaled(cell.flops)}FLOP`,
      bytes: cell.bytes === 0 ? "" : `${scaled(cell.bytes)}B`,
      time: longTime(estimatedSeconds(cell.cells, flopsPerSecond)),
    })),
  };
}

/** `19.0 T`: three digits and the metric prefix that fits. */
export function scaled(value: number): string {
  const prefixes = ["", "k", "M", "G", "T", "P", "E", "Z", "Y"];
  const at = Math.min(prefixes.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)));
  return `${(value / 1000 ** at).toPrecision(3)} ${prefixes[at]}`;
}

/** Seconds in the unit that people use for a time this long. */
export function longTime(seconds: number): string {
  const [minute, hour, day, year] = [60, 3600, 86_400, 365.25 * 86_400];
  if (seconds < 2 * minute!) return `${Math.ceil(seconds)} s`;
  if (seconds < 2 * hour!) return `${Math.round(seconds / minute!)} min`;
  if (seconds < 2 * day!) return `${Math.round(seconds / hour!)} hours`;
  if (seconds < 2 * year!) return `${Math.round(seconds / day!)} days`;
  return `${compact(seconds / year!)} years`;
}

/** Operations per second of the open device in products of `[512, 512]` matrices, measured for about 0.3 s. */
export async function measureFlops(): Promise<number> {
  const size = 512;
  const [x, w] = [tf.ones([size, size]), tf.ones([size, size])];
  const product = async () => {
    const y = tf.tidy(() => linear(x, w));
    await y.data();
    y.dispose();
  };
  await product();
  const began = performance.now();
  let count = 0;
  do {
    await product();
    count++;
  } while (performance.now() - began < 300);
  const seconds = (performance.now() - began) / 1000;
  tf.dispose([x, w]);
  return count * 2 * size ** 3 / seconds;
}
