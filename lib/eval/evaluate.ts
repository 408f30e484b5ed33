// Evaluates one model: every measure on the same held-out text and questions.
import type { LanguageModel } from "../model/mod.ts";
import type { BootstrapOptions, MeasureInfo, Measurement } from "../run/mod.ts";
import { type HeldOut, heldOut } from "./bits-per-byte.ts";
import { MEASURES, measuresWith } from "./measures/all.ts";
import { type EvaluationSet, infoOf, type Measure, type ParameterCounts, type Subject } from "./measures/measure.ts";
import type { EvaluationOptions } from "./types.ts";

/** Progress of an evaluation. */
export interface EvaluationProgress {
  /** Domain or measure being computed. */
  readonly part: string;
  /** Rows (windows, candidates, prompts) done, and in total, over all parts. */
  readonly done: number;
  readonly total: number;
}

/** A method's measurements in the form of the event log, and the losses for paired comparisons. */
export interface Evaluation {
  /** The measures, including those that could not be made of this method. */
  readonly measures: readonly MeasureInfo[];
  readonly measurements: Measurement[];
  /** By domain, for {@linkcode pairedDifference}. */
  readonly documents: Readonly<Record<string, HeldOut>>;
  /** By task, whether each question was answered correctly, for {@linkcode pairedShareDifference}. */
  readonly answers: Readonly<Record<string, readonly boolean[]>>;
}

/** How to evaluate a model. */
export interface EvaluateOptions
  extends BootstrapOptions, Pick<EvaluationOptions, "batch" | "signal" | "onRow" | "knownLosses" | "knownTops"> {
  readonly parameters: ParameterCounts;
  /** The device, as people know it, for measures that depend on the machine. */
  readonly device: string;
  /** The measures besides the tasks. @default all */
  readonly measures?: readonly Measure[];
  readonly onProgress?: (progress: EvaluationProgress) => void;
}

/**
 * Runs the held-out text through a model once, and makes every measurement.
 *
 * @throws UserError `eval.not-finite`, `eval.measure`
 */
export async function evaluate(
  model: LanguageModel,
  set: EvaluationSet,
  {
    batch,
    signal,
    onProgress,
    onRow,
    knownLosses,
    knownTops,
    parameters,
    device,
    measures: chosen = MEASURES,
    ...bootstrap
  }: EvaluateOptions,
): Promise<Evaluation> {
  const measures = measuresWith(set.tasks, chosen);
  const domains = Object.entries(set.windows);
  const total = domains.reduce((sum, [, windows]) => sum + windows.length, 0) +
    measures.reduce((sum, { rows = 0 }) => sum + rows, 0);
  let before = 0;
  const part = (name: string): EvaluationOptions => ({
    ...(batch === undefined ? {} : { batch }),
    signal,
    onRow,
    knownLosses,
    knownTops,
    onProgress: (done) => onProgress?.({ part: name, done: before + done, total }),
  });

  const documents: Record<string, HeldOut> = {};
  for (const [domain, windows] of domains) {
    documents[domain] = await heldOut(model, windows, part(domain));
    before += windows.length;
  }
  const measurements: Measurement[] = [];
  const answers: Record<string, readonly boolean[]> = {};
  for (const { name, better, machineDependent, rows = 0, measure } of measures) {
    const subject: Subject = { model, parameters, set, heldOut: documents, options: part(name), bootstrap };
    for (const { answers: right, ...found } of await measure(subject)) {
      if (right !== undefined) answers[name] = right;
      measurements.push({ name, ...found, better, ...(machineDependent ? { device } : {}) });
    }
    before += rows;
  }
  return { measures: measures.map(infoOf), measurements, documents, answers };
}
