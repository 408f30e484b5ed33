// Reads events of earlier format versions as the current one. The only place that knows earlier shapes.
import { z } from "zod";
import type { MeasureInfo, Measurement, RunResults } from "../events/results.ts";

const estimateSchema = z.strictObject({ value: z.number(), low: z.number(), high: z.number(), samples: z.int() });

/** Results in versions 1 and 2. */
const resultsVersion2 = z.strictObject({
  domains: z.array(z.string()),
  methods: z.record(
    z.string(),
    z.strictObject({
      /** By domain, and `mean`. */
      bpb: z.record(z.string(), z.number()),
      bpbInterval: z.record(z.string(), estimateSchema),
      tasks: z.record(z.string(), estimateSchema),
      parameters: z.strictObject({ trained: z.number(), total: z.number(), active: z.number() }),
    }),
  ),
});

/**
 * A line's value with its results in the current form; anything else is returned unchanged. The form is recognized by
 * its shape, because a later version may resume a run whose log begins in an earlier one.
 */
export function upgradeEvent(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("results" in value)) return value;
  const old = resultsVersion2.safeParse(value.results);
  return old.success ? { ...value, results: upgradeResults(old.data) } : value;
}

function upgradeResults({ domains, methods }: z.infer<typeof resultsVersion2>): RunResults {
  const tasks = [...new Set(Object.values(methods).flatMap((method) => Object.keys(method.tasks)))];
  return {
    domains,
    measures: [BITS_PER_BYTE, ...tasks.map(taskInfo), PARAMETERS],
    methods: Object.fromEntries(
      Object.entries(methods).map(([name, { bpb, bpbInterval, tasks, parameters }]) => [name, [
        ...Object.entries(bpb).map(([group, value]): Measurement => {
          const { low, high, samples = null } = bpbInterval[group] ?? {};
          const interval: Measurement["interval"] = low === undefined || high === undefined ? null : [low, high];
          return { name: "bpb", group, value, interval, samples, better: "lower" };
        }),
        ...Object.entries(tasks).map(([task, { value, low, high, samples }]): Measurement => {
          return { name: task, group: "", value, interval: [low, high], samples, better: "higher" };
        }),
        ...Object.entries(parameters).map(([group, value]): Measurement => {
          return { name: "parameters", group, value, interval: null, samples: null, better: null };
        }),
      ]]),
    ),
  };
}

const BITS_PER_BYTE: MeasureInfo = {
  name: "bpb",
  title: "bits per byte",
  table: "Held-out bits per byte",
  format: "number",
  digits: 3,
  section: "scores",
  chance: null,
  machineDependent: false,
};

const PARAMETERS: MeasureInfo = {
  name: "parameters",
  title: "parameters",
  table: "Parameters",
  format: "count",
  digits: 0,
  section: "cost",
  chance: null,
  machineDependent: false,
};

function taskInfo(name: string): MeasureInfo {
  return {
    name,
    title: name,
    table: "Tasks, percent correct",
    format: "proportion",
    digits: 1,
    section: "scores",
    chance: null,
    machineDependent: false,
  };
}
