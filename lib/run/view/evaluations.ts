// Adds what was measured after a run had ended to its results. Pure.
import type { Evaluation } from "../events/evaluations.ts";
import type { MeasureInfo, Measurement, RunResults } from "../events/results.ts";
import { placeName } from "./measures.ts";

/**
 * The results with the evaluations, in their order: a later measurement of the same measure, group and method replaces an
 * earlier one. A run that had no results gets those of the evaluations.
 */
export function withEvaluations(results: RunResults | null, evaluations: readonly Evaluation[]): RunResults | null {
  if (evaluations.length === 0) return results;
  const methods = { ...results?.methods };
  const measures = new Map((results?.measures ?? []).map((info) => [info.name, info]));
  for (const evaluation of evaluations) {
    methods[evaluation.method] = replaced(methods[evaluation.method] ?? [], evaluation.measurements);
    for (const info of evaluation.measures) measures.set(info.name, info);
  }
  return { domains: results?.domains ?? [], measures: [...measures.values()] satisfies MeasureInfo[], methods };
}

function replaced(before: readonly Measurement[], after: readonly Measurement[]): Measurement[] {
  const places = new Set(after.map(placeName));
  return [...before.filter((one) => !places.has(placeName(one))), ...after];
}
