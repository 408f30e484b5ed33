// A sweep as text: its trials sorted by a metric, and where each of them is.
import type { Column, Table } from "../events.ts";
import { printable } from "../format-table.ts";
import { formatSeconds } from "../progress.ts";
import { countStates, type Ranking, type SweepView, type TrialView } from "./view.ts";

/** The trials, best first, as a table. */
export function trialsTable(view: SweepView, { metric, trials }: Ranking): Table {
  const { keys } = view.start;
  const numeric = (key: string) => trials.every(({ settings }) => isNumber(settings[key]));
  const text = (key: string, title: string): Column => ({ key, title, kind: "text" });
  const varied = keys.map((key): Column => ({ key: `set:${key}`, title: key, kind: numeric(key) ? "number" : "text" }));
  return {
    name: "trials",
    title: `Trials by ${metric.text}, ${metric.better} is better`,
    columns: [
      { key: "trial", title: "trial", kind: "number" },
      ...varied,
      { key: "seed", title: "seed", kind: "number" },
      text("status", "status"),
      { key: "value", title: metric.text, kind: "number", digits: 4, better: metric.better },
      text("took", "took"),
      text("cells", "cells (from cache)"),
      text("run", "run"),
    ],
    rows: trials.map((trial) => ({
      trial: trial.trial,
      // Texts as they were given: 1e-3 stays 1e-3.
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

/** That no trial has the metric although some are done, and what could be asked for instead; undefined when all is well. */
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
export function isNumber(text: string | undefined): boolean {
  return text !== undefined && text.trim() !== "" && Number.isFinite(Number(text));
}

/** `5 of 12 done, 1 running, 6 pending`. */
export function statesText(trials: readonly TrialView[]): string {
  const { done, ...others } = countStates(trials);
  const rest = Object.entries(others).filter(([, count]) => count > 0).map(([status, count]) => `${count} ${status}`);
  return [`${done} of ${trials.length} done`, ...rest].join(", ");
}

/** What a trial sets: `stitch.count=2 train.stitch.lr=1e-3 seed 1`. */
export function trialText({ settings, seed }: Pick<TrialView, "settings" | "seed">): string {
  const parts = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  return printable([...parts, `seed ${seed}`].join(" "));
}
