// The table of runs: a view's columns, and a window of its rows, from the index.
import { didYouMean } from "../../errors.ts";
import { meanInterval } from "../../statistics.ts";
import {
  checkFilter,
  type FilterTerm,
  HEADLINE,
  isUnderWay,
  matchesFilter,
  parseFilter,
  type TableView,
} from "../view/mod.ts";
import { canonicalJson } from "../files/canonical.ts";
import { groupRuns } from "./run-groups.ts";
import { headline, type SortedRun } from "./listing.ts";
import type { TableData } from "./table-data.ts";
import type { TableCell, TableColumn, TableRow, TableWindow } from "./table-rows.ts";

/** Settings that are shown without being asked for, at most. */
const MOST_SETTINGS = 6;
/** How many of the rows decide which settings differ. */
const SAMPLE = 300;
/** How many values of a name are suggested. */
const MOST_VALUES = 30;

type Read = (run: SortedRun) => string | number | null;

interface ReadColumn extends TableColumn {
  readonly read: Read;
  /** Whether a group of runs has a mean of it: a measurement, not what was set. */
  readonly measured?: boolean;
}

/** As a line of the table says it: a run that is done may have been planned with more cells than it has logged. */
const cellsDone: Read = ({ status, cells }) => status === "done" ? cells.total : cells.ended;

/** Columns that every run has. */
const CORE: readonly ReadColumn[] = [
  { key: "status", title: "Status", kind: "status", read: (run) => run.status },
  { key: "experiment", title: "Experiment", kind: "text", read: ({ experiment }) => experiment || null },
  { key: "preset", title: "Preset", kind: "text", read: ({ preset }) => preset || null },
  { key: "seed", title: "Seed", kind: "number", read: ({ seed }) => seed },
  { key: "device", title: "Device", kind: "text", read: ({ device }) => device || null },
  { key: "tags", title: "Tags", kind: "text", read: ({ tags }) => tags.join(" ") || null },
  {
    key: HEADLINE.name,
    title: "Bits per byte",
    kind: "number",
    better: "lower",
    measured: true,
    read: (run) => headline(run)[1],
  },
  { key: "progress", title: "Cells", kind: "progress", read: cellsDone },
  { key: "started", title: "Started", kind: "time", read: ({ startedAt }) => startedAt },
  { key: "updated", title: "Updated", kind: "time", read: ({ updatedAt }) => updatedAt },
  { key: "seconds", title: "Took", kind: "duration", measured: true, read: ({ seconds }) => seconds },
  { key: "cores", title: "Cores", kind: "number", measured: true, read: ({ cores }) => cores },
  { key: "memory", title: "Memory", kind: "bytes", measured: true, read: ({ memory }) => memory },
  { key: "id", title: "Id", kind: "text", read: ({ id }) => id },
  { key: "name", title: "Run", kind: "text", read: ({ name, title }) => name ?? title },
];
/** Of the columns above, those that a view shows only if it names them, and those that it shows if rows differ in them. */
const IF_CHOSEN = ["name", "id", "updated", "cores", "memory"];
const IF_DIFFERENT = ["experiment", "preset", "seed", "device", "tags"];

/**
 * The rows `offset` to `offset + limit` of a view. What the view asks for and no run has is left out and named in
 * `problems`; the rest is shown.
 */
