// The metrics that an experiment declares in advance, and whether a given one is among them.
import { z } from "zod";
import { didYouMean, UserError } from "../../errors.ts";
import { type Metric, metricNames, pickMetric } from "../view/mod.ts";
import type { DeclaredMetricsSchema } from "../inferred-types.ts";

/** The metrics of a run, by the names that `--metric` takes. */
export const declaredMetricsSchema: DeclaredMetricsSchema = z.strictObject({
  /**
   * Results and which direction is better: `<method>/<measure>/<domain>`, `<method>/<measure>` for measures without
   * domains, and the measure alone for the experiment's own method or the best one.
   */
  results: z.record(z.string(), z.enum(["lower", "higher"])),
  /** Values that cells log: `<cell>/<metric>`. */
  curves: z.array(z.string()),
});
export type DeclaredMetrics = z.infer<typeof declaredMetricsSchema>;

/** The metrics that at least one of several trials has. */
export function unitedMetrics(all: readonly DeclaredMetrics[]): DeclaredMetrics {
  return {
    results: Object.assign({}, ...all.map(({ results }) => results)),
    curves: [...new Set(all.flatMap(({ curves }) => curves))],
  };
}

/** The results for which larger is better. */
export function declaredHigher({ results }: DeclaredMetrics): string[] {
  return Object.keys(results).filter((name) => results[name] === "higher");
}

/** @throws UserError `sweep.metric` when no run of the experiment will have the metric */
export function checkDeclared(metric: Metric, declared: DeclaredMetrics, experiment: string): void {
  // The names in a run that has all of them.
  const names = [
    ...Object.keys(declared.results),
    ...Object.keys(declared.results).filter((name) => !name.includes("/")).flatMap((
      name,
    ) => [`${name}:min`, `${name}:max`]),
    ...declared.curves.flatMap((name) => ["last", "min", "max"].map((how) => `${name}:${how}`)),
  ];
  const values = Object.fromEntries(names.map((name) => [name, 0]));
  if (pickMetric(values, metric, experiment) !== undefined) return;
  const own = Object.keys(declared.results).filter((name) => name.startsWith(`${experiment}/`))
    .map((name) => name.slice(experiment.length + 1));
  const known = [...own, ...metricNames([values])];
  const some = [...new Set([...Object.keys(declared.results), ...known])].filter((name) => !name.includes("/"));
  throw new UserError(
    "sweep.metric",
    `No trial will have the metric "${metric.text}": expected one of ${some.join(", ")}, ` +
      "<method>/<measure>, <method>/<measure>/<domain>, <cell>/<metric>",
    didYouMean(metric.name, known, "--metric "),
  );
}
