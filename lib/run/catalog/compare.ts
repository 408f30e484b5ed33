// What differs between several runs: settings, provenance, and results.
import { leavesOf } from "../config/differences.ts";
import type { Provenance } from "../events/provenance.ts";
import { provenanceFacts, type RunView } from "../view/mod.ts";
import { loggedFacts, type NumberOfRun, numbersOf } from "./diff.ts";

/** Most runs that can be compared at once. */
export const MOST_COMPARED = 50;

/** A line of a comparison: one value for each run, undefined where a run has none. */
export interface ComparedRow<T> {
  readonly key: string;
  readonly values: readonly (T | undefined)[];
  /** Which values are better, for results. */
  readonly better?: "lower" | "higher";
}

/** Several runs side by side. */
export interface Compared {
  readonly runs: readonly { readonly id: string; readonly title: string; readonly status: string }[];
  /** Settings that differ, by key path. */
  readonly settings: readonly ComparedRow<unknown>[];
  /** What differs in provenance: experiment, preset, seed, device, command, versions, code, packages and machine. */
  readonly made: readonly ComparedRow<unknown>[];
  /** Every result of any run. */
  readonly results: readonly ComparedRow<number>[];
}

/**
 * Compares runs.
 *
 * @param provenance of each; it is compared where all have one
 */
export function compareRuns(runs: readonly RunView[], provenance: readonly (Provenance | undefined)[]): Compared {
  const facts = provenance.includes(undefined) ? [] : provenance.map((one) => provenanceFacts(one!));
  const numbers: readonly ReadonlyMap<string, NumberOfRun>[] = runs.map(numbersOf);
  return {
    runs: runs.map(({ id, title, status }) => ({ id, title, status })),
    settings: differing(runs.map(({ config }) => leavesOf(config))),
    made: differing(runs.map((run, i) => leavesOf({ ...loggedFacts(run), ...facts[i] }))),
    results: keysOf(numbers).map((key) => {
      const better = numbers.map((one) => one.get(key)?.better).find((one) => one != null);
      return { key, values: numbers.map((one) => one.get(key)?.value), ...(better == null ? {} : { better }) };
    }),
  };
}

/** The keys of which the values are not all the same. */
function differing(sides: readonly ReadonlyMap<string, unknown>[]): ComparedRow<unknown>[] {
  return keysOf(sides).map((key) => ({ key, values: sides.map((side) => side.get(key)) }))
    .filter(({ values }) => new Set(values.map((value) => JSON.stringify(value))).size > 1);
}

function keysOf(sides: readonly ReadonlyMap<string, unknown>[]): string[] {
  return [...new Set(sides.flatMap((side) => [...side.keys()]))];
}
