// What the HTTP API answers, as zod schemas: types, validation in tests, and OpenAPI derive from here.
import { z } from "zod";
import {
  eventSchema,
  type Labels,
  labelsSchema,
  type ListedRun,
  listedRunSchema,
  type LogContents,
  logDamageSchema,
  type Provenance,
  provenanceSchema,
  runStatusSchema,
  type RunView,
  runViewSchema,
  type sweepJson,
  type sweepSummary,
  TRIAL_STATUSES,
} from "../run/mod.ts";

export const errorSchema = z.strictObject({
  error: z.strictObject({
    /** Stable machine-readable name, such as `run.unknown`. */
    code: z.string(),
    message: z.string(),
  }),
});

/** What `/api/runs/:id/labels` takes: a name (null takes it away), tags, or a note. */
export const labelRequestSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("name"), name: z.string().max(200).nullable() }),
  z.strictObject({ kind: z.literal("tags"), add: z.array(z.string()).max(50), remove: z.array(z.string()).max(50) }),
  z.strictObject({ kind: z.literal("note"), text: z.string().max(10_000) }),
]);

/** `/api/session`: the token that changes need, and what this server may do. */
export const sessionResponseSchema = z.strictObject({ token: z.string(), edit: z.boolean(), stop: z.boolean() });

const outputSchema = z.strictObject({ bytes: z.number(), whole: z.boolean(), text: z.string() }).nullable();

/** `/api/runs/:id/made`: what was kept of each process that worked on the run, and the end of what they printed. */
export const madeResponseSchema = z.strictObject({
  captured: z.array(provenanceSchema),
  output: outputSchema,
});

/** `/api/runs/:id/status` */
export const statusResponseSchema = z.strictObject({ status: runStatusSchema, updatedAt: z.string() });

/** `/api/runs/:id`: the view, whether a report can be opened, and where the run lies. */
export const runResponseSchema = z.strictObject({
  run: runViewSchema,
  report: z.boolean(),
  labels: labelsSchema,
  /** The folder that the server serves, as it was named to it. */
  runsFolder: z.string(),
});

export const runListResponseSchema = z.strictObject({ runs: z.array(listedRunSchema) });

/** `/api/runs/:id/events`: the events, and the lines of the log that could not be read. */
export const eventsResponseSchema = z.strictObject({
  events: z.array(eventSchema),
  damage: z.array(logDamageSchema),
});

export const sweepStatusSchema = z.enum(["running", "done", "failed", "stopped", "lost"]);
const trialStatusSchema = z.enum(TRIAL_STATUSES);

/** What the list and the page of a sweep share. */
const sweepSummaryShape = {
  sweep: z.string(),
  name: z.string(),
  experiment: z.string(),
  status: sweepStatusSchema,
  startedAt: z.string(),
  updatedAt: z.string(),
  /** The settings that are varied. */
  keys: z.array(z.string()),
  /** How many trials are in each state. */
  counts: z.record(trialStatusSchema, z.number()),
};

export const sweepListResponseSchema = z.strictObject({ sweeps: z.array(z.strictObject(sweepSummaryShape)) });

/** `/api/sweeps/:id`: the trials, best first by `metric`. */
export const sweepResponseSchema = z.strictObject({
  sweep: z.strictObject({
    ...sweepSummaryShape,
    random: z.strictObject({
      draws: z.number(),
      seed: z.number(),
      ranges: z.array(z.strictObject({ key: z.string(), scale: z.string(), low: z.number(), high: z.number() })),
    }).nullable(),
    command: z.array(z.string()),
    metric: z.string(),
    better: z.enum(["lower", "higher"]),
    /** Metrics that trials could be compared by. */
    metrics: z.array(z.string()),
    /** Numbers of the best trials: several where values read the same. */
    best: z.array(z.number()),
    trials: z.array(z.strictObject({
      trial: z.number(),
      settings: z.record(z.string(), z.string()),
      seed: z.number(),
      status: trialStatusSchema,
      /** Id of the run of its last attempt. */
      run: z.string().nullable(),
      attempts: z.number(),
      startedAt: z.string().nullable(),
      seconds: z.number().nullable(),
      error: z.string().nullable(),
      cells: z.strictObject({ total: z.number(), cached: z.number() }).nullable(),
      progress: z.strictObject({ ended: z.number(), total: z.number(), current: z.string().nullable() }).nullable(),
      /** The metric's value. */
      value: z.number().nullable(),
    })),
    /** Lines of its file that could not be read. */
    damage: z.array(z.number()),
  }),
  report: z.boolean(),
  runsFolder: z.string(),
});

// What the handlers hand over is what `lib/run` reads; that the schemas say the same is checked by the tests.
export type RunResponse = {
  readonly run: RunView;
  readonly report: boolean;
  readonly labels: Labels;
  readonly runsFolder: string;
};
export type LabelsResponse = Labels;
export type LabelRequest = z.infer<typeof labelRequestSchema>;
export type SessionResponse = z.infer<typeof sessionResponseSchema>;
export type MadeResponse = { readonly captured: readonly Provenance[]; readonly output: z.infer<typeof outputSchema> };
export type StatusResponse = { readonly status: RunView["status"]; readonly updatedAt: string };
export type RunListResponse = { readonly runs: readonly ListedRun[] };
export type EventsResponse = LogContents;
export type ListedSweep = ReturnType<typeof sweepSummary>;
export type SweepListResponse = { readonly sweeps: readonly ListedSweep[] };
export type ShownSweep = ReturnType<typeof sweepJson>;
export type SweepResponse = { readonly sweep: ShownSweep; readonly report: boolean; readonly runsFolder: string };
