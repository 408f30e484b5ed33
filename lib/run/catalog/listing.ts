// Listing runs from the index: filters and sorting.
import type { DatabaseSync } from "node:sqlite";
import { byDistance, UserError } from "../../errors.ts";
import { openForReading, withIndex } from "./runs-index.ts";
import type { ListedRun, RunSummary } from "../events/views.ts";
import {
  AGGREGATES,
  type Direction,
  HEADLINE,
  isOverall,
  parseMetric,
  placeName,
  type RunStatus,
} from "../view/mod.ts";

/** A run in a sorted list. */
export interface SortedRun extends ListedRun {
  /** Cores that it kept busy on average, and the most memory that it had, in bytes; null if it kept no samples. */
  readonly cores: number | null;
  readonly memory: number | null;
  /** The value that the list is sorted by, when that is a metric. */
  readonly sortedBy: number | null;
}

/** Filters, all of which must match, and the order. */
export interface ListOptions {
  readonly tags?: readonly string[];
  readonly statuses?: readonly RunStatus[];
  readonly preset?: string | undefined;
  readonly experiment?: string | undefined;
  /** Only runs that were started then or later. */
  readonly since?: Date | undefined;
  /** A column, or a result or metric, alone or with `:last`, `:min`, `:max` or `:best`. @default started */
  readonly sort?: string;
  readonly reverse?: boolean;
  readonly limit?: number | undefined;
}

type Key = (run: SortedRun) => string | number | null;

/** The columns to sort by, with their default direction: 1 is ascending. */
const COLUMNS: Readonly<Record<string, { readonly key: Key; readonly direction: 1 | -1 }>> = {
  started: { key: (run) => run.startedAt, direction: -1 },
  updated: { key: (run) => run.updatedAt, direction: -1 },
  seconds: { key: (run) => run.seconds, direction: 1 },
  seed: { key: (run) => run.seed, direction: 1 },
  name: { key: shownName, direction: 1 },
  status: { key: (run) => run.status, direction: 1 },
  preset: { key: (run) => run.preset, direction: 1 },
  experiment: { key: (run) => run.experiment, direction: 1 },
  device: { key: (run) => run.device, direction: 1 },
  cores: { key: (run) => run.cores, direction: -1 },
  memory: { key: (run) => run.memory, direction: -1 },
  [HEADLINE.name]: { key: (run) => headline(run)[1], direction: 1 },
};

/**
 * The matching runs from the index, sorted; runs without the value come last.
 *
 * @throws UserError `list.sort` for an unknown column or metric
 */
export async function listFromIndex(runsFolder: string, options: ListOptions = {}): Promise<SortedRun[]> {
  return await withIndex(runsFolder, ({ path }) => {
    const db = openForReading(path);
    try {
      const { values, key, direction } = sortOf(db, options.sort ?? "started");
      const runs = readRuns(db).filter((run) => matches(run, options))
        .map((run) => ({ ...run, sortedBy: values?.get(run.id) ?? null }));
      return sortedBy(runs, key, options.reverse ? -direction : direction).slice(0, options.limit);
    } finally {
      db.close();
    }
  });
}

/** The method with the experiment's name and its score, otherwise the best method. */
export function headline({ experiment, meanBpb }: RunSummary): [string | null, number | null] {
  const own = meanBpb[experiment];
  if (own !== undefined) return [experiment, own];
  const best = Object.entries(meanBpb).sort(([, a], [, b]) => a - b)[0];
  return best ?? [null, null];
}

/** The run's name: the label, otherwise `--name`; null when it has neither. */
export function shownName({ name, title, command }: Pick<ListedRun, "name" | "title" | "command">): string | null {
  const given = command.some((word, i) =>
    word === `--name=${title}` || (word === "--name" && command[i + 1] === title)
  );
  return name ?? (given ? title : null);
}

function matches(run: ListedRun, { tags, statuses, preset, experiment, since }: ListOptions): boolean {
  return (tags ?? []).every((tag) => run.tags.includes(tag)) &&
    (statuses === undefined || statuses.length === 0 || statuses.includes(run.status)) &&
    (preset === undefined || run.preset === preset) &&
    (experiment === undefined || run.experiment === experiment) &&
    (since === undefined || Date.parse(run.startedAt) >= since.getTime());
}

function sortedBy(runs: readonly SortedRun[], key: Key, direction: number): SortedRun[] {
  const newest = (a: ListedRun, b: ListedRun) => a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : 0;
  return [...runs].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === null || y === null) return x === y ? newest(a, b) : x === null ? 1 : -1;
    return x < y ? -direction : x > y ? direction : newest(a, b);
  });
}

interface Order {
  readonly key: Key;
  readonly direction: 1 | -1;
  /** The values by run, when it is a metric. */
  readonly values: ReadonlyMap<string, number> | undefined;
}

