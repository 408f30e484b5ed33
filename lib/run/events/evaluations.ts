// What was measured of a run's models after the run had ended: one line of `evaluations.jsonl` each.
import { z } from "zod";
import { measureSchema, methodResultSchema } from "./results.ts";
import type { EvaluationSchema } from "../inferred-types.ts";

/** An evaluation of one model of a run, with everything that is needed to show it. */
export const evaluationSchema: EvaluationSchema = z.strictObject({
  time: z.iso.datetime(),
  /** The model, by its name in the run's results: `seed`, `expert:code`, `bts`. */
  method: z.string().min(1),
  /** What measured it: `deno task eval`. */
  source: z.string().min(1),
  /** What the values depend on besides the number of samples, so that a later evaluation can say what differs. */
  settings: z.record(z.string(), z.json()).optional(),
  /** The measures, in the order of the tables. */
  measures: z.array(measureSchema),
  measurements: methodResultSchema,
});

/** An evaluation of one model of a run. */
export type Evaluation = z.infer<typeof evaluationSchema>;
