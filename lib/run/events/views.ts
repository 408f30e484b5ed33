// Schemas of what readers get: a run folded from its log, and a run in a list. lib/run/view imports only the types, so
// that the browser does not load zod.
import { z } from "zod";
import {
  artifactSchema,
  jobPlaceSchema,
  jsonSchema,
  noteLevelSchema,
  speedSchema,
  tableSchema,
  workSchema,
} from "./events.ts";
import { runResultsSchema } from "./results.ts";
import type {
  CellStatusSchema,
  CellViewSchema,
  LabelsSchema,
  ListedRunSchema,
  LogDamageSchema,
  MetricPointSchema,
  RunStatusSchema,
  RunSummarySchema,
  RunViewSchema,
} from "../inferred-types.ts";

/**
 * The status of a run. `stalled`: its process is alive but makes no progress. `lost`: its process is gone, and the log does
 * not say how the run ended. `damaged`: the start of the log cannot be read, so the run's settings are
 * unknown. `unreadable`: the system does not let us read the log at all.
 */
export const runStatusSchema: RunStatusSchema = z.enum([
  "running",
  "stalled",
  "done",
  "failed",
  "stopped",
  "lost",
  "damaged",
  "unreadable",
]);
const cellStatusSchema: CellStatusSchema = z.enum(["planned", "running", "done", "cached", "failed", "stopped"]);

/** A note without its cell. */
const noteViewSchema = z.strictObject({ level: noteLevelSchema, text: z.string(), time: z.string() });

/** One point of a cell's metrics. */
const metricPointSchema: MetricPointSchema = z.strictObject({
  step: z.number(),
  time: z.string(),
  values: z.record(z.string(), z.number().nullable()),
});

/** A cell with all that was logged in it. */
const cellViewSchema: CellViewSchema = z.strictObject({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  status: cellStatusSchema,
  cellKey: z.string(),
  /** The planned cells that it builds on; empty if the log does not say. */
  needs: z.array(z.string()),
  /** What it was planned to take; null if the log does not say. */
  work: workSchema.nullable(),
  /** Of a cached cell: the run that built it; null if it is not known. */
  builtBy: z.string().nullable(),
  /** Where its job is, or was last; null if it has none on a cluster. */
  job: jobPlaceSchema.nullable(),
  startedAt: z.string().nullable(),
  seconds: z.number().nullable(),
  /** How many steps there will be; null while nothing was counted. */
  steps: z.number().nullable(),
  metrics: z.array(metricPointSchema),
  tables: z.array(tableSchema),
  notes: z.array(noteViewSchema),
  artifacts: z.array(artifactSchema),
  summary: z.string(),
});

/**
 * A run with all that was logged in it. Of a damaged run, experiment, preset and seed are unknown (empty and null), and
 * so is the rest of the request unless a later process logged it again.
 */
export const runViewSchema: RunViewSchema = z.strictObject({
  id: z.string(),
  experiment: z.string(),
  title: z.string(),
  preset: z.string(),
  seed: z.number().nullable(),
  device: z.string(),
  status: runStatusSchema,
  config: jsonSchema,
  /** How it was started, which says what differs from the preset. */
  command: z.array(z.string()),
  versions: z.record(z.string(), z.string()),
  /** The device's, as measured before the run; null if it was not. */
  speed: speedSchema.nullable(),
  pid: z.number().nullable(),
  startedAt: z.string(),
  updatedAt: z.string(),
  /** Wall time, once the run has ended. */
  seconds: z.number().nullable(),
  cells: z.array(cellViewSchema),
  notes: z.array(noteViewSchema),
  results: runResultsSchema.nullable(),
  error: z.string().nullable(),
  lastSeq: z.number(),
});

/** A run in a list, without what people say about it. */
const runSummarySchema: RunSummarySchema = runViewSchema.omit({
  config: true,
  versions: true,
  speed: true,
  pid: true,
  notes: true,
  results: true,
  lastSeq: true,
}).extend({
  /** `ended`: done, or taken from the cache (`cached`). */
  cells: z.strictObject({ ended: z.number(), total: z.number(), cached: z.number() }),
  /** Name of the cell that is running. */
  current: z.string().nullable(),
  /** Mean held-out bits per byte by method; empty until the run is done. */
  meanBpb: z.record(z.string(), z.number()),
  /** How many lines of the log could not be read. */
  damagedLines: z.number(),
});

/** A run in a list, with its name and tags. */
export const listedRunSchema: ListedRunSchema = z.strictObject({
  ...runSummarySchema.shape,
  name: z.string().nullable(),
  tags: z.array(z.string()),
});

/** A run's name, tags and notes, as people gave them. */
export const labelsSchema: LabelsSchema = z.strictObject({
  name: z.string().nullable(),
  tags: z.array(z.string()),
  notes: z.array(z.strictObject({ time: z.string(), text: z.string() })),
  /** Lines that could not be read and were left out. */
  damaged: z.number(),
});

/** A line of a log that could not be read. */
export const logDamageSchema: LogDamageSchema = z.strictObject({
  /** Line number, from 1. */
  line: z.number(),
  reason: z.string(),
});

export type RunStatus = z.infer<typeof runStatusSchema>;
export type CellStatus = z.infer<typeof cellStatusSchema>;
export type MetricPoint = z.infer<typeof metricPointSchema>;
export type CellView = z.infer<typeof cellViewSchema>;
export type RunView = z.infer<typeof runViewSchema>;
export type RunSummary = z.infer<typeof runSummarySchema>;
export type ListedRun = z.infer<typeof listedRunSchema>;
export type Labels = z.infer<typeof labelsSchema>;
export type LogDamage = z.infer<typeof logDamageSchema>;
