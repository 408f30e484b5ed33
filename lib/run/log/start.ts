// What the first line of a run's log says, such as when it began, without the rest.
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { absent } from "../../errors.ts";
import { timeOfRunId } from "../files/run-id.ts";
import { LOG_FILE } from "./log.ts";
import { decodeLine } from "./log-line.ts";

const NEWLINE = 10;

/**
 * The time of a run's first event, ISO 8601 in UTC; of a damaged one, the time in its id. Undefined when the folder has
 * no log.
 *
 * @throws Deno.errors.PermissionDenied and the like when the system does not let us read it
 */
export async function startOf(folder: string, id: string): Promise<string | undefined> {
  const start = await readStart(folder);
  if (start === undefined) return undefined;
  const time = start["time"];
  return typeof time === "string" && !Number.isNaN(Date.parse(time)) ? time : timeOfRunId(id);
}

/**
 * What the first event of a run says; nothing if it is damaged. Undefined when the folder has no log.
 *
 * @throws Deno.errors.PermissionDenied and the like when the system does not let us read it
 */
export async function readStart(folder: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const line = await firstLine(join(folder, LOG_FILE)).catch(absent);
  if (line === undefined) return undefined;
  const opened = decodeLine(line);
  return opened.kind === "value" ? (opened.value as Record<string, unknown> | null) ?? {} : {};
}

/** The first line without its line end; all there is when it has none. */
async function firstLine(path: string): Promise<Uint8Array> {
  using file = await Deno.open(path, { read: true });
  let bytes: Uint8Array = new Uint8Array(0);
  const buffer = new Uint8Array(1 << 16);
  for (;;) {
    const count = await file.read(buffer);
    const end = buffer.subarray(0, count ?? 0).indexOf(NEWLINE);
    const more = buffer.subarray(0, end < 0 ? count ?? 0 : end);
    bytes = Buffer.concat([bytes, more]);
    if (count === null || end >= 0) return bytes;
  }
}
