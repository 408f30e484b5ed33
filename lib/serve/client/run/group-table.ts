// What the training monitor measures for each parameter group, as a table: metrics named `group/statistic`. Pure.
import type { CellView, Table } from "../../../run/mod.ts";
import { isGateMetric, numberColumn, textColumn } from "../../../run/view/mod.ts";

const TITLES: Readonly<Record<string, string>> = {
  updateRms: "RMS of u",
  updateToWeight: "update / weights",
  edge: "|u| > 0.8",
  bimodality: "bimodality of u",
  alignment: "cos(u, g)",
  autocorrelation: "cos(g, g before)",
  belowEpsilon: "√v̂ < ε",
};

/** Whether a metric belongs to one parameter group, and is therefore shown only here. */
export function isGroupMetric(name: string): boolean {
  return name.includes("/") && !name.startsWith("validation/") && !isGateMetric(name);
}

/** The latest statistics of every group; undefined when there are none. */
export function groupTable({ metrics }: CellView): Table | undefined {
  const point = metrics.findLast(({ values }) => Object.keys(values).some(isGroupMetric));
  if (point === undefined) return undefined;
  const rows = new Map<string, Record<string, string | number | null>>();
  const statistics = new Set<string>();
  for (const [name, value] of Object.entries(point.values)) {
    if (!isGroupMetric(name)) continue;
    const [group, statistic] = name.split("/") as [string, string];
    statistics.add(statistic);
    rows.set(group, { ...rows.get(group), group, [statistic]: value });
  }
  return {
    name: "groups",
    title: `AdamW's update ratio u by parameter group, step ${point.step}`,
    columns: [
      textColumn("group"),
      ...[...statistics].map((key) => numberColumn(key, TITLES[key])),
    ],
    rows: [...rows.values()],
  };
}