export function tableWindow(
  data: TableData,
  view: TableView,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): TableWindow {
  const problems: string[] = [];
  const checked = checkFilter(view.filter, (field) => data.isKnown(field));
  problems.push(...checked.problems);
  const matching = filtered(data, checked.terms);
  const { columns, more } = shownColumns(data, view, matching, problems);
  const sort = columnOf(data, view.sort);
  if (sort === undefined) problems.push(`Cannot sort by "${view.sort}": no run has it; newest first instead`);
  const key = sort?.read ?? ((run: SortedRun) => run.startedAt);
  const sorted = order(matching, key, sort === undefined || view.descending);
  const rows = view.group === undefined
    ? sorted
    : groupRuns(data, sorted, view.group, key, sort === undefined || view.descending).flatMap((group) => [
      group,
      ...(view.open.includes(group.key) ? group.runs : []),
    ]);
  const inGroups = view.group !== undefined;
  return {
    total: data.runs.length,
    matching: matching.length,
    running: matching.filter(isUnderWay).length,
    rowCount: rows.length,
    offset,
    columns: columns.map(({ read: _, measured: __, ...column }) => column),
    moreColumns: more,
    rows: rows.slice(offset, offset + limit).map((row): TableRow =>
      "runs" in row
        ? {
          kind: "group",
          key: row.key,
          label: row.label,
          open: view.open.includes(row.key),
          runs: row.runs.map(({ id }) => id),
          values: columns.map((column) => summaryCell(column, row.runs)),
        }
        : runRow(row, columns, inGroups)
    ),
    problems,
    stale: data.stale ?? null,
  };
}

/** The ids of all runs of a view, in its order. */
export function tableIds(data: TableData, view: TableView): string[] {
  return filtered(data, checkFilter(view.filter, (field) => data.isKnown(field)).terms).map(({ id }) => id);
}

/** The ids of all runs that satisfy a filter as it is: a term that names what no run has is satisfied by none. */
export function matchingIds(data: TableData, filter: string): string[] {
  return filtered(data, parseFilter(filter)).map(({ id }) => id);
}

/** What the terms of a filter, and columns, can name, with some values of each among recent runs. */
export function tableNames(
  data: TableData,
): { readonly name: string; readonly column: boolean; readonly values: string[] }[] {
  const recent = data.runs.slice(0, SAMPLE);
  const core = new Map(CORE.map(({ key, read }) => [key, read]));
  return data.names().map((name) => {
    const read = name === "tag" ? undefined : core.get(name);
    const found = name === "tag"
      ? recent.flatMap(({ tags }) => tags)
      : recent.map((run) => read === undefined ? plain(data.settings(run.id)[name]) : read(run));
    const values = [...new Set(found.filter((value) => value !== null).map(String))];
    const column = read !== undefined || (name !== "tag" && name !== "title");
    return { name, column, values: values.slice(0, MOST_VALUES) };
  });
}

function filtered(data: TableData, terms: readonly FilterTerm[]): readonly SortedRun[] {
  if (terms.length === 0) return data.runs;
  const fields = terms.flatMap((term) => term.kind === "field" ? [term.field] : []);
  const numbers = fields.map((field) => [field, data.numbers(field)] as const);
  return data.runs.filter((run) => {
    const found = { ...run, seed: run.seed ?? NaN };
    if (matchesFilter(found, terms)) return true;
    const extra = numbers.flatMap(([field, metric]) => {
      const value = metric?.values.get(run.id);
      return value === undefined ? [] : [[field, value]];
    });
    return matchesFilter({ ...found, settings: { ...data.settings(run.id), ...Object.fromEntries(extra) } }, terms);
  });
}

/** The column of a key: of every run, a result or metric, or a setting; undefined if no run has it. */
function columnOf(data: TableData, key: string): ReadColumn | undefined {
  const core = CORE.find((column) => column.key === key);
  if (core !== undefined) return core;
  const metric = data.numbers(key);
  if (metric !== undefined) {
    const better = metric.better === undefined ? {} : { better: metric.better };
    return {
      key,
      title: key,
      kind: "number",
      ...better,
      measured: true,
      read: ({ id }) => metric.values.get(id) ?? null,
    };
  }
  if (!data.isSetting(key)) return undefined;
  const read: Read = ({ id }) => plain(data.settings(id)[key]);
  const values = data.runs.slice(0, SAMPLE).map(read).filter((value) => value !== null);
  const numeric = values.length > 0 && values.every((value) => typeof value === "number");
  return { key, title: key, kind: numeric ? "number" : "text", read };
}

function plain(value: unknown): string | number | null {
  if (value === undefined || value === null) return null;
  return typeof value === "number" || typeof value === "string" ? value : canonicalJson(value);
}

