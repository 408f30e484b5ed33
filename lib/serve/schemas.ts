// What the HTTP API answers, as zod schemas: the routes, their types and OpenAPI derive from here.
import { z } from "zod";
import {
  axisSchema,
  cellSeriesSchema,
  eventSchema,
  keptPromptSchema,
  labelsSchema,
  listedRunSchema,
  logDamageSchema,
  promptSchema,
  provenanceSchema,
  rankedTrialSchema,
  runStatusSchema,
  runViewSchema,
  seriesNamesSchema,
  tableRowSchema,
  tableWindowSchema,
  usageSampleSchema,
} from "../run/mod.ts";
import type { ErrorSchema } from "./inferred-types.ts";

export { labelsSchema, promptSchema };

export const errorSchema: ErrorSchema = z.strictObject({
  error: z.strictObject({
    /** Stable machine-readable name, such as `run.unknown`. */
    code: z.string(),
    message: z.string(),
    /** `invalid_request_error` or `server_error`, and the wrong parameter: fields of OpenAI's errors, as of the models' API. */
    type: z.string(),
    param: z.null(),
  }),
});

/** What `/api/runs/:id/labels` takes: a name (null removes it), tags, or a note. */
export const labelRequestSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("name"), name: z.string().max(200).nullable() }),
  z.strictObject({ kind: z.literal("tags"), add: z.array(z.string()).max(50), remove: z.array(z.string()).max(50) }),
  z.strictObject({ kind: z.literal("note"), text: z.string().max(10_000) }),
]);

/** `/api/runs/:id/prompts`: the newest prompts that were kept, the oldest of them first. */
export const promptsResponseSchema = z.strictObject({ prompts: z.array(keptPromptSchema) });

/** `/api/models`: whether models are served at this address, below `/v1`. */
export const modelsResponseSchema = z.strictObject({ served: z.boolean() });

/** `/api/session`: the token that changes need, and what this server does for who asks. */
export const sessionResponseSchema = z.strictObject({
  token: z.string().nullable(),
  edit: z.boolean(),
  stop: z.boolean(),
  /** Whether it does more for who has opened its link. */
  signIn: z.boolean(),
});

/** `/api/runs/:id/provenance`: what was kept of each process that worked on the run. */
export const provenanceResponseSchema = z.strictObject({ captured: z.array(provenanceSchema) });

/** `/api/runs/:id/console`: a part of what was printed, from byte `start` to before `next`, of `bytes` so far. */
export const consoleResponseSchema = z.strictObject({
  text: z.string(),
  /** Where the part begins: 0 instead of what was asked for if the file is another one now. */
  start: z.number(),
  next: z.number(),
  bytes: z.number(),
});

/** `/api/runs/:id/usage` */
export const usageResponseSchema = z.strictObject({
  samples: z.array(usageSampleSchema),
  /** Cores, memory in bytes and the device's threads; null if no provenance was kept. */
  machine: z.strictObject({ cores: z.number(), memory: z.number(), threads: z.number().nullable() }).nullable(),
});

/** `/api/runs/:id/figures` */
export const figuresResponseSchema = z.strictObject({
  figures: z.array(z.strictObject({
    /** `mean`, `matrix`, `differences`, `gates`, … */
    name: z.string(),
    title: z.string(),
    caption: z.string(),
    legend: z.array(z.strictObject({ label: z.string(), color: z.string() })),
    /** SVG documents with light and dark colors, and their sizes in pixels. */
    panels: z.array(z.strictObject({ svg: z.string(), width: z.number(), height: z.number(), label: z.string() })),
  })),
});

/** `/api/runs/:id/status` */
export const statusResponseSchema = z.strictObject({ status: runStatusSchema, updatedAt: z.string() });

/** `/api/runs/:id`: the view, whether a report can be opened, and the folder that the run is in. */
export const runResponseSchema = z.strictObject({
  run: runViewSchema,
  report: z.boolean(),
  /** Whether there is a page of the gates of tokens. */
  gates: z.boolean(),
  /** Reports on several runs that this run is among. */
  reports: z.array(z.strictObject({ name: z.string(), title: z.string() })),
  /** The sweep that it is a trial of; null if it is none, or if the sweep was removed. */
  sweep: z.string().nullable(),
  labels: labelsSchema,
  /** The folder that the server serves, as it was named to it. */
  runsFolder: z.string(),
});

/** `/api/runs`: all runs, and with a filter the ids of those that satisfy it. */
export const runListResponseSchema = z.strictObject({
  runs: z.array(listedRunSchema),
  matching: z.array(z.string()).optional(),
});

/** `/api/trash`: the removal that an undo would restore. */
export const trashResponseSchema = z.strictObject({
  last: z.strictObject({ runs: z.array(z.string()), time: z.string() }).nullable(),
});

/** `/api/runs/:id/events`: the events, and the lines of the log that could not be read. */
export const eventsResponseSchema = z.strictObject({
  events: z.array(eventSchema).readonly(),
  damage: z.array(logDamageSchema).readonly(),
});

/** `/api/series/names` */
export const seriesNamesResponseSchema = z.strictObject({
  runs: z.array(z.strictObject({ run: z.string(), cells: z.array(seriesNamesSchema) })),
  /** Ids of runs that are not there. */
  unknown: z.array(z.string()),
});

