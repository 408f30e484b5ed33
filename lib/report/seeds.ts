// Several runs of one experiment, one per seed: means with intervals over seeds.
import { UserError } from "../errors.ts";
import type { RunView, Table } from "../run/mod.ts";
import { seedOf } from "../run/view/mod.ts";
import { fixed, range } from "./format.ts";
import { methodLabel, orderMethods } from "../methods.ts";
import { bpbColumns, taskColumns } from "./results.ts";
import { meanInterval, meanShareInterval } from "./statistics.ts";

/** One column of the aggregate: bits per byte on a domain, or a task in percent. */
export interface SeedsColumn {
  readonly key: string;
  readonly kind: "bpb" | "task";
  readonly title: string;
  readonly better: "lower" | "higher";
  readonly digits: number;
}

/** A mean over seeds with its 95 % interval. */
export interface SeedsScore {
  readonly mean: number;
  /** Undefined with too few seeds for one. */
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
  readonly columns: readonly SeedsColumn[];
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
      const found = all.flatMap((results) => scoreOf(results.methods[method], key) ?? []);
      return found.length === 0 ? [] : [[key, meanScore(found)]];
    })),
  }));
  return { seeds, columns, rows };
}

/** The score of one seed: bits per byte, or a task in percent with the number of its questions. */
interface Score {
  readonly value: number;
  readonly questions: number | undefined;
}

function scoreOf(
  result: NonNullable<RunView["results"]>["methods"][string] | undefined,
  key: string,
): Score | undefined {
  const name = key.slice(key.indexOf(".") + 1);
  if (!key.startsWith("bpb.")) {
    const task = result?.tasks[name];
    return task && { value: 100 * task.value, questions: task.samples };
  }
  const value = result?.bpb[name];
  return value === undefined ? undefined : { value, questions: undefined };
}

function meanScore(scores: readonly Score[]): SeedsScore {
  const values = scores.map(({ value }) => value);
  const { mean, halfWidth } = meanInterval(values);
  if (!hasInterval(values.length)) return { mean, interval: undefined, values };
  if (scores[0]!.questions === undefined) {
    return { mean, interval: { low: mean - halfWidth, high: mean + halfWidth }, values };
  }
  const { low, high } = meanShareInterval(
    values.map((value) => value / 100),
    scores.map(({ questions }) => questions!),
  );
  return { mean, interval: { low: 100 * low, high: 100 * high }, values };
}

/** How a mean over seeds is written: the mean, and its interval or each seed's value beside it. */
export function seedsText(
  { mean, interval, values }: SeedsScore,
  { kind, digits }: Pick<SeedsColumn, "kind" | "digits">,
): { text: string; aside?: string } {
  const text = fixed(mean, digits);
  const each = values.map((value) => fixed(value, digits));
  const alike = new Set(each).size === 1;
  if (kind === "task" && interval !== undefined) return { text, aside: range(interval.low, interval.high, digits) };
  if (alike) return { text };
  return { text, aside: interval ? `± ${fixed(interval.high - mean, digits)}` : `(${each.join(", ")})` };
}

/** What is written beside the means, for a table's title. */
export function seedsBasis(seeds: readonly number[], kind: SeedsColumn["kind"] = "bpb"): string {
  return seeds.length === 1
    ? `seed ${seeds[0]}, no interval`
    : !hasInterval(seeds.length)
    ? `mean of ${seeds.length} seeds (each seed’s value)`
    : kind === "bpb"
    ? `mean of ${seeds.length} seeds ± 95 % interval (Student t)`
    : `mean of ${seeds.length} seeds with 95 % interval (Korn and Graubard)`;
}

/** The aggregate as one table for the terminal: one row per method, means and their intervals as text. */
export function seedsTable(views: readonly RunView[]): Table {
  const { seeds, columns, rows } = seedsSummary(views);
  const written = (score: SeedsScore | undefined, column: SeedsColumn) => {
    if (score === undefined) return null;
    const { text, aside } = seedsText(score, column);
    return aside === undefined ? text : `${text} ${aside}`;
  };
  return {
    name: "seeds",
    title: `Held-out bits per byte by domain (lower is better) and tasks in percent (higher is better); ${
      hasInterval(seeds.length) ? `mean of ${seeds.length} seeds with 95 % intervals` : seedsBasis(seeds)
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
      ...Object.fromEntries(columns.map((column) => [column.key, written(scores[column.key], column)])),
    })),
  };
}