/** The order that `--sort` means: a column, a result (`bts/translation`, `bpb:best`) or a logged metric (`stitch/loss`). */
function sortOf(db: DatabaseSync, sort: string): Order {
  const column = Object.hasOwn(COLUMNS, sort) ? COLUMNS[sort] : undefined;
  if (column !== undefined) return { ...column, values: undefined };
  const names = metricNamesIn(db);
  const { results, metrics, inCells } = names;
  if (parseMetric(sort, () => undefined) === undefined) {
    const [, name = "", aggregate = ""] = sort.match(/^(.*?)(?::([^:]*))?$/s)!;
    throw new UserError(
      "list.sort",
      name === ""
        ? `Cannot sort by ${JSON.stringify(sort)}: expected a column, a result or a metric`
        : `Cannot sort by the "${aggregate}" of ${name}: expected one of ${AGGREGATES.join(", ")}`,
      name === "" ? `columns are ${Object.keys(COLUMNS).join(", ")}` : undefined,
    );
  }
  const metric = metricValues(db, sort, names);
  if (metric !== undefined) return { ...metric, key: (run) => run.sortedBy };
  const { name } = parseMetric(sort, () => undefined)!;
  const measures = [...new Set([...results.values()].map(({ measure }) => measure))];
  const known = new Set([...Object.keys(COLUMNS), ...metrics, ...measures, ...results.keys(), ...inCells.keys()]);
  throw new UserError(
    "list.sort",
    `Cannot sort by "${name}": expected a column (${Object.keys(COLUMNS).join(", ")}), a metric, <cell>/<metric>, ` +
      "a measure, <method>/<measure> or <method>/<measure>/<domain>",
    `${nearestNames(name, [...known])}; deno task query "${ALL_NAMES}" lists all metrics and measures`,
  );
}

/** SQL for what there is to sort by besides columns. */
const ALL_NAMES = "select name from metrics union select measure from results";

/** How many names an error suggests. */
const MOST_NAMES = 5;

/** @param known at least the columns */
function nearestNames(name: string, known: readonly string[]): string {
  const nearest = byDistance(name, known).slice(0, MOST_NAMES);
  return `the nearest names are ${nearest.slice(0, -1).join(", ")} and ${nearest.at(-1)}`;
}

/** A result or a logged metric of every run that has it. */
export interface MetricValues {
  readonly values: ReadonlyMap<string, number>;
  /** 1: the smallest value is the most interesting. */
  readonly direction: 1 | -1;
  readonly better: Direction | undefined;
}

/**
 * The values that a name such as `bts/translation`, `bpb:best` or `stitch/loss:min` means; undefined if no run has any.
 *
 * @param names those in the index
 */
export function metricValues(db: DatabaseSync, text: string, names: MetricNames): MetricValues | undefined {
  const { results, metrics, inCells } = names;
  const metric = parseMetric(text, (name) => results.get(name)?.better);
  if (metric === undefined) return undefined;
  const { name, better } = metric;
  const reduction = metric.aggregate === "best" ? better === "lower" ? "min" : "max" : metric.aggregate;
  const direction = metric.aggregate === "best" ? better === "lower" ? 1 : -1 : reduction === "max" ? -1 : 1;
  const result = results.get(name);
  if (result !== undefined) return { values: resultsByRun(db, result, reduction), direction, better: result.better };
  const logged = metrics.includes(name) ? { name, cell: null } : inCells.get(name);
  if (logged === undefined) return undefined;
  return { values: metricByRun(db, logged, reduction), direction, better: undefined };
}

/** The names of all results and metrics: of metrics alone, and with their cells. */
export interface MetricNames {
  readonly results: ReadonlyMap<string, Result>;
  readonly metrics: readonly string[];
  readonly inCells: ReadonlyMap<string, { readonly name: string; readonly cell: string }>;
}

/** The names in an index. */
export function metricNamesIn(db: DatabaseSync): MetricNames {
  const logged = distinct(db, "metrics", ["name", "cell"])
    .map((row) => ({ name: String(row["name"]), cell: String(row["cell"]) }));
  const inCells = logged.map((one) => [`${one.cell}/${one.name}`, one] as const).sort(([a], [b]) => a < b ? -1 : 1);
  return {
    results: resultNames(db),
    metrics: [...new Set(logged.map(({ name }) => name))],
    inCells: new Map(inCells),
  };
}

/**
 * A row for each distinct combination of columns, in their order. A table may have a million rows with a hundred
 * combinations: an index that begins with the columns is asked for the next one, and no row in between is read. (SQLite
 * would read them for `distinct`, and for a comparison of all columns at once.)
 */
function distinct(db: DatabaseSync, table: string, columns: readonly string[]): Record<string, unknown>[] {
  const order = `order by ${columns.join(", ")} limit 1`;
  // The next value of the last column where the others are the same, or else of the one before it, and so on.
  const steps = columns.map((column, at) => {
    const same = columns.slice(0, at).map((other) => `${other} = ? and `).join("");
    const select = db.prepare(`select * from ${table} where ${same}${column} > ? ${order}`);
    return (row: Record<string, unknown>) => select.get(...columns.slice(0, at + 1).map((one) => String(row[one])));
  }).reverse();
  const found: Record<string, unknown>[] = [];
  let row = db.prepare(`select * from ${table} ${order}`).get();
  while (row !== undefined) {
    found.push(row);
    const last = row;
    row = undefined;
    for (const step of steps) row ??= step(last);
  }
  return found;
}

