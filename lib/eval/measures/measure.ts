// What a measure is. Adding one takes one file here and one line in all.ts: see docs/evaluation.md.
import type { LanguageModel } from "../../model/mod.ts";
import type { BootstrapOptions, MeasureInfo, Measurement } from "../../run/mod.ts";
import type { HeldOut } from "../bits-per-byte.ts";
import type { Task } from "../task.ts";
import type { EvaluationOptions } from "../types.ts";
import type { EvaluationWindow } from "../windows.ts";
import type { Tokenizer } from "../../data/mod.ts";

/** The data that every method is scored on. */
export interface EvaluationSet {
  /** Windows by domain, in the order of the tables; each domain has at least one. */
  readonly windows: Readonly<Record<string, readonly EvaluationWindow[]>>;
  readonly tasks: readonly Task[];
  readonly tokenizer: Tokenizer;
}

/** Numbers of parameters of a method: trained, in memory, used per token. */
export interface ParameterCounts {
  readonly trained: number;
  readonly total: number;
  readonly active: number;
}

/** A method that is being measured. */
export interface Subject {
  readonly model: LanguageModel;
  readonly parameters: ParameterCounts;
  readonly set: EvaluationSet;
  /** How the model does on held-out text, by domain; read once for all measures. */
  readonly heldOut: Readonly<Record<string, HeldOut>>;
  /** How to run rows through the model. */
  readonly options: EvaluationOptions;
  readonly bootstrap: BootstrapOptions;
}

/** A number that a measure found. */
export type Found = Pick<Measurement, "group" | "value" | "interval" | "samples"> & {
  /** Of a task: whether each question was answered correctly, in order. */
  readonly answers?: readonly boolean[];
};

/** A measure: how it is shown, and how it is computed. */
export interface Measure extends MeasureInfo {
  readonly better: Measurement["better"];
  /** What it gives a number for: each domain and their mean, or these groups; `[""]` for a single number. */
  readonly groups: "domains" | readonly string[];
  /** Rows that it runs through the model in addition to held-out text, for progress. @default 0 */
  readonly rows?: number;
  /** Measures a method; empty if that is not possible for this one. */
  readonly measure: (subject: Subject) => Promise<readonly Found[]> | readonly Found[];
}

/** What the log keeps of a measure. */
export function infoOf(measure: Measure): MeasureInfo {
  const { name, title, table, format, digits, section, chance, machineDependent } = measure;
  return { name, title, table, format, digits, section, chance, machineDependent };
}
