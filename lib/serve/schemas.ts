// What the HTTP API answers, as zod schemas: types, validation in tests, and OpenAPI derive from here.
import { z } from "zod";
import {
  type Captured,
  capturedSchema,
  eventSchema,
  type Labels,
  type LogContents,
  runResultsSchema,
  type RunSummary,
  type RunView,
  type sweepJson,
  type sweepSummary,
  tableSchema,
  TRIAL_STATUSES,
} from "../run/mod.ts";

export const errorSchema = z.strictObject({
  error: z.strictObject({
    /** Stable machine-readable name, such as `run.unknown`. */
    code: z.string(),
    message: z.string(),
  }),
});

export const runStatusSchema = z.enum(["running", "stalled", "done", "failed", "stopped", "lost"]);
export const cellStatusSchema = z.enum(["planned", "running", "done", "cached", "failed", "stopped"]);

const noteSchema = z.strictObject({ level: z.enum(["info", "warning", "error"]), text: z.string() });

/** A cell with all that was logged in it. */
export const cellViewSchema = z.strictObject({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  status: cellStatusSchema,
  cellKey: z.string(),
  startedAt: z.string().nullable(),
  seconds: z.number().nullable(),
  steps: z.number().nullable(),
  metrics: z.array(
    z.strictObject({ step: z.number(), time: z.string(), values: z.record(z.string(), z.number().nullable()) }),
  ),
  tables: z.array(tableSchema),
  notes: z.array(noteSchema),
  artifacts: z.array(
    z.strictObject({ name: z.string(), path: z.string(), bytes: z.number(), sha256: z.string() }),
  ),
  summary: z.string(),
});

/** A run with all that was logged in it. */
export const runViewSchema = z.strictObject({
  id: z.string(),
  experiment: z.string(),
  title: z.string(),
  preset: z.string(),
  seed: z.number(),
  device: z.string(),
  status: runStatusSchema,
  config: z.json(),
  command: z.array(z.string()),
  versions: z.record(z.string(), z.string()),
  pid: z.number(),
  startedAt: z.string(),
  updatedAt: z.string(),
  seconds: z.number().nullable(),
  cells: z.array(cellViewSchema),
  notes: z.array(noteSchema),
  results: runResultsSchema.nullable(),
  error: z.string().nullable(),
  lastSeq: z.number(),
});

/** A run's name, tags and notes, as people gave them. */
export const labelsSchema = z.strictObject({
  name: z.string().nullable(),
  tags: z.array(z.string()),
  notes: z.array(z.strictObject({ time: z.string(), text: z.string() })),
  damaged: z.number(),
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
  captured: z.array(capturedSchema),
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

/** One row of the list of runs. */
export const runSummarySchema = z.strictObject({
  id: z.string(),
  experiment: z.string(),
  title: z.string(),
  preset: z.string(),
  seed: z.number(),
  device: z.string(),
  /** How it was started, which says what differs from the preset. */
  command: z.array(z.string()),
  name: z.string().nullable(),
  tags: z.array(z.string()),
  status: runStatusSchema,
  startedAt: z.string(),
  updatedAt: z.string(),
  /** Wall time, once the run has ended. */
  seconds: z.number().nullable(),
  cells: z.strictObject({ ended: z.number(), total: z.number(), cached: z.number() }),
  /** Name of the cell that runs now. */
  current: z.string().nullable(),
  /** Mean held-out bits per byte by method, once evaluated. */
  meanBpb: z.record(z.string(), z.number()),
  error: z.string().nullable(),
  /** How many lines of the log could not be read. */
  damagedLines: z.number(),
});

export const runListResponseSchema = z.strictObject({ runs: z.array(runSummarySchema) });

/** `/api/runs/:id/events`: the events, and the lines of the log that could not be read. */
export const eventsResponseSchema = z.strictObject({
  events: z.array(eventSchema),
  damage: z.array(z.strictObject({ line: z.number(), reason: z.string() })),
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
export type MadeResponse = { readonly captured: readonly Captured[]; readonly output: z.infer<typeof outputSchema> };
export type StatusResponse = { readonly status: RunView["status"]; readonly updatedAt: string };
export type ListedRun = RunSummary & {
  readonly command: readonly string[];
  readonly name: string | null;
  readonly tags: readonly string[];
};
export type RunListResponse = { readonly runs: readonly ListedRun[] };
export type EventsResponse = LogContents;
export type ListedSweep = ReturnType<typeof sweepSummary>;
export type SweepListResponse = { readonly sweeps: readonly ListedSweep[] };
export type ShownSweep = ReturnType<typeof sweepJson>;
export type SweepResponse = { readonly sweep: ShownSweep; readonly report: boolean; readonly runsFolder: string };
