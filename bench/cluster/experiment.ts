// What the simulated cluster builds: the cells of a Branch-Train-Stitch run, which compute nothing and take virtual time.
import { join } from "node:path";
import { z } from "zod";
import type { CellContext, CellResult, CellRunner } from "../../lib/run/mod.ts";

/** How long cells take, in seconds of an uninterrupted process. */
export interface Durations {
  readonly text: number;
  readonly seed: number;
  readonly expert: number;
  readonly stitch: number;
  readonly evaluate: number;
}

/** A process of the simulated cluster, as far as a cell is concerned. */
export interface VirtualProcess {
  /** Computes for so long; ends early when the process is told to leave. */
  compute(seconds: number, signal: AbortSignal): Promise<void>;
  /** Says that a checkpoint, or the whole cell, was written. */
  wrote(cell: string): void;
}

export interface SimulatedCells {
  readonly experts: number;
  readonly durations: Durations;
  /** Seconds between two checkpoints. */
  readonly checkpoint: number;
}

/** Seconds of a step. */
export const STEP_SECONDS = 60;
/** Seconds that writing a checkpoint takes. */
const SAVE_SECONDS = 5;

/** The body of the run. @param process what builds a cell; undefined where none is built */
export async function simulatedBody(
  run: CellRunner,
  { experts, durations, checkpoint }: SimulatedCells,
  process: VirtualProcess | undefined,
): Promise<CellResult<number>> {
  const every = Math.max(1, Math.round(checkpoint / STEP_SECONDS));
  const cell = (name: string, seconds: number, needs: readonly string[]) => {
    const spec = { name, title: name, description: "", code: import.meta, output: z.number() };
    return run.cell({ ...spec, inputs: { name, seconds, needs } }, async (context) => {
      await build(context, name, Math.max(1, Math.round(seconds / STEP_SECONDS)), every, process!);
      return 0;
    });
  };
  const text = await cell("text", durations.text, []);
  const seed = await cell("seed", durations.seed, [text.key]);
  const trained: string[] = [];
  for (let i = 1; i <= experts; i++) trained.push((await cell(`expert:${i}`, durations.expert, [seed.key])).key);
  const stitch = await cell("stitch", durations.stitch, trained);
  return await cell("evaluate", durations.evaluate, [stitch.key]);
}

async function build(
  { checkpoints, signal, metrics, folder }: CellContext,
  name: string,
  steps: number,
  every: number,
  process: VirtualProcess,
): Promise<void> {
  const save = async (step: number) => {
    await checkpoints.save({ step, score: null, bytes: 1, keep: 2 }, async (folder) => {
      await Deno.writeTextFile(join(folder, "step"), String(step));
      await process.compute(SAVE_SECONDS, new AbortController().signal);
    });
    process.wrote(name);
  };
  for (let step = 1 + (checkpoints.last?.step ?? 0); step <= steps; step++) {
    await process.compute(STEP_SECONDS, signal);
    if (signal.aborted) {
      await save(step - 1);
      signal.throwIfAborted();
    }
    if (step % every === 0) {
      metrics(step, steps, { loss: 1 / step });
      await save(step);
    }
  }
  await Deno.writeTextFile(join(folder, "weights"), name);
  process.wrote(name);
}
