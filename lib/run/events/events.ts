// The schema of the event log, `runs/<id>/events.jsonl`, which one process writes and everything else reads.
import { z } from "zod";
import { runResultsSchema } from "./results.ts";
import type {
  AlertSchema,
  ArtifactSchema,
  ColumnSchema,
  EventSchema,
  JobPlaceSchema,
  JsonSchema,
  NoteLevelSchema,
  PlannedSchema,
  SpeedSchema,
  TableSchema,
  WorkSchema,
} from "../inferred-types.ts";

/**
 * Version of the log's format, written in `run.start`. Version 1 has no checksums and no `run.resume`, `cell.resume`
 * and `cell.rewind`; versions 1 and 2 have results in another form, which `upgradeEvent()` reads.
 */
export const EVENT_SCHEMA_VERSION = 3 as const;

const schemaVersion = z.literal([1, 2, EVENT_SCHEMA_VERSION]);

const common = {
  /** Position in the log, counted from 0 without gaps. Also the `id:` of the server-sent event. */
  seq: z.int().nonnegative(),
  /** When it was written, ISO 8601 in UTC. */
  time: z.iso.datetime(),
};

const cellName = z.string().min(1);

/** Any JSON value. The type is spelled out for OpenAPI, which cannot expand a schema that contains itself. */
export const jsonSchema: JsonSchema = z.json().meta({
  type: ["object", "array", "string", "number", "boolean", "null"],
});

/** What building a cell takes, as planned. */
export const workSchema: WorkSchema = z.strictObject({
  /** Tokens that it trains on. */
  tokens: z.number().nonnegative(),
  /** Floating-point operations. */
  flops: z.number().nonnegative(),
  /** Passes of a batch through a layer. */
  layers: z.number().nonnegative(),
});

/** A device's speed, as measured before a run. */
export const speedSchema: SpeedSchema = z.strictObject({
  /** Operations per second in products of large matrices. */
  flopsPerSecond: z.number().positive(),
  /** Seconds that a batch takes through a layer in addition to its operations. */
  secondsPerLayer: z.number().nonnegative(),
});

/** A planned cell. Logs of older versions have only the name and the title. */
export const plannedSchema: PlannedSchema = z.strictObject({
  cell: cellName,
  title: z.string(),
  /** The planned cells that it builds on, by name. */
  needs: z.array(z.string()).optional(),
  work: workSchema.optional(),
});

/** What `run.start` and `run.resume` both hold: the process that writes, and what it was asked to do. */
const request = {
  schemaVersion,
  title: z.string(),
  device: z.string(),
  /** `cpu`, `webgpu` or `reference`, or `elsewhere` if the device is not this machine's; absent in logs of version 1. */
  backend: z.string().optional(),
  config: jsonSchema,
  /** The planned cells, in order. */
  plan: z.array(plannedSchema),
  /** Of the device; absent if the run was too short to measure it. */
  speed: speedSchema.optional(),
  command: z.array(z.string()),
  versions: z.record(z.string(), z.string()),
  pid: z.int(),
};

/** One column of a table. */
const columnSchema: ColumnSchema = z.strictObject({
  key: z.string(),
  title: z.string(),
  kind: z.enum(["text", "number"]).default("text"),
  /** Digits after the decimal point, for numbers. */
  digits: z.int().min(0).max(10).optional(),
  /** Which direction is better; the best value is then marked. */
  better: z.enum(["lower", "higher"]).optional(),
});

/** A table, which terminal, page, notebook and report all show. */
export const tableSchema: TableSchema = z.strictObject({
  name: z.string(),
  title: z.string(),
  columns: z.array(columnSchema),
  rows: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.null()]))),
});

/** Details of a note that is an alert: something is going wrong, or is about to. */
const alertSchema: AlertSchema = z.strictObject({
  /** What found it: `spike`, `instability`, `notFinite`, `stall`, `disk`. */
  detector: z.string(),
  /** What is done about it: `alert` (nothing else), `skip`, `rewind`, `clip`, `epsilon`, `stop`. */
  action: z.string(),
  /** The training step, if there is one. */
  step: z.int().nonnegative().optional(),
  /** The numbers behind it. */
  values: z.record(z.string(), z.number()),
});

