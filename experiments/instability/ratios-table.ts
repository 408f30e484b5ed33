// The table of update ratios around a spike.
import { numberColumn, type Table } from "../../lib/run/mod.ts";
import { HISTOGRAM_BINS, HISTOGRAM_RANGE, isWatched } from "../../lib/train/mod.ts";
import type { Trace } from "./train-arm.ts";

/** The steps of the histograms, relative to a spike, with their titles. */
const MOMENTS = [[-30, "30 steps before"], [-1, "1 step before"], [0, "at the spike"], [
  30,
  "30 steps after",
]] as const;

/** Histograms of the update ratio around the first spike of a training: a row per bin, a column per moment and group. */
export function ratiosTable({ statistics, outcome: { spikes, seed } }: Trace): Table | undefined {
  const [spike] = spikes;
  if (spike === undefined) return undefined;
  const columns = MOMENTS.flatMap(([offset, when]) => {
    const groups = statistics[spike.tick - 1 + offset] ?? [];
    return groups.filter(({ group }) => isWatched(group)).map(({ group, histogram }) => ({
      key: `${offset} ${group}`,
      title: `${group}, ${when}`,
      histogram,
    }));
  });
  if (columns.length === 0) return undefined;
  const width = 2 * HISTOGRAM_RANGE / HISTOGRAM_BINS;
  const total = (histogram: readonly number[]) => histogram.reduce((a, b) => a + b, 0) || 1;
  return {
    name: "update-ratios",
    title: `Share of coordinates by update ratio u, in the plain arm with seed ${seed}, around step ${spike.tick}`,
    columns: [numberColumn("u", "u", 2), ...columns.map(({ key, title }) => numberColumn(key, title, 3))],
    rows: Array.from({ length: HISTOGRAM_BINS }, (_, bin) => ({
      u: -HISTOGRAM_RANGE + (bin + 0.5) * width,
      ...Object.fromEntries(columns.map(({ key, histogram }) => [key, histogram[bin]! / total(histogram)])),
    })),
  };
}
