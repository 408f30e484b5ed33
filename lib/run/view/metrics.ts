// The numbers of a run by name, and how `--metric` chooses one. Pure: the browser loads this file.
import type { RunView } from "../events/views.ts";

/** Digits after the decimal point; values that look the same with these count as equal. */
export const VALUE_DIGITS = 4;

/** The ways to reduce a curve to one number; `best` is `min` or `max`, whichever is better. */
export const AGGREGATES = ["last", "min", "max", "best"] as const;

/**
 * Every number of a run: `bts/bpb/mean` and `bts/translation` for results, `stitch/loss:last`, `:min` and `:max` for
 * each cell's metrics, and `bpb`, the mean bits per byte of the experiment's own method or of its best one.
 */
export function valuesOf(view: RunView): Record<string, number> {
  const values: Record<string, number> = {};
  const set = (name: string, value: number | null | undefined) => {
    if (typeof value === "number" && Number.isFinite(value)) values[name] = value;
  };
  const means: number[] = [];
  for (const [method, { bpb, tasks }] of Object.entries(view.results?.methods ?? {})) {
    for (const [domain, value] of Object.entries(bpb)) set(`${method}/bpb/${domain}`, value);
    for (const [task, { value }] of Object.entries(tasks)) set(`${method}/${task}`, value);
    if (bpb.mean !== undefined) means.push(bpb.mean);
  }
  if (means.length > 0) {
    set("bpb", view.results!.methods[view.experiment]?.bpb.mean ?? Math.min(...means));
    set("bpb:min", Math.min(...means));
    set("bpb:max", Math.max(...means));
  }
  for (const cell of view.cells) {
    for (const { values: point } of cell.metrics) {
      for (const [name, value] of Object.entries(point)) {
        if (value === null || !Number.isFinite(value)) continue;
        const at = `${cell.name}/${name}`;
        values[`${at}:last`] = value;
        values[`${at}:min`] = Math.min(value, values[`${at}:min`] ?? Infinity);
        values[`${at}:max`] = Math.max(value, values[`${at}:max`] ?? -Infinity);
      }
    }
  }
  return values;
}

/** A metric as it is named on the command line: `bpb`, `validation:min`, `stitch/loss`, `bts/translation:best`. */
export interface Metric {
  readonly text: string;
  readonly name: string;
  readonly aggregate: (typeof AGGREGATES)[number];
  /** Which direction is better. */
  readonly better: "lower" | "higher";
}

/**
 * Parses a metric; undefined unless what follows the colon is one of {@linkcode AGGREGATES}.
 *
 * @param isScore whether the name is a task, whose scores are better when higher
 */
export function parseMetric(text: string, isScore: (name: string) => boolean = () => false): Metric | undefined {
  const [, name = "", given] = text.match(/^(.*?)(?::([a-z]+))?$/s)!;
  const aggregate = AGGREGATES.find((one) => one === (given ?? "last"));
  if (aggregate === undefined || name === "") return undefined;
  const better = aggregate === "min" ? "lower" : aggregate === "max" ? "higher" : betterOf(name, isScore(name));
  return { text, name, aggregate, better };
}

/** Scores and speeds are better when higher; losses, bits, norms, times and anything unknown when lower. */
export function betterOf(name: string, isScore = false): "lower" | "higher" {
  if (/(^|\/)bpb(\/|$)/.test(name)) return "lower";
  return isScore || /accuracy|score|persecond|throughput|reward/i.test(name) ? "higher" : "lower";
}

/** Whether a name is a task among a run's numbers, with or without its method. */
export function isTask(values: Readonly<Record<string, number>>, name: string, experiment: string): boolean {
  return [name, `${experiment}/${name}`].some((key) => Object.hasOwn(values, key) && !/(^|\/)bpb(\/|$)/.test(key));
}

/**
 * The metric's value among a run's numbers; undefined when the run has no such number. A name without a cell means the
 * last cell that has it, or the minimum or maximum over all cells; a name without a method means the experiment's own.
 */
export function pickMetric(
  values: Readonly<Record<string, number>>,
  { name, aggregate, better }: Metric,
  experiment: string,
): number | undefined {
  const reduce = aggregate === "best" ? better === "lower" ? "min" : "max" : aggregate;
  const exact = (key: string) => Object.hasOwn(values, key) ? values[key] : undefined;
  const direct = exact(`${name}:${reduce}`) ?? exact(name) ?? exact(`${experiment}/${name}`);
  if (direct !== undefined) return direct;
  const ends = Object.keys(values).filter((key) => key.endsWith(`/${name}:${reduce}`)).map((key) => values[key]!);
  if (ends.length === 0) return undefined;
  return reduce === "last" ? ends.at(-1) : reduce === "min" ? Math.min(...ends) : Math.max(...ends);
}

/** The names that `--metric` accepts, short ones first, for messages. */
export function metricNames(values: Iterable<Readonly<Record<string, number>>>): string[] {
  const names = new Set<string>();
  for (const of of values) {
    for (const key of Object.keys(of)) {
      const name = key.replace(/:(last|min|max)$/, "");
      names.add(name);
      if (name !== key) names.add(name.slice(name.lastIndexOf("/") + 1));
    }
  }
  return [...names].sort((a, b) => a.split("/").length - b.split("/").length || (a < b ? -1 : 1));
}
