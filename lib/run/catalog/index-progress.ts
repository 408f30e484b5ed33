// Progress of a long update of the index.
import type { OnProgress } from "./index-update.ts";

export interface IndexProgressOptions {
  /** @default writes to stderr */
  readonly write?: (text: string) => void;
  /** Whether a line can be written over. @default whether stderr is a terminal */
  readonly live?: boolean;
  /** @default the machine's monotonic clock, in milliseconds */
  readonly now?: () => number;
}

/** An update that takes less than this shows nothing. */
const PATIENCE_MS = 1_000;
/** Milliseconds between two texts, on a terminal and in a log. */
const INTERVAL_MS = { live: 200, plain: 5_000 };

/** Shows how many runs have been indexed once that takes longer than a second; the last text is erased or completed. */
export function indexProgress(options: IndexProgressOptions = {}): OnProgress {
  const {
    write = (text) => void Deno.stderr.writeSync(new TextEncoder().encode(text)),
    live = Deno.stderr.isTerminal(),
    now = () => performance.now(),
  } = options;
  let next = now() + PATIENCE_MS;
  let shown = false;
  return (done, total) => {
    const over = done === total;
    if (over ? !shown : now() < next) return;
    next = now() + INTERVAL_MS[live ? "live" : "plain"];
    shown = !over;
    const text = `Indexing runs: ${done} of ${total}`;
    write(live ? `\r\x1b[2K${over ? "" : text}` : `${text}\n`);
  };
}
