// What a chart can show of the metrics that were logged: those that share an axis together. Pure.
import { isGateMetric } from "../../../run/view/mod.ts";
import type { SeriesNames } from "../../../run/view/mod.ts";
import { words } from "../common/format.ts";

/** Metrics that are drawn in one chart. */
export interface Choice {
  readonly label: string;
  readonly metrics: readonly string[];
}

const CURVE = /loss|validation|bpb|bits|perplexity|accuracy/i;
const MEASURED = /valid|held|eval|test/i;
const READING = /^(lr|learningrate|seconds|time|tokens|flops)|persecond|norm$|memory|bytes/i;

/** The metrics worth a curve: losses where there are any, else all that are not readings of the machine. */
export function curvesOf(names: readonly string[]): string[] {
  const losses = names.filter((name) => CURVE.test(name));
  return losses.length > 0 ? losses : names.filter((name) => !READING.test(name));
}

/** Whether a metric is measured on the same text each time, so that it needs no smoothing. */
export function isMeasured(metric: string): boolean {
  return MEASURED.test(metric);
}

/** Whether a metric is set rather than measured, so that there is no noise to smooth. */
export function isSteady(metric: string): boolean {
  return /^(lr|learningrate|seconds|time|tokens|flops)$/i.test(metric);
}

/**
 * Every metric in some choice, those worth a curve first. `validation/law` and `validation/code` are one choice; so are
 * `mlp/edge` and `attention/edge`, a statistic of the monitor by parameter group.
 */
export function choicesOf(names: readonly string[]): Choice[] {
  const plain = names.filter((name) => !name.includes("/"));
  const curves = curvesOf(plain);
  const [validations, statistics] = [
    names.filter((name) => name.startsWith("validation/")),
    names.filter((name) => name.includes("/") && !name.startsWith("validation/") && !isGateMetric(name)),
  ];
  const choices: Choice[] = [];
  if (curves.length > 0) choices.push({ label: curves.map(words).join(", "), metrics: curves });
  if (validations.length > 0) choices.push({ label: "validation by domain", metrics: validations });
  for (const name of plain) if (!curves.includes(name)) choices.push({ label: words(name), metrics: [name] });
  for (const [statistic, metrics] of Map.groupBy(statistics, (name) => name.slice(name.indexOf("/") + 1))) {
    choices.push({ label: `${words(statistic)} by group`, metrics });
  }
  // All models of one stitch on one domain: their shares change together.
  for (const [place, metrics] of Map.groupBy(names.filter(isGateMetric), (name) => name.replace(/\/[^/]*$/, ""))) {
    const [, stitch, domain] = place.split("/");
    choices.push({ label: `gates of stitch ${stitch} on ${domain}`, metrics });
  }
  return choices;
}

/** The names of all metrics, in order of appearance. */
export function metricNames(names: readonly SeriesNames[]): string[] {
  return [...new Set(names.flatMap(({ metrics }) => metrics.map(({ name }) => name)))];
}

/** The cells that have logged one of some metrics, each once, with the number of runs that have it. */
export function cellsWith(
  names: readonly SeriesNames[],
  chosen: readonly string[],
): { name: string; title: string; runs: number }[] {
  const cells = names.filter(({ metrics }) => metrics.some(({ name }) => chosen.includes(name)));
  return [...Map.groupBy(cells, ({ cell }) => cell)].map(([name, same]) => {
    return { name, title: same.at(-1)!.title, runs: same.length };
  });
}
