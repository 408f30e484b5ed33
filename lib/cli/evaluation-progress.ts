// How far an evaluation is: on a terminal in one line, on anything else a line for each of its parts and each minute.
import { formatSeconds } from "../run/mod.ts";

/** Progress of an evaluation. */
export interface EvaluationProgress {
  /** What is asked now, such as a task. */
  readonly part?: string;
  /** What is counted: `documents`. */
  readonly unit: string;
  /** How many are done, of which `kept` were before, and how many there are. */
  readonly done: number;
  readonly kept: number;
  readonly total: number;
  /** What else there is to say: `31 passed`. */
  readonly note?: string;
}

/** Where progress goes. */
export interface ProgressOutput {
  readonly isTerminal: boolean;
  write(text: string): void;
}

const STDERR: ProgressOutput = {
  get isTerminal() {
    return Deno.stderr.isTerminal();
  },
  write: (text) => void Deno.stderr.writeSync(new TextEncoder().encode(text)),
};

/** Milliseconds between lines where they cannot be written over. */
const INTERVAL_MS = 60_000;

/** Shows progress; at the end its line is cleared. */
export function showProgress(
  title: string,
  output: ProgressOutput = STDERR,
): Disposable & { show(progress: EvaluationProgress): void } {
  const began = performance.now();
  let shown: string | undefined;
  let due = 0;
  return {
    show(progress) {
      const { part = "" } = progress;
      const now = performance.now();
      if (!output.isTerminal && part === shown && now < due) return;
      const text = textOf(title, progress, (now - began) / 1000);
      output.write(output.isTerminal ? `\r\x1b[2K${text}` : `${text}\n`);
      shown = part;
      due = now + INTERVAL_MS;
    },
    [Symbol.dispose]() {
      if (shown !== undefined && output.isTerminal) output.write("\r\x1b[2K");
      shown = undefined;
    },
  };
}

/** `bts: capitals, 40 of 120 documents (12 kept), 35 s left`. */
function textOf(title: string, { part, unit, done, kept, total, note }: EvaluationProgress, seconds: number): string {
  const asked = done - kept;
  const left = asked > 0 && seconds > 0 ? `${formatSeconds((total - done) * seconds / asked)} left` : undefined;
  const count = `${done} of ${total} ${unit}${kept > 0 ? ` (${kept} kept)` : ""}`;
  return `${title}: ${[part, count, note, left].filter((one) => one !== undefined).join(", ")}`;
}
