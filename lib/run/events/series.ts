// Schemas of the series that charts are drawn from: points of chosen cells and metrics, thinned.
import { z } from "zod";
import type { AxisSchema, CellSeriesSchema, SeriesNamesSchema, SeriesSchema } from "../inferred-types.ts";

/** What a curve can be drawn over. `time`: seconds since the cell started. */
export const axisSchema: AxisSchema = z.enum(["step", "tokens", "flops", "time"]);

/** Points of one metric. */
const seriesSchema: SeriesSchema = z.strictObject({
  metric: z.string(),
  /** How many there are before thinning, in the part of the axis that was asked for. */
  points: z.number(),
  /** How many of them are not finite, and how many are 0 or below: a logarithmic axis shows neither. */
  notFinite: z.number(),
  notPositive: z.number(),
  /** Width of the buckets in steps; 0 if nothing was left out. */
  width: z.number(),
  /** Replace the points from this step on by these; 0: all. */
  replaces: z.number(),
  step: z.array(z.number()),
  /** Places on the axis; absent on the axis of steps. Null if nothing was logged that says. */
  x: z.array(z.number().nullable()).optional(),
  /** Six significant digits; null where it is not finite. */
  value: z.array(z.number().nullable()),
  /** Its moving average over all points before thinning, if it was asked for. */
  smooth: z.array(z.number().nullable()).optional(),
});

/** Series of one cell. */
export const cellSeriesSchema: CellSeriesSchema = z.strictObject({
  cell: z.string(),
  title: z.string(),
  /** How many steps there will be; null while nothing was counted. */
  steps: z.number().nullable(),
  /** Whether points that were sent before are void: forget all of the cell's. */
  reset: z.boolean(),
  series: z.array(seriesSchema),
});

/** The names of a cell's series. */
export const seriesNamesSchema: SeriesNamesSchema = z.strictObject({
  cell: z.string(),
  title: z.string(),
  steps: z.number().nullable(),
  metrics: z.array(z.strictObject({
    name: z.string(),
    points: z.number(),
    /** The last step that has a point, and its value; null if it is not finite. */
    step: z.number(),
    last: z.number().nullable(),
  })),
});

export type AxisName = z.infer<typeof axisSchema>;
export type Series = z.infer<typeof seriesSchema>;
export type CellSeries = z.infer<typeof cellSeriesSchema>;
export type SeriesNames = z.infer<typeof seriesNamesSchema>;
