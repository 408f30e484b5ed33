// Parsing a run's event log: whole lines only, each validated. Damaged lines are reported and skipped.
import { Buffer } from "node:buffer";
import { EVENT_SCHEMA_VERSION, eventSchema, type RunEvent } from "../events/events.ts";
import type { LogDamage } from "../events/views.ts";
import { decodeLine } from "./log-line.ts";
import { metricsEvent } from "./metrics-event.ts";
import { upgradeEvent } from "./upgrade.ts";

/** How far a log was read. It advances by whole lines only, so that a line that is being written is read again. */
export interface LogPosition {
  /** Bytes. */
  readonly offset: number;
  /** Lines. */
  readonly line: number;
  /** `seq` of the last event, or -1. */
  readonly seq: number;
}

export const LOG_START: LogPosition = { offset: 0, line: 0, seq: -1 };

export interface LogPiece {
  readonly events: readonly RunEvent[];
  readonly damage: readonly LogDamage[];
  readonly position: LogPosition;
  /** Bytes after the last whole line: a line that is being written, or that its writer left half written. */
  readonly unfinished: number;
}

const NEWLINE = 10;
const PIECE_BYTES = 4 << 20;
const LEAST_BYTES = 4096;

/** Reads whole lines after `from`, about `most` bytes; at the end of the log there are none. @default most 4 MiB */
export async function readPiece(path: string, from: LogPosition, most = PIECE_BYTES): Promise<LogPiece> {
  // A log is looked at many times a second while it is followed: what has not grown is not opened, and no more memory is
  // taken than there is to read.
  const { size } = Deno.statSync(path);
  if (size <= from.offset) return { events: [], damage: [], position: from, unfinished: 0 };
  using file = await Deno.open(path, { read: true });
  let bytes: Uint8Array = new Uint8Array(0);
  let end = -1;
  while (end < 0) {
    const start = from.offset + bytes.length;
    const more = await readUpTo(file, start, Math.min(most, Math.max(LEAST_BYTES, size - start)));
    if (more.length === 0) break;
    end = more.lastIndexOf(NEWLINE);
    if (end >= 0) end += bytes.length;
    bytes = Buffer.concat([bytes, more]);
  }
  return { ...parseLines(bytes.subarray(0, end + 1), from), unfinished: bytes.length - (end + 1) };
}

/** Reads all whole lines after `from`. */
export async function readWhole(path: string, from: LogPosition): Promise<LogPiece> {
  const [events, damage]: [RunEvent[], LogDamage[]] = [[], []];
  for (let position = from;;) {
    const piece = await readPiece(path, position);
    for (const event of piece.events) events.push(event);
    damage.push(...piece.damage);
    if (piece.position.offset === position.offset) return { ...piece, events, damage };
    position = piece.position;
  }
}

async function readUpTo(file: Deno.FsFile, offset: number, length: number): Promise<Uint8Array> {
  await file.seek(offset, Deno.SeekMode.Start);
  const buffer = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const count = await file.read(buffer.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return buffer.subarray(0, filled);
}

function parseLines(bytes: Uint8Array, from: LogPosition): Omit<LogPiece, "unfinished"> {
  const events: RunEvent[] = [];
  const damage: LogDamage[] = [];
  let { offset, line, seq } = from;
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(NEWLINE, start);
    line++;
    const parsed = parseLine(bytes.subarray(start, end), seq);
    if (typeof parsed === "string") damage.push({ line, reason: parsed });
    else {
      events.push(parsed);
      seq = parsed.seq;
    }
    start = end + 1;
  }
  offset += bytes.length;
  return { events, damage, position: { offset, line, seq } };
}

/** The event in a line, or what is wrong with it. */
function parseLine(bytes: Uint8Array, lastSeq: number): RunEvent | string {
  const line = decodeLine(bytes);
  if (line.kind === "damaged") return line.reason;
  const event = metricsEvent(line.value) ?? eventSchema.safeParse(upgradeEvent(line.value)).data;
  if (event === undefined) return invalidReason(line.value);
  if (event.seq <= lastSeq) return `its number is ${event.seq}, but an earlier line has number ${lastSeq}`;
  return event;
}

function invalidReason(value: unknown): string {
  const version = (value as { schemaVersion?: unknown } | null)?.schemaVersion;
  return typeof version === "number" && version > EVENT_SCHEMA_VERSION
    ? `its format version is ${version}; this version of Stitchbook reads versions up to ${EVENT_SCHEMA_VERSION}: update it`
    : "it is not a valid event";
}
