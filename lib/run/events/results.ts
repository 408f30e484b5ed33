// What a run comes to: scores of methods. Apart from the events, so that a change of those concerns no measuring cell.
import { z } from "zod";

/** A confidence interval's two ends with the point estimate and the number of samples. */
export const estimateSchema = z.strictObject({
  value: z.number(),
  low: z.number(),
  high: z.number(),
  samples: z.int().nonnegative(),
});

/** What one method scored: bits per byte by domain (with `mean`), and tasks by name. */
export const methodResultSchema = z.strictObject({
  bpb: z.record(z.string(), z.number()),
  bpbInterval: z.record(z.string(), estimateSchema),
  tasks: z.record(z.string(), estimateSchema),
  parameters: z.strictObject({ trained: z.number(), total: z.number(), active: z.number() }),
});

/** The result of a run: methods by name (`seed`, `expert:code`, …, `soup`, `btm`, `bts`). */
export const runResultsSchema = z.strictObject({
  domains: z.array(z.string()),
  methods: z.record(z.string(), methodResultSchema),
});

export type Estimate = z.infer<typeof estimateSchema>;
export type MethodResult = z.infer<typeof methodResultSchema>;
export type RunResults = z.infer<typeof runResultsSchema>;
