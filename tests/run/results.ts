// Results for tests, written by measure and domain.
import type { Estimate, Measurement, MethodResult, RunResults } from "../../lib/run/mod.ts";
import { upgradeEvent } from "../../lib/run/log/upgrade.ts";

/** What a test says of a method. */
export interface MethodScores {
  /** By domain, and `mean`. */
  readonly bpb?: Readonly<Record<string, number>>;
  readonly bpbInterval?: Readonly<Record<string, Estimate>>;
  readonly tasks?: Readonly<Record<string, Estimate>>;
  readonly parameters?: { readonly trained: number; readonly total: number; readonly active: number };
}

/** Results in the form of the log, by way of the form of earlier versions. */
export function resultsOf(domains: readonly string[], methods: Readonly<Record<string, MethodScores>>): RunResults {
  const defaults = { bpb: {}, bpbInterval: {}, tasks: {}, parameters: { trained: 1, total: 1, active: 1 } };
  const old = Object.fromEntries(Object.entries(methods).map(([name, scores]) => [name, { ...defaults, ...scores }]));
  return (upgradeEvent({ results: { domains, methods: old } }) as { results: RunResults }).results;
}

/** Measurements of one method. */
export function measurementsOf(scores: MethodScores): MethodResult {
  return resultsOf([], { one: scores }).methods["one"]!;
}

/** The values of one measure by group: of `bpb` by domain. */
export function valuesBy(method: MethodResult | undefined, name: string): Record<string, number> {
  return Object.fromEntries(
    (method ?? []).filter((one) => one.name === name).map(({ group, value }) => [group, value]),
  );
}

/** A method with some of its measurements changed or, where `change` returns undefined, left out. */
export function changed(
  method: MethodResult,
  change: (one: Measurement) => Measurement | undefined,
): Measurement[] {
  return method.flatMap((one) => change(one) ?? []);
}