/** Where the job of a cell is on a cluster. */
export const jobPlaceSchema: JobPlaceSchema = z.strictObject({
  /** As the cluster names it: `12`, or `12_0` for a task of an array. */
  job: z.string(),
  /** As the cluster says it, in lower case: `pending`, `running`, `completed`, `node fail`, … */
  state: z.string(),
  /** Empty while it waits. */
  node: z.string(),
  /** Why it waits, or how it failed; empty if there is nothing to say. */
  reason: z.string(),
});

export const noteLevelSchema: NoteLevelSchema = z.enum(["info", "warning", "error"]);

/** A file of a finished cell. */
export const artifactSchema: ArtifactSchema = z.strictObject({
  name: z.string(),
  /** Relative to the runs folder. */
  path: z.string(),
  bytes: z.int().nonnegative(),
  sha256: z.string(),
});

export const eventSchema: EventSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    ...common,
    kind: z.literal("run.start"),
    run: z.string(),
    experiment: z.string(),
    preset: z.string(),
    seed: z.int(),
    ...request,
  }),
  /** Another process resumes the run. No cell is running until it says so. */
  z.strictObject({ ...common, kind: z.literal("run.resume"), ...request }),
  z.strictObject({
    ...common,
    kind: z.literal("cell.start"),
    cell: cellName,
    title: z.string(),
    description: z.string(),
    /** Content address: hash of configuration, code version, data fingerprint and the keys of its inputs. */
    cellKey: z.string(),
    /** Equal for cells that differ only in settings that may change while a cell is built, such as the number of steps. */
    family: z.string().optional(),
    /** The checkpoint of another cell of the family that this one continues from. */
    continues: z.strictObject({ cellKey: z.string(), step: z.int().nonnegative() }).optional(),
  }),
  /** A cell resumes from its own checkpoint, or from its beginning (step 0). It does not repeat what it has logged. */
  z.strictObject({ ...common, kind: z.literal("cell.resume"), cell: cellName, step: z.int().nonnegative() }),
  /** A cell went back to a step; points of later steps are void. */
  z.strictObject({ ...common, kind: z.literal("cell.rewind"), cell: cellName, step: z.int().nonnegative() }),
  /** The job of a cell waits, runs, moves to another node, or has ended. It may be known before the cell starts. */
  z.strictObject({ ...common, kind: z.literal("cell.job"), cell: cellName, ...jobPlaceSchema.shape }),
  z.strictObject({
    ...common,
    kind: z.literal("metrics"),
    cell: cellName,
    step: z.int().nonnegative(),
    /** How many steps there will be. */
    steps: z.int().positive(),
    /** Values by name (`loss`, `validation`, `lr`, `tokensPerSecond`, …); null is NaN or infinity. */
    values: z.record(z.string(), z.union([z.number(), z.null()])),
  }),
  z.strictObject({
    ...common,
    kind: z.literal("note"),
    cell: cellName.optional(),
    level: noteLevelSchema,
    text: z.string(),
    alert: alertSchema.optional(),
  }),
  z.strictObject({ ...common, kind: z.literal("table"), cell: cellName, table: tableSchema }),
  z.strictObject({
    ...common,
    kind: z.literal("artifact"),
    cell: cellName,
    ...artifactSchema.shape,
  }),
  z.strictObject({
    ...common,
    kind: z.literal("cell.end"),
    cell: cellName,
    status: z.enum(["done", "cached", "failed", "stopped"]),
    seconds: z.number().nonnegative(),
    /** The outcome in one line. */
    summary: z.string(),
    /** Of a cached cell: the run that built it, if that is known. */
    builtBy: z.string().optional(),
  }),
  z.strictObject({
    ...common,
    kind: z.literal("run.end"),
    status: z.enum(["done", "failed", "stopped"]),
    seconds: z.number().nonnegative(),
    results: runResultsSchema.optional(),
    error: z.string().optional(),
  }),
]);

export type RunEvent = z.infer<typeof eventSchema>;
export type Table = z.infer<typeof tableSchema>;
export type Column = z.infer<typeof columnSchema>;
export type Work = z.infer<typeof workSchema>;
export type Speed = z.infer<typeof speedSchema>;
export type Planned = z.infer<typeof plannedSchema>;
export type JobPlace = z.infer<typeof jobPlaceSchema>;
export type AlertDetails = z.infer<typeof alertSchema>;

type WithoutStamp<E> = E extends unknown ? Omit<E, "seq" | "time"> : never;
/** An event before the log stamps it with `seq` and `time`. */
export type EventBody = WithoutStamp<RunEvent>;
