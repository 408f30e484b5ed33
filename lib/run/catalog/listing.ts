// Which runs a person asks for, and in which order: filters and sorting over the index.
import type { DatabaseSync } from "node:sqlite";
import { nearest, UserError } from "../../errors.ts";
import { openForReading, withIndex } from "./runs-index.ts";
import type { ListedRun, RunSummary } from "../events/views.ts";
import { AGGREGATES, parseMetric, type RunStatus } from "../view/mod.ts";

/** A run in a sorted list. */
export interface SortedRun extends ListedRun {
  /** What the list is sorted by, when that is a metric. */
  readonly sortedBy: number | null;
}

/** Which runs, in which order. Every filter that is given must fit. */
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

/** The columns to sort by, each with its natural direction: 1 is smallest first. */
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
  bpb: { key: (run) => headline(run)[1], direction: 1 },
};

/**
 * The runs that fit, from the index, sorted; runs without the value that is sorted by come last.
 *
 * @throws UserError `list.sort` for an unknown column or metric
 */
export async function listFromIndex(runsFolder: string, options: ListOptions = {}): Promise<SortedRun[]> {
  return await withIndex(runsFolder, ({ path }) => {
    const db = openForReading(path);
    try {
      const { values, key, direction } = sortOf(db, options.sort ?? "started");
      const runs = readRuns(db).filter((run) => fits(run, options))
        .map((run) => ({ ...run, sortedBy: values?.get(run.id) ?? null }));
      return sortedBy(runs, key, options.reverse ? -direction : direction).slice(0, options.limit);
    } finally {
      db.close();
    }
  });
}

/** The run's own method if it has one of the experiment's name, otherwise the best. */
export function headline({ experiment, meanBpb }: RunSummary): [string | null, number | null] {
  const own = meanBpb[experiment];
  if (own !== undefined) return [experiment, own];
  const best = Object.entries(meanBpb).sort(([, a], [, b]) => a - b)[0];
  return best ?? [null, null];
}

/** The name that people gave the run, otherwise its `--name`; null when it has neither. */
export function shownName({ name, title, command }: ListedRun): string | null {
  const given = command.some((word, i) =>
    word === `--name=${title}` || (word === "--name" && command[i + 1] === title)
  );
  return name ?? (given ? title : null);
}

function fits(run: ListedRun, { tags, statuses, preset, experiment, since }: ListOptions): boolean {
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
  /** The metric's value by run, when it is one. */
  readonly values: ReadonlyMap<string, number> | undefined;
}

/** What a `--sort` means: a column, a result (`bts/translation`, `bpb:best`), or a logged metric (`loss`, `stitch/loss`). */
function sortOf(db: DatabaseSync, sort: string): Order {
  const column = Object.hasOwn(COLUMNS, sort) ? COLUMNS[sort] : undefined;
  if (column !== undefined) return { ...column, values: undefined };
  const metrics = namesIn(db, "select distinct name from metrics order by name");
  const inCells = namesIn(db, "select distinct cell || '/' || name as name from metrics order by 1");
  const results = namesIn(
    db,
    `select distinct iif(kind = 'bpb', method || '/bpb/' || name, method || '/' || name) as name
    from results where kind in ('bpb', 'task') order by 1`,
  );
  const tasks = namesIn(db, "select distinct name from results where kind = 'task' order by name");
  const isScore = (name: string) => tasks.includes(name) || (results.includes(name) && !name.includes("/bpb/"));
  const metric = parseMetric(sort, isScore);
  if (metric === undefined) {
    const [, name = "", aggregate = ""] = sort.match(/^(.*?)(?::([^:]*))?$/s)!;
    throw new UserError(
      "list.sort",
      name === ""
        ? `Cannot sort by ${JSON.stringify(sort)}: expected a column, a result or a metric`
        : `Cannot sort by the "${aggregate}" of ${name}: expected one of ${AGGREGATES.join(", ")}`,
      name === "" ? `columns are ${Object.keys(COLUMNS).join(", ")}` : undefined,
    );
  }
  const { name, better } = metric;
  const way = metric.aggregate === "best" ? better === "lower" ? "min" : "max" : metric.aggregate;
  const direction = metric.aggregate === "best" ? better === "lower" ? 1 : -1 : way === "max" ? -1 : 1;
  const order = (values: ReadonlyMap<string, number>): Order => ({ key: (run) => run.sortedBy, direction, values });
  if (name === "bpb") return order(resultsByRun(db, { kind: "bpb", name: "mean" }, way));
  if (results.includes(name)) {
    const [, method = "", bpb, of = ""] = name.match(/^(.*?)\/(bpb\/)?(.*)$/s)!;
    return order(resultsByRun(db, { kind: bpb === undefined ? "task" : "bpb", name: of, method }, way));
  }
  if (tasks.includes(name)) return order(resultsByRun(db, { kind: "task", name }, way));
  if (metrics.includes(name)) return order(metricByRun(db, "m.name = ?", name, way));
  if (inCells.includes(name)) return order(metricByRun(db, "m.cell || '/' || m.name = ?", name, way));
  const known = [...Object.keys(COLUMNS), ...metrics, ...tasks];
  const near = nearest(name, [...known, ...results, ...inCells]);
  throw new UserError(
    "list.sort",
    `Cannot sort by "${name}": expected one of ${known.join(", ")}, <method>/<task>, <cell>/<metric>`,
    near === undefined ? undefined : `did you mean ${near}?`,
  );
}

function namesIn(db: DatabaseSync, sql: string): string[] {
  return db.prepare(sql).all().map(({ name }) => String(name));
}

type Way = "last" | "min" | "max";

/** A metric of each run: its smallest or largest value in any cell, or the last one of the last cell that has it. */
function metricByRun(db: DatabaseSync, where: string, name: string, way: Way): Map<string, number> {
  const rows = db.prepare(
    `select m.run, m.${way} as value from metrics m join cells c on c.run = m.run and c.name = m.cell
     where ${where} and m.last is not null order by m.run, c.position`,
  ).all(name);
  return byRun(rows, way);
}

/** Results of every method, or of one. */
interface Result {
  readonly kind: "bpb" | "task";
  readonly name: string;
  readonly method?: string;
}

/** A result of each run: `last` means its own method's (the experiment's name), or the best one's if it has no such method. */
function resultsByRun(db: DatabaseSync, { kind, name, method }: Result, way: Way): Map<string, number> {
  const rows = db.prepare(
    `select r.run, r.value from results r join runs on runs.id = r.run
     where r.kind = ?1 and r.name = ?2 and r.method = coalesce(?3, r.method)
     order by r.run, r.method = runs.experiment, iif(?1 = 'bpb', -r.value, r.value)`,
  ).all(kind, name, method ?? null);
  return byRun(rows, way);
}

function byRun(rows: readonly Record<string, unknown>[], way: Way): Map<string, number> {
  const values = new Map<string, number>();
  for (const row of rows) {
    const [run, value] = [String(row.run), Number(row.value)];
    const before = values.get(run);
    values.set(run, before === undefined || way === "last" ? value : Math[way](before, value));
  }
  return values;
}

function readRuns(db: DatabaseSync): SortedRun[] {
  const tags = grouped(db, "select run, tag from tags order by run, tag");
  return db.prepare("select id, name, status, summary from runs join logs on run = id").all().map((row) => ({
    ...JSON.parse(String(row.summary)) as RunSummary,
    status: row.status as RunStatus,
    name: row.name === null ? null : String(row.name),
    tags: (tags.get(String(row.id)) ?? []).map(({ tag }) => String(tag)),
    sortedBy: null,
  }));
}

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
