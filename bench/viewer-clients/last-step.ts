// The last training step of a run, from the end of its log: reading all of a long log would take from the training.
import { join } from "node:path";

/** A step that was logged. */
export interface Step {
  readonly seq: number;
  readonly time: string;
  readonly step: number;
}

const TAIL_BYTES = 64 * 1024;

/** The last metrics of a cell among the last lines of a run's log; undefined if there are none. */
export async function lastStep(runsFolder: string, id: string, cell: string): Promise<Step | undefined> {
  using file = await Deno.open(join(runsFolder, id, "events.jsonl"), { read: true });
  const { size } = await file.stat();
  await file.seek(Math.max(0, size - TAIL_BYTES), Deno.SeekMode.Start);
  const text = await new Response(file.readable).text();
  const whole = text.slice(0, text.lastIndexOf("\n")).split("\n").slice(size > TAIL_BYTES ? 1 : 0);
  const line = whole.findLast((line) => line.includes('"kind":"metrics"') && line.includes(`"cell":"${cell}"`));
  return line === undefined ? undefined : JSON.parse(line);
}
