// What a table of runs consists of, as zod schemas: the API's answer and the pages derive from here.
import { z } from "zod";
import { runStatusSchema } from "../events/views.ts";
import type { TableCellSchema, TableColumnSchema, TableRowSchema, TableWindowSchema } from "../inferred-types.ts";

/** A value; in a row of several runs the mean of numbers (`halfWidth` of its 95 % interval), or how many differ. */
export const tableCellSchema: TableCellSchema = z.union([
  z.string(),
  z.number(),
  z.null(),
  z.strictObject({ mean: z.number(), halfWidth: z.number().nullable(), samples: z.number() }),
  z.strictObject({ different: z.number() }),
]);

export const tableColumnSchema: TableColumnSchema = z.strictObject({
  key: z.string(),
  title: z.string(),
  kind: z.enum(["text", "number", "bytes", "time", "duration", "status", "progress"]),
  better: z.enum(["lower", "higher"]).optional(),
});

export const tableRowSchema: TableRowSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("run"),
    id: z.string(),
    title: z.string(),
    status: runStatusSchema,
    cells: z.strictObject({ ended: z.number(), total: z.number(), current: z.string().nullable() }),
    startedAt: z.string(),
    tags: z.array(z.string()),
    error: z.string().nullable(),
    /** Whether it stands below the row of its group. */
    inGroup: z.boolean(),
    /** One for each column. */
    values: z.array(tableCellSchema),
  }),
  z.strictObject({
    kind: z.literal("group"),
    key: z.string(),
    label: z.string(),
    open: z.boolean(),
    /** Ids of its runs. */
    runs: z.array(z.string()),
    values: z.array(tableCellSchema),
  }),
]);

export const tableWindowSchema: TableWindowSchema = z.strictObject({
  /** Runs in the folder, runs that satisfy the filter, and how many of these are under way. */
  total: z.number(),
  matching: z.number(),
  running: z.number(),
  /** Rows of the whole view, and the first one of this window. */
  rowCount: z.number(),
  offset: z.number(),
  columns: z.array(tableColumnSchema),
  /** Settings that differ, too, but are not shown unless they are chosen. */
  moreColumns: z.number(),
  rows: z.array(tableRowSchema),
  /** What was wrong with the view, in words. */
  problems: z.array(z.string()),
  /** Why the rows may be old, in words; null where they are not. */
  stale: z.string().nullable(),
});

export type TableCell = z.infer<typeof tableCellSchema>;
export type TableColumn = z.infer<typeof tableColumnSchema>;
export type TableRow = z.infer<typeof tableRowSchema>;
export type TableWindow = z.infer<typeof tableWindowSchema>;