/** Selects results of every method, or of one. */
export interface Result {
  readonly measure: string;
  readonly group: string;
  readonly method?: string;
  readonly better: Direction | undefined;
}

/**
 * All names of results: `<method>/<measure>/<group>` and `<measure>/<group>`, without the group where it is empty, and
 * the measure alone for its mean.
 */
function resultNames(db: DatabaseSync): Map<string, Result> {
  const found = new Map<string, Result>();
  const add = (name: string, result: Result) => found.has(name) ? undefined : found.set(name, result);
  const place = (row: Record<string, unknown>) => `${row["method"]}\0${row["measure"]}\0${row["group_name"]}`;
  const rows = distinct(db, "results", ["measure", "group_name", "method"])
    .sort((a, b) => place(a) < place(b) ? -1 : 1);
  for (const { method, measure, group_name, better } of rows) {
    const place = { name: String(measure), group: String(group_name) };
    const result: Result = { measure: place.name, group: place.group, better: better as Direction ?? undefined };
    add(`${method}/${placeName(place)}`, { ...result, method: String(method) });
    add(placeName(place), result);
    if (isOverall(place)) add(place.name, result);
  }
  return found;
}

type Reduction = "last" | "min" | "max";

/** A metric of each run: its minimum or maximum over all cells, or its last value in the last cell that has it. */
function metricByRun(
  db: DatabaseSync,
  { name, cell }: { readonly name: string; readonly cell: string | null },
  reduction: Reduction,
): Map<string, number> {
  const rows = db.prepare(
    `select m.run, m.${reduction} as value from metrics m join cells c on c.run = m.run and c.name = m.cell
     where m.name = ?1 and m.cell = coalesce(?2, m.cell) and m.last is not null order by m.run, c.position`,
  ).all(name, cell);
  return byRun(rows, reduction);
}

/** A result of each run. `last` means that of the experiment's own method, or of the best method if there is none. */
function resultsByRun(db: DatabaseSync, { measure, group, method }: Result, reduction: Reduction): Map<string, number> {
  const rows = db.prepare(
    `select r.run, r.value from results r join runs on runs.id = r.run
     where r.measure = ?1 and r.group_name = ?2 and r.method = coalesce(?3, r.method)
     order by r.run, r.method = runs.experiment, iif(r.better = 'higher', r.value, -r.value)`,
  ).all(measure, group, method ?? null);
  return byRun(rows, reduction);
}

function byRun(rows: readonly Record<string, unknown>[], reduction: Reduction): Map<string, number> {
  const values = new Map<string, number>();
  for (const row of rows) {
    const [run, value] = [String(row.run), Number(row.value)];
    const before = values.get(run);
    values.set(run, before === undefined || reduction === "last" ? value : Math[reduction](before, value));
  }
  return values;
}

/** Summaries by run, and the state of the log that each was made from. */
export type KnownSummaries = Map<string, { readonly stamp: string; readonly summary: RunSummary }>;

/** All runs of an index. @param known what was read earlier, which is brought up to date */
export function readRuns(db: DatabaseSync, known: KnownSummaries = new Map()): SortedRun[] {
  const tags = grouped(db, "select run, tag from tags order by run, tag");
  const select = db.prepare("select summary from logs where run = ?");
  const summaryOf = (id: string, stamp: string, text: unknown): RunSummary => {
    const before = known.get(id);
    // Without a log's state, as of a run that cannot be read, nothing says whether the summary is the same.
    if (before?.stamp === stamp && stamp !== NO_STAMP) return before.summary;
    const summary = JSON.parse(String(text ?? select.get(id)!.summary)) as RunSummary;
    known.set(id, { stamp, summary });
    return summary;
  };
  // At first all summaries are needed, and later only few.
  const rows = db.prepare(
    `select id, name, status, cores, memory, log_file || ' ' || log_size || ' ' || log_time as stamp,
     ${known.size === 0 ? "summary" : "null as summary"} from runs join logs on run = id`,
  ).all();
  return rows.map((row) => ({
    ...summaryOf(String(row.id), String(row.stamp), row.summary),
    status: row.status as RunStatus,
    name: row.name === null ? null : String(row.name),
    cores: row.cores as number | null,
    memory: row.memory as number | null,
    tags: (tags.get(String(row.id)) ?? []).map(({ tag }) => String(tag)),
    sortedBy: null,
  }));
}

const NO_STAMP = "0.0 0 0.0";

function grouped(db: DatabaseSync, sql: string): Map<string, Record<string, unknown>[]> {
  const groups = new Map<string, Record<string, unknown>[]>();
  for (const row of db.prepare(sql).all()) {
    const run = String(row.run);
    const group = groups.get(run);
    if (group === undefined) groups.set(run, [row]);
    else group.push(row);
  }
  return groups;
}
