// How far the work on documents is, whose number may not be known: on a terminal in one line, else a line now and then.
import type { DiscoveryProgress } from "../domains/mod.ts";

/** Milliseconds between lines on a terminal, and elsewhere. */
const INTERVALS = { terminal: 200, other: 30_000 } as const;

/** Shows progress on standard error; at the end its line is cleared. @param isQuiet shows nothing */
export function showReading(isQuiet: boolean): Disposable & { show(progress: DiscoveryProgress): void } {
  const isTerminal = Deno.stderr.isTerminal();
  const write = (text: string) => void Deno.stderr.writeSync(new TextEncoder().encode(text));
  let due = isTerminal ? 0 : performance.now() + INTERVALS.other;
  let stage: string | undefined;
  return {
    show(progress) {
      const now = performance.now();
      if (isQuiet || (now < due && (progress.stage === stage || !isTerminal))) return;
      write(isTerminal ? `\r\x1b[2K${textOf(progress)}` : `${textOf(progress)}\n`);
      stage = progress.stage;
      due = now + (isTerminal ? INTERVALS.terminal : INTERVALS.other);
    },
    [Symbol.dispose]() {
      if (stage !== undefined && isTerminal) write("\r\x1b[2K");
      stage = undefined;
    },
  };
}

const VERBS = { reading: "Reading", fitting: "Fitting clusters", assigning: "Assigning" } as const;

function textOf({ stage, done, total }: DiscoveryProgress): string {
  const count = (value: number) => value.toLocaleString("en-US");
  if (stage === "fitting" && done === 0) return `Fitting clusters to ${count(total ?? done)} documents`;
  const documents = total === undefined ? `${count(done)} documents` : `${count(done)} of ${count(total)} documents`;
  return `${VERBS[stage]}: ${documents}`;
}
