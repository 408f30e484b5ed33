// Watching a run from inside its process for stalls and a disk that is nearly full.
import { statfs } from "node:fs/promises";
import type { AlertDetails } from "../events/events.ts";
import { formatSeconds } from "../view/mod.ts";
import type { RunListener } from "../log/run-writer.ts";

export interface WatchOptions {
  /** The folder whose disk is watched. */
  readonly folder: string;
  /** Called with each finding. */
  readonly onAlert: (text: string, alert: AlertDetails) => void;
  /** Bytes that should stay free. @default 1 GB */
  readonly leastFree?: number;
  /** Milliseconds until the first check. @default 1000 */
  readonly firstCheck?: number;
  /** Milliseconds between two checks. @default 15 000 */
  readonly interval?: number;
  /** @default the machine's monotonic clock, in milliseconds */
  readonly now?: () => number;
  /** Returns the free bytes of the folder's disk. @default asks the file system */
  readonly freeBytes?: (folder: string) => Promise<number>;
}

/** A watch over one run. */
export interface Watch {
  /** Pass it to the run. */
  readonly onEvent: RunListener;
  /** Checks once, as it also does at every interval. */
  check(): Promise<void>;
  close(): void;
}

/** Without an event for this long, the run is stalled. */
const STALL_MS = 300_000;
/** If its events are rarer, only after this many times the longest interval between its last events. */
const PATIENCE = 10;
/** How many last events count for that. */
const INTERVALS = 32;
const LEAST_FREE = 1_000_000_000;

/**
 * Watches a run and reports each finding once: that nothing has been logged for a long time (again after something was
 * logged), and that the disk is nearly full (again whenever half of the free space is used up).
 *
 * While a process computes without a pause, the watch cannot run; readers of the log then find that the run is stalled.
 */
export function watchRun(options: WatchOptions): Watch {
  const { folder, onAlert, now = () => performance.now(), freeBytes = freeBytesOf } = options;
  let last = now();
  const intervals: number[] = []; // between the last events
  let stalled = false;
  let reported = (options.leastFree ?? LEAST_FREE) * 2; // free bytes at the last alert

  const check = async () => {
    const silence = now() - last;
    if (!stalled && silence > Math.max(STALL_MS, PATIENCE * Math.max(0, ...intervals))) {
      stalled = true;
      const seconds = silence / 1000;
      const text = `Nothing has been logged for ${formatSeconds(seconds)}: the run is stalled`;
      onAlert(text, { detector: "stall", action: "alert", values: { seconds } });
    }
    const free = await freeBytes(folder).catch(() => undefined);
    if (free === undefined || free > reported / 2) return;
    reported = free;
    const text = `The disk is nearly full: ${(free / 1e9).toFixed(2)} GB free where the run is written`;
    onAlert(text, { detector: "disk", action: "alert", values: { free } });
  };
  // The first check is early, so that a run on a full disk reports it before it has computed for long.
  const soon = setTimeout(() => void check(), options.firstCheck ?? 1_000);
  const timer = setInterval(() => void check(), options.interval ?? 15_000);
  for (const one of [soon, timer]) Deno.unrefTimer(one);
  return {
    onEvent: (event) => {
      // The watch's own alert is not progress.
      if (event.kind === "note" && event.alert?.detector === "stall") return;
      const at = now();
      intervals.push(at - last);
      if (intervals.length > INTERVALS) intervals.shift();
      last = at;
      stalled = false;
    },
    check,
    close() {
      clearTimeout(soon);
      clearInterval(timer);
    },
  };
}

/** Bytes that an ordinary process may still write to the folder's disk. */
async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
