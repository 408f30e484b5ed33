// A run's results: scores of methods. Separate from the events, so that changing those does not invalidate measured cells.
import { z } from "zod";

/** A point estimate with the two ends of its confidence interval and the number of samples. */
export const estimateSchema = z.strictObject({
  value: z.number(),
  low: z.number(),
  high: z.number(),
  samples: z.int().nonnegative(),
});

/** Scores of one method: bits per byte by domain (and `mean`), and tasks by name. */
export const methodResultSchema = z.strictObject({
  bpb: z.record(z.string(), z.number()),
  bpbInterval: z.record(z.string(), estimateSchema),
  tasks: z.record(z.string(), estimateSchema),
  parameters: z.strictObject({ trained: z.number(), total: z.number(), active: z.number() }),
});

/** Results of a run: methods by name (`seed`, `expert:code`, …, `soup`, `btm`, `bts`). */
export const runResultsSchema = z.strictObject({
  domains: z.array(z.string()),
  methods: z.record(z.string(), methodResultSchema),
});

export type Estimate = z.infer<typeof estimateSchema>;
export type MethodResult = z.infer<typeof methodResultSchema>;
export type RunResults = z.infer<typeof runResultsSchema>;
