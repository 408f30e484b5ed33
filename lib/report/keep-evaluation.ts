// What is measured of a run's models after it has ended, kept beside the run's own results.
import { join } from "node:path";
import {
  addEvaluation,
  type Evaluation,
  type MeasureInfo,
  type Measurement,
  readEvaluations,
  readRun,
} from "../run/mod.ts";
import { writeReport } from "./write.ts";

/** A run and its folder. */
export interface EvaluatedRun {
  readonly runsFolder: string;
  readonly id: string;
  readonly folder: string;
}

/** An evaluation to keep. */
export interface NewEvaluation extends Pick<Evaluation, "method" | "source" | "settings"> {
  readonly measures: readonly MeasureInfo[];
  readonly measurements: readonly Measurement[];
}

/** How evaluations are kept. */
export interface KeepOptions {
  /** Whether scores of fewer documents replace those of more. @default false */
  readonly replace?: boolean;
}

/**
 * Adds evaluations to a run, and to its report if it has one. A score of fewer documents does not replace one of more, of the
 * same model.
 *
 * @returns a sentence on each score that was there before, and is another: which of the two counts now, and why
 */
export async function keepEvaluations(
  { runsFolder, id, folder }: EvaluatedRun,
  evaluations: readonly NewEvaluation[],
  { replace = false }: KeepOptions = {},
): Promise<string[]> {
  const earlier = (await readEvaluations(folder)).evaluations;
  const remarks: string[] = [];
  for (const evaluation of evaluations) {
    const kept = evaluation.measurements.filter((now) => {
      const before = scoreBefore(earlier, evaluation, now);
      if (before === undefined) return true;
      const { counts, remark } = compared(before, evaluation, now, replace);
      if (remark !== undefined) remarks.push(remark);
      return counts;
    });
    const names = new Set(kept.map(({ name }) => name));
    const measures = evaluation.measures.filter(({ name }) => names.has(name));
    if (kept.length > 0) addEvaluation(folder, { ...evaluation, measures, measurements: kept });
  }
  const view = await readRun(runsFolder, id);
  const hasReport = await Deno.stat(join(folder, "report.html")).then(({ isFile }) => isFile, () => false);
  if (view !== undefined && hasReport) await writeReport(folder, view);
  return remarks;
}

interface Before {
  readonly evaluation: Evaluation;
  readonly measurement: Measurement;
}

/** The score of the same name that counts so far. */
function scoreBefore(earlier: readonly Evaluation[], { method }: NewEvaluation, now: Measurement): Before | undefined {
  for (const evaluation of earlier.toReversed()) {
    if (evaluation.method !== method) continue;
    const measurement = evaluation.measurements.find(({ name, group }) => name === now.name && group === now.group);
    if (measurement !== undefined) return { evaluation, measurement };
  }
  return undefined;
}

function compared(
  { evaluation, measurement: before }: Before,
  { method, settings }: NewEvaluation,
  now: Measurement,
  replace: boolean,
): { readonly counts: boolean; readonly remark?: string } {
  const changed = changesOf(evaluation.settings, settings);
  const fewer = (now.samples ?? 0) < (before.samples ?? 0);
  const counts = !fewer || replace || changed.includes("model");
  if (counts && changed.length === 0 && before.value === now.value && before.samples === now.samples) return { counts };
  const [was, is] = [shown(before), shown(now)];
  const why = changed.length === 0 ? "" : `; changed since: ${changed.join(", ")}`;
  const remark = counts
    ? `${method}/${now.name}: ${is} replaces ${was}${why}`
    : `${method}/${now.name}: the run keeps ${was} rather than ${is}${why}; --replace takes the latter`;
  return { counts, remark };
}

/** The names of the settings that differ; none if they are not known of both. */
function changesOf(before: Evaluation["settings"], now: Evaluation["settings"]): string[] {
  if (before === undefined || now === undefined) return [];
  return Object.keys({ ...before, ...now }).filter((key) => JSON.stringify(before[key]) !== JSON.stringify(now[key]));
}

/** `0.4444 (9 samples)`. */
function shown({ value, samples }: Measurement): string {
  return `${Number(value.toPrecision(4))} (${(samples ?? 0).toLocaleString("en")} sample${samples === 1 ? "" : "s"})`;
}
