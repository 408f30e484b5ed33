// A sweep as plain JSON: for `--json`, the HTTP API and the pages.
import { countStates, type Ranking, type SweepView } from "./view.ts";

/** A sweep for programs: its trials, best first, with the values of the metric. */
export function sweepJson(view: SweepView, { metric, trials, best, metrics }: Ranking) {
  const { command, random } = view.start;
  const { text, better } = metric;
  return { ...sweepSummary(view), random, command, metric: text, better, metrics, best, trials, damage: view.damage };
}

/** A sweep as an entry of a list, for programs. */
export function sweepSummary(view: SweepView) {
  const { sweep, name, experiment, time, keys } = view.start;
  const counts = countStates(view.trials);
  return { sweep, name, experiment, status: view.status, startedAt: time, updatedAt: view.updatedAt, keys, counts };
}
