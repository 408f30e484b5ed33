// Watching a run from inside its process: no progress for long, or a disk that is nearly full.
import { statfs } from "node:fs/promises";
import type { AlertDetails } from "../events/events.ts";
import { formatSeconds } from "../view/mod.ts";
import type { RunListener } from "../log/run-writer.ts";

export interface WatchOptions {
  /** The folder whose disk is watched. */
  readonly folder: string;
  /** Tells of what was found. */
  readonly onAlert: (text: string, alert: AlertDetails) => void;
  /** Without an event for so long, the run stalls; a run whose events come more rarely gets ten times their interval. @default 300 */
  readonly stallSeconds?: number;
  /** Bytes that should be free. @default 1 GB */
  readonly leastFree?: number;
  /** Milliseconds until the first look. @default 1000 */
  readonly firstLook?: number;
  /** Milliseconds between two looks. @default 15 000 */
  readonly interval?: number;
  /** @default the machine's monotonic clock, in milliseconds */
  readonly now?: () => number;
  /** Free bytes of the folder's disk. @default asks the file system */
  readonly freeBytes?: (folder: string) => Promise<number>;
}

/** A watch over one run. */
export interface Watch {
  /** Give it to the run. */
  readonly onEvent: RunListener;
  /** Looks once, as it does by itself at every interval. */
  look(): Promise<void>;
  close(): void;
}

const STALL_SECONDS = 300;
/** A run is not stalled before this many times the longest interval between its last events has passed. */
const PATIENCE = 10;
/** The last events that count for that. */
const INTERVALS = 32;
const LEAST_FREE = 1_000_000_000;

/**
 * Watches a run and tells of each finding once: that nothing was logged for long, until something is logged again, and
 * that the disk is nearly full, again whenever half of what was left is gone.
 *
 * A process that computes without a pause looks at nothing; whoever reads its log tells that it is stalled.
 */
export function watchRun(options: WatchOptions): Watch {
  const { folder, onAlert, now = () => performance.now(), freeBytes = freeBytesOf } = options;
  const patience = (options.stallSeconds ?? STALL_SECONDS) * 1000;
  let last = now();
  const intervals: number[] = []; // between the last events
  let stalled = false;
  let told = (options.leastFree ?? LEAST_FREE) * 2; // free bytes at the last alert

  const look = async () => {
    const silence = now() - last;
    if (!stalled && silence > Math.max(patience, PATIENCE * Math.max(0, ...intervals))) {
      stalled = true;
      const seconds = silence / 1000;
      const text = `Nothing was logged for ${formatSeconds(seconds)}: the run stalls`;
      onAlert(text, { detector: "stall", action: "alert", values: { seconds } });
    }
    const free = await freeBytes(folder).catch(() => undefined);
    if (free === undefined || free > told / 2) return;
    told = free;
    const text = `The disk is nearly full: ${(free / 1e9).toFixed(2)} GB are free where the run is written`;
    onAlert(text, { detector: "disk", action: "alert", values: { free } });
  };
  // Once soon, so that a run on a full disk says so before it has computed for long.
  const soon = setTimeout(() => void look(), options.firstLook ?? 1_000);
  const timer = setInterval(() => void look(), options.interval ?? 15_000);
  for (const one of [soon, timer]) Deno.unrefTimer(one);
  return {
    onEvent: (event) => {
      // The watch's own word is no progress.
      if (event.kind === "note" && event.alert?.detector === "stall") return;
      const at = now();
      intervals.push(at - last);
      if (intervals.length > INTERVALS) intervals.shift();
      last = at;
      stalled = false;
    },
    look,
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
