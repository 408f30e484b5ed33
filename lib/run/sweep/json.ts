// A sweep as plain JSON: for `--json`, the HTTP API and the pages.
import type { SweepStart } from "./log.ts";
import { countStates, type Ranking, type SweepView, type TrialStatus } from "./view.ts";

/** A sweep as an entry of a list. */
export interface SweepSummary
  extends Pick<SweepStart, "sweep" | "name" | "experiment" | "keys">, Pick<SweepView, "status" | "updatedAt"> {
  readonly startedAt: string;
  /** Number of trials in each state. */
  readonly counts: Readonly<Record<TrialStatus, number>>;
}

/** A sweep with its ranked trials. */
export interface SweepJson
  extends SweepSummary, Pick<SweepStart, "random" | "command">, Omit<Ranking, "metric">, Pick<SweepView, "damage"> {
  /** As it was written: a name, alone or with an aggregate. */
  readonly metric: string;
  readonly better: Ranking["metric"]["better"];
}

/** A sweep for programs: its trials, best first, with the values of the metric. */
export function sweepJson(view: SweepView, { metric, trials, best, metrics }: Ranking): SweepJson {
  const { command, random } = view.start;
  const { text, better } = metric;
  return { ...sweepSummary(view), random, command, metric: text, better, metrics, best, trials, damage: view.damage };
}

/** A sweep as an entry of a list, for programs. */
export function sweepSummary(view: SweepView): SweepSummary {
  const { sweep, name, experiment, time, keys } = view.start;
  const counts = countStates(view.trials);
  return { sweep, name, experiment, status: view.status, startedAt: time, updatedAt: view.updatedAt, keys, counts };
}
