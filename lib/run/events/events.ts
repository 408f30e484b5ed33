// The event log's schema: what one process writes to `runs/<id>/events.jsonl`, and everything else reads.
import { z } from "zod";
import { runResultsSchema } from "./results.ts";

/**
 * Version of the log's format; it is written in `run.start`. 1: as described here, without checksums and without
 * `run.resume`, `cell.resume` and `cell.rewind`.
 */
export const EVENT_SCHEMA_VERSION = 2 as const;

const schemaVersion = z.union([z.literal(1), z.literal(EVENT_SCHEMA_VERSION)]);

const common = {
  /** Position in the log, from 0, without gaps. Also the `id:` of the server-sent event. */
  seq: z.int().nonnegative(),
  /** When it was written, ISO 8601 in UTC. */
  time: z.iso.datetime(),
};

const cellName = z.string().min(1);

/** Any JSON value. The type is spelled out for OpenAPI, which cannot expand a schema that contains itself. */
export const jsonSchema = z.json().meta({ type: ["object", "array", "string", "number", "boolean", "null"] });

/** What `run.start` and `run.resume` both hold: the process that writes, and what it was asked to do. */
const request = {
  schemaVersion,
  title: z.string(),
  device: z.string(),
  /** `cpu`, `webgpu` or `reference`; logs of version 1 lack it. */
  backend: z.string().optional(),
  config: jsonSchema,
  /** The cells that the plan foresees, in order. */
  plan: z.array(z.strictObject({ cell: cellName, title: z.string() })),
  command: z.array(z.string()),
  versions: z.record(z.string(), z.string()),
  pid: z.int(),
};

/** One column of a table. */
export const columnSchema = z.strictObject({
  key: z.string(),
  title: z.string(),
  kind: z.enum(["text", "number"]).default("text"),
  /** Digits after the point, for numbers. */
  digits: z.int().min(0).max(10).optional(),
  /** Which direction is good, so that the best value can be marked. */
  better: z.enum(["lower", "higher"]).optional(),
});

/** A table shown in the terminal, the page, the notebook and the report alike. */
export const tableSchema = z.strictObject({
  name: z.string(),
  title: z.string(),
  columns: z.array(columnSchema),
  rows: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.null()]))),
});

/** What a note that is an alert says besides its text: something goes wrong, or is about to. */
export const alertSchema = z.strictObject({
  /** What found it: `spike`, `instability`, `notFinite`, `stall`, `disk`. */
  detector: z.string(),
  /** What is done about it: `alert` (only telling), `skip`, `rewind`, `clip`, `epsilon`, `stop`. */
  action: z.string(),
  /** The training step, where there is one. */
  step: z.int().nonnegative().optional(),
  /** The numbers behind it. */
  values: z.record(z.string(), z.number()),
});

export const noteLevelSchema = z.enum(["info", "warning", "error"]);

/** A file of a finished cell. */
export const artifactSchema = z.strictObject({
  name: z.string(),
  /** Relative to the runs folder. */
  path: z.string(),
  bytes: z.int().nonnegative(),
  sha256: z.string(),
});

export const eventSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    ...common,
    kind: z.literal("run.start"),
    run: z.string(),
    experiment: z.string(),
    preset: z.string(),
    seed: z.int(),
    ...request,
  }),
  /** Another process goes on with the run. Cells that were running are not. */
  z.strictObject({ ...common, kind: z.literal("run.resume"), ...request }),
  z.strictObject({
    ...common,
    kind: z.literal("cell.start"),
    cell: cellName,
    title: z.string(),
    description: z.string(),
    /** Content address: hash of configuration, code version, data fingerprint and inputs' keys. */
    cellKey: z.string(),
    /** Equal for cells that differ only in what may change while a cell is being built, such as the number of steps. */
    family: z.string().optional(),
    /** The checkpoint of another cell of the family that this one goes on from. */
    continues: z.strictObject({ cellKey: z.string(), step: z.int().nonnegative() }).optional(),
  }),
  /** A cell goes on from a checkpoint of its own; step 0: from its beginning. What it has logged is not logged again. */
  z.strictObject({ ...common, kind: z.literal("cell.resume"), cell: cellName, step: z.int().nonnegative() }),
  /** A cell went back to a step: points of later steps are void. */
  z.strictObject({ ...common, kind: z.literal("cell.rewind"), cell: cellName, step: z.int().nonnegative() }),
  z.strictObject({
    ...common,
    kind: z.literal("metrics"),
    cell: cellName,
    step: z.int().nonnegative(),
    /** How many steps there will be. */
    steps: z.int().positive(),
    /** Values by name (`loss`, `validation`, `lr`, `tokensPerSecond`, …); null stands for NaN and infinity. */
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
    /** One line on what came out. */
    summary: z.string(),
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
export type AlertDetails = z.infer<typeof alertSchema>;

type WithoutStamp<E> = E extends unknown ? Omit<E, "seq" | "time"> : never;
/** An event before the log stamps it with `seq` and `time`. */
export type EventBody = WithoutStamp<RunEvent>;
