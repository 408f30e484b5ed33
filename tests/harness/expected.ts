// What the harness itself asks and computes: expected.json, which make_expected.py writes.
import expected from "./expected.json" with { type: "json" };

/** The folder of the tasks. */
export const TASKS = new URL("tasks", import.meta.url).pathname;

/** A document as the harness logs it, by one filter. */
export interface ExpectedSample {
  readonly id: number;
  readonly filter: string;
  readonly arguments: readonly (readonly unknown[])[];
  readonly responses: readonly (readonly unknown[])[];
  readonly filtered: readonly unknown[];
  readonly metrics: Readonly<Record<string, number | readonly [number, number] | readonly [string, string]>>;
}

export const SAMPLES = expected.samples as unknown as Readonly<Record<string, readonly ExpectedSample[]>>;
export const RESULTS = expected.results as Readonly<Record<string, Readonly<Record<string, number | "N/A">>>>;
export const PYTHON = expected.python;
