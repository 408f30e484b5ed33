// A cell that is quick to harm: it counts, keeps a checkpoint of every second step, and can be made to fail at a step.
import { join } from "node:path";
import { z } from "zod";
import { type BeginRunOptions, withRun } from "../../lib/run/mod.ts";
import type { RunEvent } from "../../lib/run/mod.ts";
import { emptyResults, options } from "../run/fixtures.ts";

export interface CountOptions {
  /** @default 10 */
  readonly steps?: number;
  /** Throws before this step. */
  readonly failAt?: number;
  /** Lower is better. @default none */
  readonly score?: (step: number) => number;
  /** @default 2 */
  readonly keep?: number;
  /** Called after every step. */
  readonly onStep?: (step: number) => void | Promise<void>;
  /** Called with the folder of a checkpoint that is being written. */
  readonly onSave?: (folder: string, step: number) => Promise<void>;
  readonly run?: Partial<BeginRunOptions>;
}

/** What counting gave. */
export interface Counted {
  readonly id: string;
  readonly value: number;
  /** The step that it went on from; 0: from the start. */
  readonly from: number;
  readonly cellKey: string;
  readonly events: readonly RunEvent[];
}

/** Counts in a run of its own, or resumes `run.continues`. */
export async function count(runs: string, counting: CountOptions = {}): Promise<Counted> {
  const { steps = 10, failAt, score, keep = 2, onStep, onSave, run: more = {} } = counting;
  const events: RunEvent[] = [];
  let [value, from, cellKey] = [0, 0, ""];
  const { run } = await withRun(
    options(runs, { plan: [], ...more, onEvent: [(event) => events.push(event)] }),
    async (run) => {
      const cell = await run.cell({
        name: "count",
        title: "Count",
        description: "",
        inputs: { count: "numbers", steps },
        family: { count: "numbers" },
        code: import.meta,
        output: z.number(),
      }, async ({ checkpoints: { last, save }, metrics, signal }) => {
        let sum = last === undefined ? 0 : Number(await Deno.readTextFile(join(last.folder, "sum.txt")));
        from = last?.step ?? 0;
        for (let step = from + 1; step <= steps; step++) {
          signal.throwIfAborted();
          if (step === failAt) throw new Error(`Failed at step ${step}`);
          sum = (31 * sum + step) % 1_000_003;
          metrics(step, steps, { sum });
          if (step % 2 === 0) {
            await save({ step, score: score?.(step) ?? null, bytes: 1000, keep }, async (folder) => {
              await Deno.writeTextFile(join(folder, "sum.txt"), String(sum));
              await Deno.writeTextFile(join(folder, "more.txt"), "x".repeat(1000));
              await onSave?.(folder, step);
            });
          }
          await onStep?.(step);
        }
        return sum;
      });
      value = cell.value;
      cellKey = cell.key;
      return emptyResults;
    },
  );
  return { id: run.id, value, from, cellKey, events };
}

/** The folder of the only cell's checkpoints, and the steps in it, newest first. */
export async function checkpoints(
  runs: string,
): Promise<{ readonly store: string; readonly steps: readonly number[] }> {
  const [cell] = await Array.fromAsync(Deno.readDir(join(runs, ".checkpoints")));
  const store = join(runs, ".checkpoints", cell!.name);
  const names = await Array.fromAsync(Deno.readDir(store), ({ name }) => name);
  return { store, steps: names.map((name) => Number(name.replace("step-", ""))).sort((a, b) => b - a) };
}

/** What counting to 10 gives when nothing happens. */
export const COUNTED = Array.from({ length: 10 }, (_, i) => i + 1).reduce(
  (sum, step) => (31 * sum + step) % 1_000_003,
  0,
);
