// A run folder written by hand: what the server reads, without training anything.
import { join } from "node:path";
import type { EventBody, RunEvent } from "../../lib/run/mod.ts";
import { takeLock } from "../../lib/run/process/lock.ts";
import { LOG_FILE } from "../../lib/run/log/log.ts";
import { stamp } from "./demo-log.ts";

/** The writer of a fake run. */
export interface FakeRun {
  readonly id: string;
  readonly folder: string;
  /** Appends events, stamped with the next numbers and the time now (or `msApart` apart from `start`). */
  append(bodies: readonly EventBody[], start?: Date, msApart?: number): RunEvent[];
  /** Appends raw text, such as half a line. */
  raw(text: string): void;
  /** Gives the lock back: the writer is gone. */
  release(): void;
}

/** Creates a run's folder with an empty log and a lock that is held by this process. */
export function fakeRun(runsFolder: string, id: string): FakeRun {
  const folder = join(runsFolder, id);
  const path = join(folder, LOG_FILE);
  Deno.mkdirSync(folder, { recursive: true });
  Deno.writeTextFileSync(path, "");
  const lock = takeLock(folder);
  let seq = 0;
  let released = false;
  return {
    id,
    folder,
    append(bodies, start = new Date(), msApart = 0) {
      const events = stamp(bodies, start, msApart, seq);
      seq += events.length;
      Deno.writeTextFileSync(path, events.map((event) => JSON.stringify(event) + "\n").join(""), { append: true });
      return events;
    },
    raw: (text) => Deno.writeTextFileSync(path, text, { append: true }),
    release() {
      if (!released) lock.release();
      released = true;
    },
  };
}

/** A temporary runs folder for the time of `body`. */
export async function withRunsFolder(body: (runsFolder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook-serve-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
