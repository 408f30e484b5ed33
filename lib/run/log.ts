// The writer of a run's event log: append-only, one validated line an event, `seq` without gaps.
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { type EventBody, eventSchema, type RunEvent } from "./events.ts";

/** Name of the event log in a run's folder. */
export const LOG_FILE = "events.jsonl";

/** An open event log. */
export interface EventLog {
  /**
   * Stamps, validates and writes one event; it has left this process when the call returns.
   *
   * @throws UserError `run.log-write` when the disk refuses it; the log is then as it was before
   */
  append(body: EventBody): RunEvent;
  /** Forces what was written onto the disk. */
  sync(): void;
  close(): void;
}

/**
 * Creates the event log of a new run.
 *
 * @throws Deno.errors.AlreadyExists when the folder has one: a log has a single writer, and it is written once
 */
export function createLog(folder: string, now: () => Date = () => new Date()): EventLog {
  const path = join(folder, LOG_FILE);
  const file = Deno.openSync(path, { createNew: true, append: true });
  const encoder = new TextEncoder();
  let seq = 0;
  let size = 0;
  let closed = false;
  return {
    append(body) {
      const event = eventSchema.parse({ seq, time: now().toISOString(), ...body });
      const line = encoder.encode(JSON.stringify(event) + "\n");
      try {
        for (let written = 0; written < line.length;) written += file.writeSync(line.subarray(written));
      } catch (error) {
        cutBack(file, size);
        const reason = error instanceof Error ? error.message : String(error);
        throw new UserError(
          "run.log-write",
          `Cannot write event ${seq} (${line.length} bytes) to ${path}: ${reason}`,
          "make room on the disk or choose another place with --runs <folder>, then start the run again",
        );
      }
      seq++;
      size += line.length;
      return event;
    },
    sync: () => file.syncSync(),
    close() {
      if (!closed) file.close();
      closed = true;
    },
  };
}

/** Takes back a line that was written in part, so that the next one starts on a line of its own. */
function cutBack(file: Deno.FsFile, size: number): void {
  try {
    file.truncateSync(size);
  } catch {
    // The reader skips the damaged line.
  }
}
