// Several runs of one experiment, one per seed: means with intervals over seeds.
import { UserError } from "../errors.ts";
import {
  type MeasureColumn,
  measureColumns,
  type Measurement,
  measurementOf,
  type MethodResult,
  resultsTitle,
  type RunView,
  seedOf,
  shownValue,
  summaryColumns,
  summaryHeading,
  type Table,
} from "../run/mod.ts";
import { compact, fixed, range } from "./format.ts";
import { methodLabel, orderMethods } from "../methods.ts";
import { meanInterval } from "../statistics.ts";
import { meanShareInterval } from "./statistics.ts";

/** A mean over seeds with its 95 % interval, as shown: fractions in percent. */
export interface SeedsScore {
  readonly mean: number;
  /** Undefined with too few seeds for one, and for measures that depend on the machine. */
  readonly interval: { readonly low: number; readonly high: number } | undefined;
  /** The score of each seed that has one, in the order of the seeds. */
  readonly values: readonly number[];
}

/** Fewest seeds for which an interval is shown: with two, Student's t spans 12.7 standard errors, which says nothing. */
const FEWEST_FOR_INTERVAL = 3;

/** Whether this many seeds give a useful interval. */
export const hasInterval = (seeds: number): boolean => seeds >= FEWEST_FOR_INTERVAL;

/** Means by method and column, over the seeds with that score. */
export interface SeedsSummary {
  readonly seeds: readonly number[];
  readonly columns: readonly MeasureColumn[];
  readonly rows: readonly { readonly method: string; readonly scores: Readonly<Record<string, SeedsScore>> }[];
}

/**
 * Aggregates finished runs of several seeds.
 *
 * @throws UserError if there is no run, if one has no results, or if a seed occurs twice
 */
export function seedsSummary(views: readonly RunView[]): SeedsSummary {
  if (views.length === 0) throw new UserError("report.no-runs", "Cannot aggregate over seeds: no run was given");
  const unfinished = views.find(({ results }) => results === null);
  if (unfinished !== undefined) {
    throw new UserError(
      "report.no-results",
      `Run ${unfinished.id} (${unfinished.status}) has no results to aggregate`,
      "Finish it first, or leave out its seed",
    );
  }
  const seeds = views.map(seedOf);
  const twice = seeds.find((seed, at) => seeds.indexOf(seed) !== at);
  if (twice !== undefined) {
    throw new UserError("report.seed-twice", `Seed ${twice} was given twice: an interval needs independent runs`);
  }
  const all = views.map(({ results }) => results!);
  const columns = measureColumns(...all);
  const methods = orderMethods([...new Set(all.flatMap((results) => Object.keys(results.methods)))]);
  const rows = methods.map((method) => ({
    method,
    scores: Object.fromEntries(columns.flatMap((column) => {
      const found = all.flatMap((results) => scoreOf(results.methods[method], column) ?? []);
      return found.length === 0 ? [] : [[column.key, meanScore(found, column)]];
    })),
  }));
  return { seeds, columns, rows };
}

/** The finite measurement of one seed. */
function scoreOf(method: MethodResult | undefined, column: MeasureColumn): Measurement | undefined {
  const one = measurementOf(method, column);
  return one !== undefined && Number.isFinite(one.value) ? one : undefined;
}

/**
 * The mean of one measure over seeds. Measures that depend on the machine have no interval: what varies between their
 * values is not what a seed decides.
 */
function meanScore(scores: readonly Measurement[], column: MeasureColumn): SeedsScore {
  const values = scores.map(({ value }) => shownValue(value, column));
  const { mean, halfWidth } = meanInterval(values);
  if (column.machineDependent || !hasInterval(values.length)) return { mean, interval: undefined, values };
  const samples = scores.flatMap((one) => one.samples ?? []);
  if (column.format !== "proportion" || samples.length < scores.length) {
    return { mean, interval: { low: mean - halfWidth, high: mean + halfWidth }, values };
  }
  const { low, high } = meanShareInterval(scores.map(({ value }) => value), samples);
  return { mean, interval: { low: 100 * low, high: 100 * high }, values };
}

/**
 * How a mean over seeds is written: the mean, and its interval or each seed's value beside it. Values from different
 * machines have no mean; only their range is written.
 */
export function seedsText(
  { mean, interval, values }: SeedsScore,
  { format, digits, devices }: Pick<MeasureColumn, "format" | "digits" | "devices">,
): { text: string; aside?: string } {
  const write = (value: number) => format === "count" ? compact(value) : fixed(value, digits);
  const each = values.map(write);
  if (devices.length > 1) {
    return { text: [...new Set([Math.min(...values), Math.max(...values)].map(write))].join(" to ") };
  }
  const text = write(mean);
  if (format === "proportion" && interval !== undefined) {
    return { text, aside: range(interval.low, interval.high, digits) };
  }
  if (new Set(each).size === 1) return { text };
  return { text, aside: interval ? `± ${fixed(interval.high - mean, digits)}` : `(${each.join(", ")})` };
}

/** What is written beside the means, for a table's title. */
export function seedsBasis(seeds: readonly number[], columns: readonly MeasureColumn[] = []): string {
  if (seeds.length === 1) return `seed ${seeds[0]}, no interval`;
  const count = `mean of ${seeds.length} seeds`;
  if (columns.some(({ devices }) => devices.length > 1)) {
    return `range over ${seeds.length} seeds on different machines`;
  }
  if (!hasInterval(seeds.length) || columns.some((column) => column.machineDependent)) {
    return `${count} (each seed’s value)`;
  }
  return columns.some(({ format }) => format === "proportion")
    ? `${count} with 95 % interval (Korn and Graubard)`
    : `${count} ± 95 % interval (Student t)`;
}

/** The aggregate as one table for the terminal: one row per method, means and their intervals as text. */
export function seedsTable(views: readonly RunView[]): Table {
  const { seeds, rows } = seedsSummary(views);
  const all = views.map(({ results }) => results!);
  const columns = summaryColumns(...all);
  const written = (score: SeedsScore | undefined, column: MeasureColumn) => {
    if (score === undefined) return null;
    const { text, aside } = seedsText(score, column);
    return aside === undefined ? text : `${text} ${aside}`;
  };
  return {
    name: "seeds",
    title: `${resultsTitle(...all)}; ${
      hasInterval(seeds.length) ? `mean of ${seeds.length} seeds with 95 % intervals` : seedsBasis(seeds)
    }`,
    columns: [
      { key: "method", title: "method", kind: "text" },
      ...columns.map((column) => ({ key: column.key, title: summaryHeading(column), kind: "text" as const })),
    ],
    rows: rows.map(({ method, scores }) => ({
      method: methodLabel(method),
      ...Object.fromEntries(columns.map((column) => [column.key, written(scores[column.key], column)])),
    })),
  };
}
