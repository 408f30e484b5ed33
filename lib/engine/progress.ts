// Whether a cell gets on: one that is started again and again when its time is up needs a newer checkpoint each time.
import { join } from "node:path";
import { absent, UserError } from "../errors.ts";
import { followLog, formatSeconds, type RunEvent } from "../run/mod.ts";
import { type Attempt, listAttempts, TIME_UP_FILE } from "./attempts.ts";
import { kindOf } from "./engine.ts";

/** A cell that is about to be built. */
export interface CellToTry {
  readonly runFolder: string;
  readonly cell: string;
  /** Name of this attempt at it. */
  readonly attempt: string;
  /** Step of its newest checkpoint; 0: there is none. */
  readonly step: number;
  /** How often it may have its job's whole time without a newer checkpoint. */
  readonly tries: number;
}

/** An attempt that had the whole time of its job. */
interface WholeTry {
  /** That the job had. */
  readonly seconds: number;
  /** Where it resumed; undefined: it did not come that far. */
  readonly from: number | undefined;
  readonly pace: Pace | undefined;
}

/** How fast an attempt was. */
interface Pace {
  readonly done: number;
  readonly steps: number;
  readonly secondsPerStep: number;
}

/**
 * Refuses to build a cell whose job has used its whole time limit, again and again, without a newer checkpoint. Attempts
 * that ended otherwise (a lost node, a preemption, a failure) do not count, nor do those of other jobs.
 *
 * @throws UserError `cell.time` with the speed that was measured
 */
export async function checkProgress({ runFolder, cell, attempt, step, tries }: CellToTry): Promise<void> {
  const [job] = attempt.split(".");
  const earlier = (await listAttempts(runFolder, cell))
    .filter(({ name }) => name !== attempt && name.split(".")[0] === job).reverse();
  const vain: WholeTry[] = [];
  for (const one of earlier) {
    const whole = await wholeTry(one);
    if (whole === undefined) continue;
    if (whole.from !== undefined && whole.from < step) break;
    vain.push(whole);
  }
  if (vain.length < tries) return;
  const pace = vain.find(({ pace }) => pace !== undefined)?.pace;
  const each = formatSeconds(vain[0]!.seconds);
  const times = vain.length === 1 ? `once, ${each}` : `${vain.length} times, ${each} each`;
  const left = pace && pace.secondsPerStep * (pace.steps - step);
  throw new UserError(
    "cell.time",
    `It had its whole time limit ${times}, without a newer checkpoint: ${
      pace === undefined
        ? "it came to no step"
        : `the last one did ${pace.done} of ${pace.steps} steps, ${formatSeconds(pace.secondsPerStep)} a step`
    }`,
    `raise --slurm.time, or --slurm.${kindOf(cell)}.time for such cells alone${
      left === undefined ? "" : `: what is left takes about ${formatSeconds(left)}`
    }`,
  );
}

/** Undefined when its time was not up. */
async function wholeTry({ folder }: Attempt): Promise<WholeTry | undefined> {
  const text = await Deno.readTextFile(join(folder, TIME_UP_FILE)).catch(absent);
  if (text === undefined) return undefined;
  const events = await followLog(folder)();
  const began = events.findIndex(({ kind }) => kind === "cell.resume");
  const resumed = events[began];
  const from = events.length === 0 ? undefined : resumed?.kind === "cell.resume" ? resumed.step : 0;
  return { seconds: Number(text), from, pace: paceOf(events.slice(Math.max(0, began)), from ?? 0) };
}

/** @param events since it resumed */
function paceOf(events: readonly RunEvent[], from: number): Pace | undefined {
  const last = events.findLast((event) => event.kind === "metrics");
  if (last?.kind !== "metrics" || last.step <= from) return undefined;
  const seconds = (Date.parse(last.time) - Date.parse(events[0]!.time)) / 1000;
  return { done: last.step - from, steps: last.steps, secondsPerStep: seconds / (last.step - from) };
}
