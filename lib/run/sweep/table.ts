// A sweep as tables: its trials sorted by a metric, with their states.
import type { Column, Table } from "../events/events.ts";
import { formatSeconds, numberColumn, printable, textColumn, VALUE_DIGITS } from "../view/mod.ts";
import { countStates, type Ranking, type SweepView, type TrialView } from "./view.ts";

/** The trials, best first, as a table. */
function trialsTable(view: SweepView, { metric, trials }: Ranking): Table {
  const { keys } = view.start;
  return {
    name: "trials",
    title: `Trials by ${metric.text}, ${metric.better} is better`,
    columns: [
      numberColumn("trial"),
      ...settingColumns(keys, trials),
      numberColumn("seed"),
      textColumn("status"),
      numberColumn("value", metric.text, VALUE_DIGITS, metric.better),
      textColumn("took"),
      textColumn("cells", "cells (from cache)"),
      textColumn("run"),
    ],
    rows: trials.map((trial) => ({
      trial: trial.trial,
      ...Object.fromEntries(keys.map((key) => [`set:${key}`, trial.settings[key] ?? null])),
      seed: trial.seed,
      status: trial.status,
      value: trial.value,
      took: trial.seconds === null ? null : formatSeconds(trial.seconds),
      cells: cellsText(trial),
      run: trial.run,
    })),
  };
}

/** The tables of a sweep: its trials, and the means over seeds if there are several. */
export function sweepTables(view: SweepView, ranking: Ranking): Table[] {
  return [trialsTable(view, ranking), meansTable(view, ranking)].filter((table) => table !== undefined);
}

/** The mean of each point over its seeds, best first; undefined with one seed, or when nothing else varies. */
function meansTable(view: SweepView, { metric, trials }: Ranking): Table | undefined {
  const { keys } = view.start;
  if (keys.length === 0 || new Set(trials.map(({ seed }) => seed)).size < 2) return undefined;
  const groups = Map.groupBy(trials, ({ settings }) => JSON.stringify(keys.map((key) => settings[key])));
  const sign = metric.better === "lower" ? 1 : -1;
  const rows = [...groups.values()].map((group) => {
    const values = group.map(({ value }) => value).filter((value) => value !== null);
    const some = values.length > 0;
    return {
      ...Object.fromEntries(keys.map((key) => [`set:${key}`, group[0]!.settings[key] ?? null])),
      mean: some ? values.reduce((sum, value) => sum + value, 0) / values.length : null,
      low: some ? Math.min(...values) : null,
      high: some ? Math.max(...values) : null,
      seeds: values.length,
    };
  }).sort((a, b) => sign * ((a.mean ?? sign * Infinity) - (b.mean ?? sign * Infinity)) || 0);
  return {
    name: "means",
    title: `Means over seeds of ${metric.text}, ${metric.better} is better`,
    columns: [
      ...settingColumns(keys, trials),
      numberColumn("mean", "mean", VALUE_DIGITS, metric.better),
      numberColumn("low", "lowest", VALUE_DIGITS),
      numberColumn("high", "highest", VALUE_DIGITS),
      numberColumn("seeds"),
    ],
    rows,
  };
}

/** The columns of the varied settings: as given (1e-3 stays 1e-3), and aligned as numbers if all are numbers. */
function settingColumns(keys: readonly string[], trials: Ranking["trials"]): Column[] {
  const numeric = (key: string) => trials.every(({ settings }) => isNumber(settings[key]));
  return keys.map((key) => ({ key: `set:${key}`, title: key, kind: numeric(key) ? "number" : "text" }));
}

/** The remark that no trial has the metric although some are done, with alternatives; undefined otherwise. */
export function missingMetric({ metric, metrics, trials }: Ranking): string | undefined {
  const done = trials.some(({ status }) => status === "done");
  if (!done || metrics.length === 0 || trials.some(({ value }) => value !== null)) return undefined;
  return `No trial has the metric ${metric.text}; --metric takes, for example, ${metrics.slice(0, 8).join(", ")}`;
}

function cellsText({ cells, progress }: Pick<TrialView, "cells" | "progress">): string | null {
  if (progress !== null) {
    return `${progress.ended} of ${progress.total}${progress.current ? `: ${progress.current}` : ""}`;
  }
  return cells === null ? null : `${cells.total} (${cells.cached})`;
}

/** Whether a setting's text is a number. */
function isNumber(text: string | undefined): boolean {
  return text !== undefined && text.trim() !== "" && Number.isFinite(Number(text));
}

/** `5 of 12 done, 1 running, 6 pending`. */
export function statesText(trials: readonly TrialView[]): string {
  const { done, ...others } = countStates(trials);
  const rest = Object.entries(others).filter(([, count]) => count > 0).map(([status, count]) => `${count} ${status}`);
  return [`${done} of ${trials.length} done`, ...rest].join(", ");
}

/** The settings of a trial: `stitch.count=2 train.stitch.lr=1e-3 seed 1`. */
export function trialText({ settings, seed }: Pick<TrialView, "settings" | "seed">): string {
  const parts = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  return printable([...parts, `seed ${seed}`].join(" "));
}
