// Several runs of one experiment, a seed each: means with Student t intervals.
import { UserError } from "../errors.ts";
import type { RunView, Table } from "../run/mod.ts";
import { fixed } from "./format.ts";
import { methodLabel, orderMethods } from "../methods.ts";
import { bpbColumns, taskColumns } from "./results.ts";
import { type MeanInterval, meanInterval } from "./statistics.ts";

/** One column of the aggregate: bits per byte on a domain, or a task in percent. */
export interface SeedsColumn {
  readonly key: string;
  readonly kind: "bpb" | "task";
  readonly title: string;
  readonly better: "lower" | "higher";
  readonly digits: number;
}

/** A mean over seeds with what it is the mean of, in the order of the seeds that have it. */
export interface SeedsScore extends MeanInterval {
  readonly values: readonly number[];
}

/** Fewest seeds for which an interval is shown: with two, Student's t is 12.7 standard errors wide, so says nothing. */
const FEWEST_FOR_INTERVAL = 3;

/** Whether so many seeds make a useful interval. */
export const hasInterval = (seeds: number): boolean => seeds >= FEWEST_FOR_INTERVAL;

/** Means by method and column, over the seeds in which a method has that score. */
export interface SeedsSummary {
  readonly seeds: readonly number[];
  readonly columns: readonly SeedsColumn[];
  readonly rows: readonly { readonly method: string; readonly scores: Readonly<Record<string, SeedsScore>> }[];
}

/**
 * Aggregates finished runs of several seeds.
 *
 * @throws UserError when there is no run, when one has no results, or when a seed comes twice
 */
export function seedsSummary(views: readonly RunView[]): SeedsSummary {
  if (views.length === 0) throw new UserError("report.no-runs", "Cannot aggregate over seeds: no run was given");
  const unfinished = views.find(({ results }) => results === null);
  if (unfinished !== undefined) {
    throw new UserError(
      "report.no-results",
      `Run ${unfinished.id} (${unfinished.status}) has no results to aggregate`,
      "Finish it first, or leave its seed out",
    );
  }
  const seeds = views.map(({ seed }) => seed);
  const twice = seeds.find((seed, at) => seeds.indexOf(seed) !== at);
  if (twice !== undefined) {
    throw new UserError("report.seed-twice", `Seed ${twice} was given twice: an interval needs independent runs`);
  }
  const all = views.map(({ results }) => results!);
  const domains = [...new Set(all.flatMap(bpbColumns))].sort((a, b) => Number(a === "mean") - Number(b === "mean"));
  const columns: SeedsColumn[] = [
    ...domains.map((domain) => ({
      key: `bpb.${domain}`,
      kind: "bpb" as const,
      title: domain,
      better: "lower" as const,
      digits: 3,
    })),
    ...[...new Set(all.flatMap(taskColumns))].map((task) => ({
      key: `task.${task}`,
      kind: "task" as const,
      title: task,
      better: "higher" as const,
      digits: 1,
    })),
  ];
  const methods = orderMethods([...new Set(all.flatMap((results) => Object.keys(results.methods)))]);
  const rows = methods.map((method) => ({
    method,
    scores: Object.fromEntries(columns.flatMap(({ key }) => {
      const values = all.map((results) => score(results.methods[method], key)).filter((value) => value !== undefined);
      return values.length === 0 ? [] : [[key, { ...meanInterval(values), values }]];
    })),
  }));
  return { seeds, columns, rows };
}

function score(
  result: NonNullable<RunView["results"]>["methods"][string] | undefined,
  key: string,
): number | undefined {
  const name = key.slice(key.indexOf(".") + 1);
  if (key.startsWith("bpb.")) return result?.bpb[name];
  const task = result?.tasks[name]?.value;
  return task === undefined ? undefined : 100 * task;
}

/** How a mean over seeds is written: the mean, and its interval or each seed's value beside it. */
export function seedsText({ mean, halfWidth, values }: SeedsScore, digits: number): { text: string; aside?: string } {
  const each = values.map((value) => fixed(value, digits));
  const text = fixed(mean, digits);
  if (new Set(each).size === 1) return { text };
  return { text, aside: hasInterval(values.length) ? `± ${fixed(halfWidth, digits)}` : `(${each.join(", ")})` };
}

/** What stands beside the means, for a table's title. */
export function seedsBasis(seeds: readonly number[]): string {
  return seeds.length === 1
    ? `seed ${seeds[0]}, no interval`
    : hasInterval(seeds.length)
    ? `mean of ${seeds.length} seeds ± 95 % interval (Student t)`
    : `mean of ${seeds.length} seeds (each seed’s value)`;
}

/** The aggregate as one table for the terminal: a row a method, `mean ± half-width` as text. */
export function seedsTable(views: readonly RunView[]): Table {
  const { seeds, columns, rows } = seedsSummary(views);
  const written = (score: SeedsScore | undefined, digits: number) => {
    if (score === undefined) return null;
    const { text, aside } = seedsText(score, digits);
    return aside === undefined ? text : `${text} ${aside}`;
  };
  return {
    name: "seeds",
    title: `Held-out bits per byte by domain (lower is better) and tasks in percent (higher is better); ${
      seedsBasis(seeds)
    }`,
    columns: [
      { key: "method", title: "method", kind: "text" },
      ...columns.map(({ key, kind, title }) => ({
        key,
        title: kind === "task" ? `${title}, %` : title,
        kind: "text" as const,
      })),
    ],
    rows: rows.map(({ method, scores }) => ({
      method: methodLabel(method),
      ...Object.fromEntries(columns.map(({ key, digits }) => [key, written(scores[key], digits)])),
    })),
  };
}