/** `/api/series` */
export const seriesResponseSchema = z.strictObject({
  x: axisSchema,
  /** In the order in which they were asked for. */
  runs: z.array(z.strictObject({
    run: z.string(),
    /** What to ask for as `after` the next time. */
    lastSeq: z.number(),
    cells: z.array(cellSeriesSchema),
  })),
  /** Ids of runs that are not there, such as those that were removed. */
  unknown: z.array(z.string()),
});

const sweepStatusSchema = z.enum(["running", "done", "failed", "stopped", "lost"]);

/** What the list and the page of a sweep share. */
const sweepSummaryShape = {
  sweep: z.string(),
  name: z.string(),
  experiment: z.string(),
  status: sweepStatusSchema,
  startedAt: z.string(),
  updatedAt: z.string(),
  /** The settings that are varied. */
  keys: z.array(z.string()).readonly(),
  /** How many trials are in each state. */
  counts: z.record(rankedTrialSchema.shape.status, z.number()),
};

export const sweepListResponseSchema = z.strictObject({
  sweeps: z.array(z.strictObject(sweepSummaryShape)),
  /** Sweeps that cannot be shown, and why. */
  unreadable: z.array(z.strictObject({ sweep: z.string(), reason: z.string() })),
});

/** `/api/sweeps/:id`: the trials, best first by `metric`. */
export const sweepResponseSchema = z.strictObject({
  sweep: z.strictObject({
    ...sweepSummaryShape,
    random: z.strictObject({
      draws: z.number(),
      seed: z.number(),
      ranges: z.array(z.strictObject({ key: z.string(), scale: z.string(), low: z.number(), high: z.number() }))
        .readonly(),
    }).nullable(),
    command: z.array(z.string()).readonly(),
    metric: z.string(),
    better: z.enum(["lower", "higher"]),
    /** Metrics that trials could be compared by. */
    metrics: z.array(z.string()).readonly(),
    /** Numbers of the best trials: several if their values are equal at the digits shown. */
    best: z.array(z.number()).readonly(),
    trials: z.array(rankedTrialSchema).readonly(),
    /** Lines of its file that could not be read. */
    damage: z.array(z.number()).readonly(),
  }),
  report: z.boolean(),
  runsFolder: z.string(),
});

/** `/api/reports`: reports on several runs, newest first. */
export const reportListResponseSchema = z.strictObject({
  reports: z.array(z.strictObject({
    name: z.string(),
    title: z.string(),
    /** Ids of the runs that it is about; none if it does not say. */
    runs: z.array(z.string()).readonly(),
    time: z.string(),
  })),
});

/** `/api/table`: rows of a view. */
export const sentWindowSchema = tableWindowSchema.extend({
  /** Names this window, in `since`. */
  version: z.string(),
  /** A number stands for the row at that place in the window that `since` names. */
  rows: z.array(z.union([tableRowSchema, z.int().nonnegative()])).readonly(),
});

/** `/api/table/ids`: ids of all runs of a view. */
export const tableIdsSchema = z.strictObject({ runs: z.array(z.string()) });

/** `/api/table/names`: what a filter's terms and the table's columns can name, and some values of each. */
export const tableNamesSchema = z.strictObject({
  names: z.array(z.strictObject({ name: z.string(), column: z.boolean(), values: z.array(z.string()) })),
});

/** `/api/removals`: what is in the trash, the last removal first. */
export const removalsSchema = z.strictObject({
  removals: z.array(z.strictObject({ removal: z.string(), time: z.string(), runs: z.array(z.string()) })),
});

/** Most runs that one request may change. */
export const MOST_RUNS = 2_000;
const manyRuns = z.array(z.string().max(100)).min(1).max(MOST_RUNS);

/** `/api/tags`: adds and removes tags of many runs. */
export const tagsRequestSchema = z.strictObject({
  runs: manyRuns,
  add: z.array(z.string()).max(50),
  remove: z.array(z.string()).max(50),
});
/** `/api/remove`: moves many runs to the trash, as one removal. */
export const removeRequestSchema = z.strictObject({ runs: manyRuns });
export const changedRunsSchema = z.strictObject({ runs: z.array(z.string()) });

export type SentWindow = z.infer<typeof sentWindowSchema>;
export type TableNames = z.infer<typeof tableNamesSchema>;
export type RemovalsResponse = z.infer<typeof removalsSchema>;
export type RunResponse = z.infer<typeof runResponseSchema>;
export type LabelsResponse = z.infer<typeof labelsSchema>;
export type LabelRequest = z.infer<typeof labelRequestSchema>;
export type SessionResponse = z.infer<typeof sessionResponseSchema>;
export type ModelsResponse = z.infer<typeof modelsResponseSchema>;
export type PromptsResponse = z.infer<typeof promptsResponseSchema>;
export type ConsoleResponse = z.infer<typeof consoleResponseSchema>;
export type UsageResponse = z.infer<typeof usageResponseSchema>;
export type FiguresResponse = z.infer<typeof figuresResponseSchema>;
export type ShownFigure = FiguresResponse["figures"][number];
export type ProvenanceResponse = z.infer<typeof provenanceResponseSchema>;
export type TrashResponse = z.infer<typeof trashResponseSchema>;
export type StatusResponse = z.infer<typeof statusResponseSchema>;
export type RunListResponse = z.infer<typeof runListResponseSchema>;
export type SeriesNamesResponse = z.infer<typeof seriesNamesResponseSchema>;
export type SeriesResponse = z.infer<typeof seriesResponseSchema>;
export type SweepListResponse = z.infer<typeof sweepListResponseSchema>;
export type SweepResponse = z.infer<typeof sweepResponseSchema>;
export type ShownSweep = SweepResponse["sweep"];
