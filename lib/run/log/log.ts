// The writer of a run's event log: append-only, one validated line per event with a checksum, `seq` without gaps.
import { join } from "node:path";
import { attempt, systemReason, UserError } from "../../errors.ts";
import { type EventBody, eventSchema, type RunEvent } from "../events/events.ts";
import { encodeLine } from "./log-line.ts";

/** Name of the event log in a run's folder. */
export const LOG_FILE = "events.jsonl";

/** An open event log. */
export interface EventLog {
  /**
   * Stamps, validates and writes one event. When the call returns, the operating system has the event.
   *
   * @throws UserError `run.log-write` when it cannot be written; the log is then unchanged
   */
  append(body: EventBody): RunEvent;
  /** Flushes what was written to the disk. */
  sync(): void;
  close(): void;
}

export interface LogOptions {
  /** @default the machine's clock, which may jump */
  readonly now?: () => Date;
  /** Continues an existing log after its whole lines; anything after `offset` bytes is half written and is cut off. */
  readonly after?: { readonly seq: number; readonly offset: number };
}

/**
 * Opens the event log of a run for writing. The caller must hold the run's lock: a log has a single writer.
 *
 * @throws Deno.errors.AlreadyExists for a new log in a folder that has one
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
        throw new UserError(
          "run.log-write",
          `Cannot write event ${seq} (${line.length} bytes) to ${path}: ${systemReason(error) ?? error}`,
          "free some space on the disk, then re-run the same command to resume the run",
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

/** Removes a partly written line, so that the next event starts a new line. */
function cutBack(file: Deno.FsFile, size: number): void {
  attempt(() => file.truncateSync(size)); // otherwise readers skip the damaged line
}
