// Folds the lines of a sweep into its table of trials, and ranks the trials by a metric. Pure.
import { z } from "zod";
import { didYouMean, UserError } from "../../errors.ts";
import type { ProcessId } from "../process/process.ts";
import type { SweepEvent, SweepStart } from "./log.ts";
import {
  AGGREGATES,
  type Direction,
  directionInOldLog,
  type Metric,
  metricNames,
  parseMetric,
  pickMetric,
  VALUE_DIGITS,
} from "../view/mod.ts";
import type { RankedTrialSchema } from "../inferred-types.ts";

/** `lost`: its process ended without ending its run. */
export const TRIAL_STATUSES = ["pending", "running", "done", "failed", "lost", "stopped"] as const;
export type TrialStatus = (typeof TRIAL_STATUSES)[number];

/** The state of a trial, with its value of a metric. */
export const rankedTrialSchema: RankedTrialSchema = z.strictObject({
  /** From 1. */
  trial: z.number(),
  settings: z.record(z.string(), z.string()),
  seed: z.number(),
  status: z.enum(TRIAL_STATUSES),
  /** The run of its last attempt. */
  run: z.string().nullable(),
  /** Number of times it was started. */
  attempts: z.number(),
  startedAt: z.string().nullable(),
  seconds: z.number().nullable(),
  error: z.string().nullable(),
  cells: z.strictObject({ total: z.number(), cached: z.number() }).nullable(),
  /** Of a running trial: the number of finished cells, of all cells, and the running one. */
  progress: z.strictObject({ ended: z.number(), total: z.number(), current: z.string().nullable() }).nullable(),
  value: z.number().nullable(),
});
export type RankedTrial = z.infer<typeof rankedTrialSchema>;

/** The state of a trial. */
export interface TrialView extends Omit<RankedTrial, "value"> {
  /** Whether it was started and its end is not recorded yet. */
  open: boolean;
  /** The process of its last attempt, if it was recorded. */
  process: ProcessId | null;
  values: Readonly<Record<string, number>>;
  /** The results for which larger is better; undefined if an earlier version wrote the trial's end. */
  higher: string[] | undefined;
}

/** `lost`: no process works on it, although none has closed it. */
export type SweepStatus = "running" | "done" | "failed" | "stopped" | "lost";

/** The state of a sweep. */
export interface SweepView {
  readonly start: SweepStart;
  status: SweepStatus;
  /** How the last process that worked on it closed it; null if it has not. */
  closed: "done" | "failed" | "stopped" | null;
  updatedAt: string;
  readonly trials: readonly TrialView[];
  /** Numbers of the damaged lines of its file. */
  readonly damage: readonly number[];
}

/** The view of a sweep from its lines in order; undefined when the first one is missing. */
export function foldSweep(events: Iterable<SweepEvent>, damage: readonly number[] = []): SweepView | undefined {
  let view: SweepView | undefined;
  for (const event of events) {
    if (view !== undefined) applySweepEvent(view, event);
    else if (event.kind === "sweep.start") {
      view = {
        start: event,
        status: "lost",
        closed: null,
        updatedAt: event.time,
        trials: event.trials.map((planned, i) => pendingTrial(i + 1, planned.settings, planned.seed)),
        damage,
      };
    }
  }
  return view;
}

/** Brings a view up to date with the next line. */
export function applySweepEvent(view: SweepView, event: SweepEvent): void {
  if (event.kind === "sweep.start") return;
  view.updatedAt = event.time;
  if (event.kind === "sweep.open") view.closed = null;
  else if (event.kind === "sweep.close") view.closed = event.status;
  else {
    const trial = view.trials[event.trial - 1];
    if (trial !== undefined) applyToTrial(trial, event);
  }
}

function pendingTrial(trial: number, settings: Readonly<Record<string, string>>, seed: number): TrialView {
  return {
    trial,
    settings,
    seed,
    status: "pending",
    run: null,
    attempts: 0,
    open: false,
    process: null,
    startedAt: null,
    seconds: null,
    error: null,
    cells: null,
    values: {},
    higher: undefined,
    progress: null,
  };
}

type TrialEvent = Extract<SweepEvent, { trial: number }>;

