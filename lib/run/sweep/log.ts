// A sweep's file, `runs/sweeps/<id>/sweep.jsonl`: its trials and their outcomes. Append-only.
import { join } from "node:path";
import { z } from "zod";
import { absent, UserError } from "../../errors.ts";
import { appendLine, writeTextAtomically } from "../files/files.ts";
import { decodeLine, encodeLine } from "../log/log-line.ts";
import { SCALES } from "./spec.ts";
import type { SweepEventSchema } from "../inferred-types.ts";

/** Folder of all sweeps in the runs folder. */
export const SWEEPS_FOLDER = "sweeps";
/** The file in a sweep's folder. */
export const SWEEP_FILE = "sweep.jsonl";
const NEWLINE = 10;

const processSchema = z.strictObject({ host: z.string(), pid: z.int(), started: z.string().nullable() });
const trial = z.int().positive();
const common = { time: z.iso.datetime() };

/** One line of the file. */
const sweepEventSchema: SweepEventSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    ...common,
    kind: z.literal("sweep.start"),
    schemaVersion: z.literal(1),
    sweep: z.string(),
    name: z.string(),
    /** The experiment's name and its script, relative to the repository if it is inside. */
    experiment: z.string(),
    script: z.string(),
    /** Arguments that all trials share. */
    shared: z.array(z.string()),
    /** Name of the copy of the `--config` file in the sweep's folder. */
    configFile: z.string().nullable(),
    /** What trials are compared by. */
    metric: z.string(),
    /** Results for which larger is better; left out when the experiment did not declare them. */
    higher: z.array(z.string()).optional(),
    /** The varied settings, in order. */
    keys: z.array(z.string()),
    /** How points were drawn; null: the full grid. */
    random: z.strictObject({
      draws: z.int().positive(),
      seed: z.int().nonnegative(),
      ranges: z.array(z.strictObject({ key: z.string(), scale: z.enum(SCALES), low: z.number(), high: z.number() })),
    }).nullable(),
    trials: z.array(z.strictObject({ settings: z.record(z.string(), z.string()), seed: z.int().nonnegative() })).min(1),
    command: z.array(z.string()),
  }),
  /** A process starts working on the sweep. */
  z.strictObject({ ...common, kind: z.literal("sweep.open"), process: processSchema, parallel: z.int().positive() }),
  /** A trial is about to start as this run. */
  z.strictObject({ ...common, kind: z.literal("trial.start"), trial, run: z.string() }),
  /** The trial's process has started. */
  z.strictObject({ ...common, kind: z.literal("trial.process"), trial, run: z.string(), process: processSchema }),
  z.strictObject({
    ...common,
    kind: z.literal("trial.end"),
    trial,
    run: z.string(),
    status: z.enum(["done", "failed", "stopped", "lost"]),
    seconds: z.number().nonnegative().nullable(),
    error: z.string().nullable(),
    /** Number of cells in the run, and how many of them came from the cache. */
    cells: z.strictObject({ total: z.int(), cached: z.int() }).nullable(),
    /** Every result, and the last, smallest and largest value of every metric; see `valuesOf`. */
    values: z.record(z.string(), z.number()),
    /** The results for which larger is better; left out by earlier versions. */
    higher: z.array(z.string()).optional(),
  }),
  z.strictObject({ ...common, kind: z.literal("sweep.close"), status: z.enum(["done", "failed", "stopped"]) }),
]);

export type SweepEvent = z.infer<typeof sweepEventSchema>;
type WithoutTime<E> = E extends unknown ? Omit<E, "time"> : never;
/** A line before it gets its time. */
export type SweepEventBody = WithoutTime<SweepEvent>;
export type SweepStart = Extract<SweepEvent, { kind: "sweep.start" }>;

function stamped(body: SweepEventBody): SweepEvent {
  return sweepEventSchema.parse({ time: new Date().toISOString(), ...body });
}

/** A line of the file, sealed with a checksum like those of an event log. */
export function sweepLine(body: SweepEventBody): Uint8Array<ArrayBuffer> {
  return encodeLine(stamped(body));
}

/** The contents of a sweep's file. */
export interface SweepLog {
  readonly events: readonly SweepEvent[];
  /** Numbers, from 1, of damaged lines; an incomplete last line is one of them. */
  readonly damage: readonly number[];
}

/** Reads a sweep's file; undefined when there is none. */
export async function readSweepLog(folder: string): Promise<SweepLog | undefined> {
  const path = join(folder, SWEEP_FILE);
  if (!(await Deno.lstat(path).catch(absent))?.isFile) return undefined;
  const bytes = await Deno.readFile(path).catch(absent);
  if (bytes === undefined) return undefined;
  const events: SweepEvent[] = [];
  const damage: number[] = [];
  for (let start = 0, number = 1; start < bytes.length; number++) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    const event = end > start ? parseSweepLine(bytes.subarray(start, end)) : undefined;
    if (event !== undefined) events.push(event);
    else if (end > start) damage.push(number);
    start = end + 1;
  }
  return { events, damage };
}

/** The event of a line, or undefined when the line is damaged. */
function parseSweepLine(bytes: Uint8Array): SweepEvent | undefined {
  const line = decodeLine(bytes);
  if (line.kind === "damaged") return undefined;
  const event = sweepEventSchema.safeParse(line.value);
  return event.success ? event.data : undefined;
}

/** Creates the file with its first line, atomically. */
export async function createSweepLog(folder: string, start: SweepEventBody & { kind: "sweep.start" }): Promise<void> {
  await writeTextAtomically(join(folder, SWEEP_FILE), new TextDecoder().decode(sweepLine(start)));
}

/**
 * Appends one line, forces it onto the disk, and returns the event.
 *
 * @throws UserError `sweep.write` when it cannot be written
 */
export function appendToSweep(folder: string, body: SweepEventBody): SweepEvent {
  const event = stamped(body);
  const path = join(folder, SWEEP_FILE);
  try {
    appendLine(path, encodeLine(event));
    return event;
  } catch (error) {
    throw new UserError(
      "sweep.write",
      `Cannot write ${path}: ${error instanceof Error ? error.message : String(error)}`,
      "free some space, or make the runs folder writable; then use deno task sweep resume",
    );
  }
}
