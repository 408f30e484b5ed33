// The writer of a run's event log: append-only, one validated and sealed line an event, `seq` without gaps.
import { join } from "node:path";
import { UserError } from "../../errors.ts";
import { type EventBody, eventSchema, type RunEvent } from "../events/events.ts";
import { encodeLine } from "./log-line.ts";

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

export interface LogOptions {
  /** @default the machine's clock, which may jump */
  readonly now?: () => Date;
  /** Goes on with a log that is there, after its whole lines: what follows `offset` bytes was left half written. */
  readonly after?: { readonly seq: number; readonly offset: number };
}

/**
 * Opens the event log of a run for writing. Whoever does holds the run's lock: a log has a single writer.
 *
 * @throws Deno.errors.AlreadyExists when a new log is asked for and the folder has one
 */
export function openLog(folder: string, options: LogOptions = {}): EventLog {
  const { now = () => new Date(), after } = options;
  const path = join(folder, LOG_FILE);
  const file = Deno.openSync(path, after === undefined ? { createNew: true, append: true } : { append: true });
  if (after !== undefined) file.truncateSync(after.offset);
  let seq = (after?.seq ?? -1) + 1;
  let size = after?.offset ?? 0;
  let closed = false;
  return {
    append(body) {
      const event = eventSchema.parse({ seq, time: now().toISOString(), ...body });
      const line = encodeLine(event);
      try {
        for (let written = 0; written < line.length;) written += file.writeSync(line.subarray(written));
      } catch (error) {
        cutBack(file, size);
        const reason = error instanceof Error ? error.message : String(error);
        throw new UserError(
          "run.log-write",
          `Cannot write event ${seq} (${line.length} bytes) to ${path}: ${reason}`,
          "make room on the disk, then give the same command again: the run goes on where it was",
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
