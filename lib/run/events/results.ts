// A run's results: measurements of methods, and what is needed to show them. Separate from the events, so that changing
// those does not invalidate measured cells.
import { z } from "zod";
import type { MeasurementSchema, MeasureSchema, MethodResultSchema, RunResultsSchema } from "../inferred-types.ts";

/** How a measure is shown, logged with the results so that readers can show measures that they do not know. */
export const measureSchema: MeasureSchema = z.strictObject({
  /** As in metric names: `bpb`, `arithmetic`, `decoding-latency`. */
  name: z.string().min(1),
  /** The heading of a column that has no group: `arithmetic`, `ms per token`. */
  title: z.string(),
  /** The title of the table that it appears in; measures with the same one share a table. */
  table: z.string(),
  /**
   * `proportion`: the share of `samples` that are right, shown in percent; `percent`: any other fraction, shown in
   * percent; `count`: shown as 12.3k or 264M.
   */
  format: z.enum(["number", "proportion", "percent", "count"]),
  /** Digits after the decimal point, as shown. */
  digits: z.int().min(0).max(10),
  /** Whether it belongs to how well a method predicts, or to what it costs. */
  section: z.enum(["scores", "cost"]),
  /** The expected value of guessing; null if it is unknown or there is none. */
  chance: z.number().nullable(),
  /** Whether the value depends on the machine and its load, so that runs with equal results may differ in it. */
  machineDependent: z.boolean(),
});

/** One number that was measured of a method. */
const measurementSchema: MeasurementSchema = z.strictObject({
  /** The measure. */
  name: z.string().min(1),
  /** What it was measured on: a domain, `mean` over the domains, or a part such as `trained`; empty if there is only one. */
  group: z.string(),
  value: z.number(),
  /** Ends of the 95 % interval; null if there is none. */
  interval: z.tuple([z.number(), z.number()]).nullable(),
  /** How many documents, questions or tokens it is computed from; null if it is not an average. */
  samples: z.int().nonnegative().nullable(),
  /** Which direction is better; null if neither. */
  better: z.enum(["lower", "higher"]).nullable(),
  /** The device that it was measured on, if it depends on the machine. */
  device: z.string().optional(),
});

/** Measurements of one method. */
export const methodResultSchema: MethodResultSchema = z.array(measurementSchema);

/** Results of a run: methods by name (`seed`, `expert:code`, …, `soup`, `btm`, `bts`). */
export const runResultsSchema: RunResultsSchema = z.strictObject({
  domains: z.array(z.string()),
  /** The measures, in the order of the tables. */
  measures: z.array(measureSchema),
  methods: z.record(z.string(), methodResultSchema),
});

/** A value with the two ends of its confidence interval and the number of samples. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly samples: number;
}

export type MeasureInfo = z.infer<typeof measureSchema>;
export type Measurement = z.infer<typeof measurementSchema>;
export type MethodResult = z.infer<typeof methodResultSchema>;
export type RunResults = z.infer<typeof runResultsSchema>;