function shownColumns(data: TableData, view: TableView, runs: readonly SortedRun[], problems: string[]) {
  if (view.columns !== undefined) {
    const columns = view.columns.flatMap((key) => {
      const column = columnOf(data, key);
      if (column !== undefined) return [column];
      const guess = didYouMean(key, data.names());
      problems.push(`There is no column "${key}": no run has it${guess === undefined ? "" : `; ${guess}`}`);
      return [];
    });
    return { columns: columns.filter(({ key }) => key !== "name"), more: 0 };
  }
  const sample = runs.slice(0, SAMPLE);
  const differs = (read: Read) => new Set(sample.map((run) => read(run) ?? "")).size > 1;
  const settings = data.settingNames(sample).map((key) => columnOf(data, key)!)
    .filter(({ read }) => differs(read) && sample.filter((run) => read(run) !== null).length * 2 > sample.length);
  // The columns of experiments and presets say the rest.
  const own = settings.filter(({ read }) => differsWithin(sample, read));
  const core = CORE.filter(({ key, read }) =>
    !IF_CHOSEN.includes(key) && (!IF_DIFFERENT.includes(key) || differs(read))
  );
  const at = core.findIndex(({ key }) => key === HEADLINE.name);
  const chosen = own.slice(0, MOST_SETTINGS);
  const sorted = CORE.some(({ key }) => key === view.sort) || chosen.some(({ key }) => key === view.sort)
    ? undefined
    : columnOf(data, view.sort);
  return {
    columns: [...core.slice(0, at), ...chosen, ...(sorted === undefined ? [] : [sorted]), ...core.slice(at)],
    more: settings.length - chosen.length,
  };
}

/** Whether runs of the same preset of an experiment differ. */
function differsWithin(runs: readonly SortedRun[], read: Read): boolean {
  const values = new Map<string, string | number | null>();
  return runs.some((run) => {
    const [value, key] = [read(run), `${run.experiment} ${run.preset}`];
    if (!values.has(key)) values.set(key, value);
    return values.get(key) !== value;
  });
}

function order(runs: readonly SortedRun[], key: Read, descending: boolean): SortedRun[] {
  const keys = new Map(runs.map((run) => [run, key(run)]));
  const direction = descending ? -1 : 1;
  return [...runs].sort((a, b) => compare(keys.get(a)!, keys.get(b)!, direction) || compare(a.id, b.id, -1));
}

/** Numbers before text, and what is missing last, in either direction. */
function compare(x: string | number | null, y: string | number | null, direction: number): number {
  if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1;
  if (typeof x !== typeof y) return typeof x === "number" ? -1 : 1;
  return x < y ? -direction : x > y ? direction : 0;
}

function runRow(run: SortedRun, columns: readonly ReadColumn[], inGroup: boolean): TableRow {
  return {
    kind: "run",
    id: run.id,
    title: run.name ?? run.title,
    status: run.status,
    cells: { ended: run.cells.ended, total: run.cells.total, current: run.current },
    startedAt: run.startedAt,
    tags: run.tags,
    error: run.error === null ? null : run.error.split("\n", 1)[0]!.slice(0, 200),
    inGroup,
    values: columns.map(({ read }) => read(run)),
  };
}

/** A group's value of a column: the mean of what was measured with its interval, otherwise what all runs share. */
function summaryCell({ kind, read, measured }: ReadColumn, runs: readonly SortedRun[]): TableCell {
  const values = runs.map(read).filter((value) => value !== null);
  if (values.length === 0) return null;
  const numbers = values.filter((value) => typeof value === "number");
  const distinct = new Set(values);
  if (distinct.size === 1) return values[0]!;
  if (measured && numbers.length === values.length) return mean(numbers);
  if (kind === "time") return values.reduce((a, b) => a > b ? a : b);
  if (kind === "progress") return null;
  return { different: distinct.size };
}

function mean(numbers: readonly number[]): TableCell {
  const { mean, halfWidth, samples } = meanInterval(numbers);
  return { mean, halfWidth: Number.isFinite(halfWidth) ? halfWidth : null, samples };
}
