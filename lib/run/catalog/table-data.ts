// What tables of runs are made from: runs, settings and numbers of a folder, from its index and in memory while unchanged.
import { FIELDS, flatSettings } from "../view/mod.ts";
import {
  type KnownSummaries,
  metricNamesIn,
  type MetricValues,
  metricValues,
  readRuns,
  type SortedRun,
} from "./listing.ts";
import { type LiveIndex, liveIndex } from "./live-index.ts";

/** The runs of a folder at one time. */
export interface TableData {
  /** Newest first. */
  readonly runs: readonly SortedRun[];
  /** A run's settings by key path. */
  settings(run: string): Readonly<Record<string, unknown>>;
  /** The keys of these runs' settings, in their order. */
  settingNames(runs: readonly SortedRun[]): string[];
  /** A result or a logged metric, by a name that `deno task ls --sort` takes; undefined if no run has it. */
  numbers(name: string): MetricValues | undefined;
  /** Whether some run has a setting of exactly this key. */
  isSetting(key: string): boolean;
  /** Whether some run has a setting, also by the end of its key, or a number of this name. */
  isKnown(name: string): boolean;
  /** Names of settings, results and metrics of recent runs. */
  names(): string[];
  /** Why all of this may be old, in words; undefined where it is not. */
  readonly stale: string | undefined;
}

/** Reads tables of a folder's runs. */
export interface TableReader extends Disposable {
  /** @throws UserError `folder.unreadable`, `index.unreadable` */
  read(): Promise<TableData>;
  /** Looks at these runs' files, because they have just been changed. */
  touch(ids: Iterable<string>): Promise<void>;
}

/** How many of the newest runs decide which settings there are. */
const RECENT = 300;

/**
 * A reader of the runs of a folder.
 *
 * @param writable whether this process may update the index on the disk
 * @param onTrouble gets the error when the index cannot be updated, once for as long as it stays
 */
export function tableReader(
  runsFolder: string,
  writable: boolean,
  onTrouble: (error: unknown) => void = () => {},
): TableReader {
  let index: LiveIndex | undefined;
  let known: { readonly version: string; readonly data: Omit<TableData, "stale"> } | undefined;
  // A run's settings are those of its first event, which never changes.
  const settings = new Map<string, Readonly<Record<string, unknown>>>();
  const summaries: KnownSummaries = new Map();
  return {
    async read() {
      index ??= liveIndex(runsFolder, { writable, onTrouble });
      const { version, parts, ids, complete, stale } = await index.look();
      if (known?.version !== version) known = { version, data: tableData(parts, ids, { settings, summaries }) };
      const left = complete ? 0 : ids.length - known.data.runs.length;
      return { ...known.data, stale: stale ?? (left > 0 ? leftText(left, ids.length) : undefined) };
    },
    touch: (ids) => index?.touch(ids) ?? Promise.resolve(),
    [Symbol.dispose]: () => index?.[Symbol.dispose](),
  };
}

/** What is said while the logs of a folder are read for the first time. */
function leftText(left: number, all: number): string {
  const [some, total] = [left, all].map((count) => count.toLocaleString("en"));
  return `${some} of ${total} runs are still being read; they appear here as they are`;
}

type Database = Parameters<typeof readRuns>[0];

function tableData(
  parts: readonly Database[],
  ids: readonly string[],
  { settings, summaries }: {
    readonly settings: Map<string, Readonly<Record<string, unknown>>>;
    readonly summaries: KnownSummaries;
  },
): Omit<TableData, "stale"> {
  const there = new Set(ids);
  const byId = new Map<string, SortedRun>();
  const partOf = new Map<string, Database>();
  for (const part of parts) {
    for (const run of readRuns(part, summaries)) {
      if (!there.has(run.id)) continue;
      byId.set(run.id, run);
      partOf.set(run.id, part);
    }
  }
  const runs = [...byId.values()].sort((a, b) =>
    a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : a.id < b.id ? 1 : -1
  );
  const statements = new Map(parts.map((part) => [part, part.prepare("select config from runs where id = ?")]));
  const numbers = new Map<string, MetricValues | undefined>();
  const allNames = new Map(parts.map((part) => [part, once(() => metricNamesIn(part))]));
  const namesOf = (part: Database) => allNames.get(part)!();

  const settingsOf = (run: string) => {
    let found = settings.get(run);
    if (found === undefined) {
      const row = statements.get(partOf.get(run)!)?.get(run);
      settings.set(run, found = row === undefined ? {} : flatSettings(JSON.parse(String(row.config))));
    }
    return found;
  };
  const settingNames = (some: readonly SortedRun[]) =>
    [
      ...new Set(some.flatMap(({ id }) => Object.keys(settingsOf(id)))),
    ].filter((key) => key !== "");
  const numbersOf = (name: string): MetricValues | undefined => {
    if (!numbers.has(name)) numbers.set(name, isSystemFigure(name) ? systemFigure(runs, name) : merged(name));
    return numbers.get(name);
  };
  const merged = (name: string): MetricValues | undefined => {
    const found = parts.map((part) => [part, metricValues(part, name, namesOf(part))] as const);
    const first = found.find(([, values]) => values !== undefined)?.[1];
    if (first === undefined) return undefined;
    const values = found.flatMap(([part, metric]) =>
      [...metric?.values ?? []].filter(([run]) => partOf.get(run) === part)
    );
    return { ...first, values: new Map(values) };
  };
  const recent = once(() => new Set(settingNames(runs.slice(0, RECENT))));
  const isSetting = (key: string) => recent().has(key) || parts.some((part) => hasSetting(part, key));

  return {
    runs,
    settings: settingsOf,
    settingNames,
    numbers: numbersOf,
    isSetting,
    isKnown: (name) =>
      [...recent()].some((key) => key === name || key.endsWith(`.${name}`)) || numbersOf(name) !== undefined ||
      isSetting(name),
    names() {
      const found = parts.map(namesOf);
      const all = found.flatMap(({ results, metrics, inCells }) => [...results.keys(), ...metrics, ...inCells.keys()]);
      return [...new Set([...FIELDS, ...SYSTEM_FIGURES, ...recent(), ...all])];
    },
  };
}

/** What a run took of its machine. */
const SYSTEM_FIGURES = ["cores", "memory"] as const;
type SystemFigure = typeof SYSTEM_FIGURES[number];

const isSystemFigure = (name: string): name is SystemFigure => SYSTEM_FIGURES.some((one) => one === name);

function systemFigure(runs: readonly SortedRun[], name: SystemFigure): MetricValues {
  const values = runs.flatMap((run): [string, number][] => run[name] === null ? [] : [[run.id, run[name]]]);
  return { values: new Map(values), direction: -1, better: undefined };
}

/** Whether a run of an index has a setting; its configurations are not read into memory for that. */
function hasSetting(db: Database, key: string): boolean {
  // SQLite has no way to write these in a path; to it, a path ends at NUL.
  if (/["\\\0]/.test(key)) return false;
  const path = `$${key.split(".").map((part) => `."${part}"`).join("")}`;
  return db.prepare("select 1 from runs where json_type(config, ?) not in ('object') limit 1").get(path) !== undefined;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
