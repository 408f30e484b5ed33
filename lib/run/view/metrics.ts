// The numbers of a run by name, and how `--metric` chooses one. Pure: the browser loads this file.
import type { Measurement } from "../events/results.ts";
import type { RunView } from "../events/views.ts";
import { isOverall, placeName } from "./measures.ts";

/** Digits after the decimal point; values that look the same with these count as equal. */
export const VALUE_DIGITS = 4;

/** The ways to reduce a curve to one number; `best` is `min` or `max`, whichever is better. */
export const AGGREGATES = ["last", "min", "max", "best"] as const;

/** Which values of a metric are better. */
export type Direction = "lower" | "higher";

/**
 * Every number of a run: `bts/bpb/mean` and `bts/translation` for results, `stitch/loss:last`, `:min` and `:max` for
 * each cell's metrics; and for each measure by its name alone, such as `bpb`, the mean over domains or only value of the
 * experiment's own method or of the best one, and `:min` and `:max` over all methods.
 */
export function valuesOf(view: RunView): Record<string, number> {
  const values: Record<string, number> = {};
  const set = (name: string, value: number | null | undefined) => {
    if (typeof value === "number" && Number.isFinite(value)) values[name] = value;
  };
  const made = Object.entries(view.results?.methods ?? {}).flatMap(([method, list]) =>
    list.map((one) => ({ method, ...one }))
  );
  for (const one of made) set(`${one.method}/${placeName(one)}`, one.value);
  for (const [name, same] of Map.groupBy(made.filter(isOverall), ({ name }) => name)) {
    const all = same.map(({ value }) => value).filter(Number.isFinite);
    if (all.length === 0) continue;
    const [least, most] = [Math.min(...all), Math.max(...all)];
    const own = same.find(({ method }) => method === view.experiment)?.value;
    set(name, own ?? bestOf(same[0]!.better, least, most));
    set(`${name}:min`, least);
    set(`${name}:max`, most);
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

function bestOf(better: Measurement["better"], least: number, most: number): number | undefined {
  return better === "lower" ? least : better === "higher" ? most : undefined;
}

/** The results of a run for which larger is better, by the names of {@linkcode valuesOf}. */
export function higherResults({ results }: RunView): string[] {
  const higher = Object.entries(results?.methods ?? {}).flatMap(([method, list]) =>
    list.filter(({ better }) => better === "higher").flatMap((one) => [
      `${method}/${placeName(one)}`,
      ...(isOverall(one) ? [one.name] : []),
    ])
  );
  return [...new Set(higher)];
}

/** A metric as it is named on the command line: `bpb`, `validation:min`, `stitch/loss`, `bts/translation:best`. */
export interface Metric {
  readonly text: string;
  readonly name: string;
  readonly aggregate: (typeof AGGREGATES)[number];
  /** Which direction is better. */
  readonly better: Direction;
}

/**
 * Parses a metric; undefined unless what follows the colon is one of {@linkcode AGGREGATES}.
 *
 * @param directionOf which values of a result are better; undefined if the name is not a result's
 */
export function parseMetric(
  text: string,
  directionOf: (name: string) => Direction | undefined = () => undefined,
): Metric | undefined {
  const [, name = "", given] = text.match(/^(.*?)(?::([a-z]+))?$/s)!;
  const aggregate = AGGREGATES.find((one) => one === (given ?? "last"));
  if (aggregate === undefined || name === "") return undefined;
  const better = aggregate === "min"
    ? "lower"
    : aggregate === "max"
    ? "higher"
    : directionOf(name) ?? directionOfCurve(name);
  return { text, name, aggregate, better };
}

/** Of logged values, scores and speeds are better when higher; losses, norms, times and anything unknown when lower. */
function directionOfCurve(name: string): Direction {
  return /accuracy|score|persecond|throughput|reward/i.test(name) ? "higher" : "lower";
}

/**
 * The direction of a result among the numbers of trials whose log does not say it, as earlier versions wrote them: bits
 * per byte are better when lower, tasks when higher. Undefined if it is no result.
 */
export function directionInOldLog(
  values: Readonly<Record<string, number>>,
  name: string,
  experiment: string,
): Direction | undefined {
  const found = [name, `${experiment}/${name}`].find((key) => Object.hasOwn(values, key));
  return found === undefined ? undefined : /(^|\/)bpb(\/|$)/.test(found) ? "lower" : "higher";
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
  const ends = Object.keys(values).filter((key) => withoutCell(key) === `${name}:${reduce}`).map((key) => values[key]!);
  if (ends.length === 0) return undefined;
  return reduce === "last" ? ends.at(-1) : reduce === "min" ? Math.min(...ends) : Math.max(...ends);
}

/** `validation/law` of `stitch/validation/law`: only the cell is left out, since `law` alone may mean something else. */
const withoutCell = (name: string): string => name.slice(name.indexOf("/") + 1);

/** The names that `--metric` accepts, short ones first, for messages. */
export function metricNames(values: Iterable<Readonly<Record<string, number>>>): string[] {
  const names = new Set<string>();
  for (const of of values) {
    for (const key of Object.keys(of)) {
      const name = key.replace(/:(last|min|max)$/, "");
      names.add(name);
      if (name !== key) names.add(withoutCell(name));
    }
  }
  return [...names].sort((a, b) => a.split("/").length - b.split("/").length || (a < b ? -1 : 1));
}