function applyToTrial(trial: TrialView, event: TrialEvent): void {
  if (event.kind === "trial.start") {
    Object.assign(trial, pendingTrial(trial.trial, trial.settings, trial.seed), {
      status: "running",
      run: event.run,
      attempts: trial.attempts + 1,
      open: true,
      startedAt: event.time,
    });
  } else if (event.kind === "trial.process") trial.process = event.process;
  else {
    const { status, run, seconds, error, cells, values, higher } = event;
    Object.assign(trial, { status, run, seconds, error, cells, values, higher, open: false, progress: null });
  }
}

/** Number of trials in each state. */
export function countStates(trials: readonly { readonly status: TrialStatus }[]): Record<TrialStatus, number> {
  const counts = Object.fromEntries(TRIAL_STATUSES.map((status) => [status, 0])) as Record<TrialStatus, number>;
  for (const { status } of trials) counts[status]++;
  return counts;
}

/** The trials of a sweep, ranked by a metric. */
export interface Ranking {
  readonly metric: Metric;
  /** Best first; trials without the metric follow in order. */
  readonly trials: readonly RankedTrial[];
  /** Numbers of the best trials: several if their values look the same, none if no trial has a value. */
  readonly best: readonly number[];
  /** All metrics that trials have. */
  readonly metrics: readonly string[];
}

/**
 * Ranks the trials by a metric.
 *
 * @param asked the metric to use in place of the sweep's own
 * @throws UserError `sweep.metric` when no trial has the metric that was asked for, although trials have others
 */
export function rankTrials(view: SweepView, asked?: string): Ranking {
  const text = asked ?? view.start.metric;
  const { experiment } = view.start;
  const metric = readMetric(text, (name) => directionOf(view, name));
  const metrics = metricNames(view.trials.map(({ values }) => values));
  const ranked = view.trials.map(({ values, higher: _, process: __, open: ___, ...trial }): RankedTrial => ({
    ...trial,
    value: pickMetric(values, metric, experiment) ?? null,
  }));
  if (asked !== undefined && metrics.length > 0 && ranked.every(({ value }) => value === null)) {
    const more = metrics.length > 40 ? ["…"] : [];
    throw new UserError(
      "sweep.metric",
      `No trial has a metric "${text}": expected one of ${[...metrics.slice(0, 40), ...more].join(", ")}`,
      didYouMean(metric.name, metrics),
    );
  }
  const sign = metric.better === "lower" ? 1 : -1;
  const order = (a: RankedTrial, b: RankedTrial) =>
    a.value === null || b.value === null
      ? Number(a.value === null) - Number(b.value === null) || a.trial - b.trial
      : sign * (a.value - b.value) || a.trial - b.trial;
  ranked.sort(order);
  const shown = (value: number | null | undefined) => value?.toFixed(VALUE_DIGITS);
  const top = shown(ranked[0]?.value);
  const best = top === undefined ? [] : ranked.filter(({ value }) => shown(value) === top).map(({ trial }) => trial);
  return { metric, trials: ranked, best, metrics };
}

/** Which values of a result are better, as the experiment declared it or else as the trials' runs say. */
function directionOf({ start, trials }: SweepView, name: string): Direction | undefined {
  const { experiment } = start;
  const names = [name, `${experiment}/${name}`];
  const logged = trials.flatMap(({ higher }) => higher === undefined ? [] : [higher]);
  const higher = start.higher ?? (logged.length === 0 ? undefined : logged.flat());
  if (higher === undefined) {
    return trials.map(({ values }) => directionInOldLog(values, name, experiment)).find((one) => one !== undefined);
  }
  if (higher.some((result) => names.includes(result))) return "higher";
  return trials.some(({ values }) => names.some((key) => Object.hasOwn(values, key))) ? "lower" : undefined;
}

/** @throws UserError `sweep.metric` when it is empty or its aggregate is unknown */
export function readMetric(text: string, directionOf?: (name: string) => Direction | undefined): Metric {
  const metric = parseMetric(text, directionOf);
  if (metric !== undefined) return metric;
  throw new UserError(
    "sweep.metric",
    `Cannot read the metric "${text}": expected a name, alone or with :${AGGREGATES.join(", :")}`,
    "for example bpb, validation:min or stitch/loss:last",
  );
}
