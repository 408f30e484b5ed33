// The numbers that a run came to, by name, and choosing one of them by `--metric`. Pure: the browser loads it too.
import type { RunView } from "../view.ts";

/** The ways to make one number of a curve. */
export const HOWS = ["last", "min", "max", "best"] as const;

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

/** A metric as a person names it: `bpb`, `validation:min`, `stitch/loss`, `bts/translation:best`. */
export interface Metric {
  readonly text: string;
  readonly name: string;
  readonly how: (typeof HOWS)[number];
  /** Which direction is good, as far as its name says. */
  readonly better: "lower" | "higher";
}

/** Reads a metric's text; undefined when what stands behind the colon is none of `last`, `min`, `max` and `best`. */
export function parseMetric(text: string): Metric | undefined {
  const [, name = "", given] = text.match(/^(.*?)(?::([a-z]+))?$/s)!;
  const how = HOWS.find((how) => how === (given ?? "last"));
  if (how === undefined || name === "") return undefined;
  const better = how === "min" ? "lower" : how === "max" ? "higher" : betterOf(name);
  return { text, name, how, better };
}

/** Losses, times, norms and bits are better when lower; results that are scores, and speeds, when higher. */
export function betterOf(name: string): "lower" | "higher" {
  if (/accuracy|score|right|persecond|throughput|reward/i.test(name)) return "higher";
  // `<method>/<task>` is a task's score; `<method>/bpb/<domain>` and `<cell>/loss` are not.
  if (/bpb|loss|validation|seconds|norm|perplexity|error|ratio|lr$/i.test(name)) return "lower";
  return name.includes("/") ? "higher" : "lower";
}

/**
 * The metric's value among a run's numbers, or undefined when the run has no such number. A name without a cell takes
 * the last cell that has it, or the smallest or largest of all cells; a name without a method the experiment's own.
 */
export function pickMetric(
  values: Readonly<Record<string, number>>,
  { name, how, better }: Metric,
  experiment: string,
): number | undefined {
  const way = how === "best" ? better === "lower" ? "min" : "max" : how;
  const exact = (key: string) => Object.hasOwn(values, key) ? values[key] : undefined;
  const direct = exact(`${name}:${way}`) ?? exact(name) ?? exact(`${experiment}/${name}`);
  if (direct !== undefined) return direct;
  const ends = Object.keys(values).filter((key) => key.endsWith(`/${name}:${way}`)).map((key) => values[key]!);
  if (ends.length === 0) return undefined;
  return way === "last" ? ends.at(-1) : way === "min" ? Math.min(...ends) : Math.max(...ends);
}

/** The names that `--metric` may take, short ones first, for messages. */
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
