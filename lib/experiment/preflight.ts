// Preflight checks: the printed plan, and whether time and memory allow it.
import { UserError } from "../errors.ts";
import {
  ASSUMED_EFFICIENCY,
  estimatedSeconds,
  formatTable,
  type PlannedCell,
  type RunInvocation,
  type Speed,
} from "../run/mod.ts";
import type { Place } from "./elsewhere.ts";
import { longTime, planTable, scaled } from "./plan.ts";
import { measureSpeed } from "./speed.ts";

/** A run that takes longer than this is refused without `--force`. */
const LONGEST_SECONDS = 2 * 86_400;
/** A fast CPU computes this much in ten seconds: below it, measuring the device is not worth the moment it takes. */
const WORTH_MEASURING_FLOPS = 2e12;

/** What an estimate rests on, as one sentence. */
export function basisText({ flopsPerSecond, secondsPerLayer }: Speed): string {
  return `Estimated from this device's speed just now: ${100 * ASSUMED_EFFICIENCY} % of ${
    scaled(flopsPerSecond)
  }FLOP/s in ` +
    `matrix products, and ${(1000 * secondsPerLayer).toPrecision(2)} ms for each pass through a layer.`;
}

/** Prints what a run would do and cost, writes nothing, and returns the device's speed. */
export async function showPlan<Config>(
  plan: readonly PlannedCell[],
  { description, threads }: Pick<Place, "description" | "threads">,
  { preset, seeds, json, engine }: Pick<RunInvocation<Config>, "preset" | "seeds" | "json" | "engine">,
): Promise<Speed | undefined> {
  const speed = threads === undefined ? undefined : await measureSpeed();
  const seconds = speed === undefined ? null : estimatedSeconds(plan, speed);
  const total = seconds === null || seeds.length === 1
    ? ""
    : `; ${longTime(seeds.length * seconds)} for the ${seeds.length} seeds`;
  const time = seconds === null ? "its speed is not known, so neither is the time" : `${longTime(seconds)} per seed`;
  const basis = speed === undefined ? "" : `${basisText(speed)} `;
  const text = `Preset ${preset}, on ${description}: ${time}${total}\n\n` +
    `${formatTable(planTable(plan, speed))}\n\n${basis}${engine === "local" ? "Nothing was written." : ""}`;
  if (json) console.error(text);
  else console.log(text);
  if (json) console.log(JSON.stringify({ preset, device: description, seconds, plan }));
  return speed;
}

/**
 * Measures the device, and refuses a run that would take days on it, before anything is written.
 *
 * @returns the device's speed; undefined if the run is too short to measure it
 * @throws UserError `run.time`
 */
export async function checkTime<Config>(
  plan: readonly PlannedCell[],
  { force }: RunInvocation<Config>,
): Promise<Speed | undefined> {
  if (plan.reduce((sum, { flops }) => sum + flops, 0) < WORTH_MEASURING_FLOPS) return undefined;
  const speed = await measureSpeed();
  const seconds = estimatedSeconds(plan, speed);
  if (force || seconds < LONGEST_SECONDS) return speed;
  throw new UserError(
    "run.time",
    `This would take about ${longTime(seconds)} on this device`,
    "choose a smaller preset or a faster device (--dry-run shows the plan), or add --force to start it anyway",
  );
}

/**
 * Refuses a run that cannot fit into memory, before anything is written.
 *
 * @throws UserError `run.memory`
 */
export function checkMemory<Config>(
  plan: readonly PlannedCell[],
  { memoryLimit = Infinity }: Pick<Place, "memoryLimit">,
  { force, parallel }: RunInvocation<Config>,
): void {
  const largest = plan.map(({ bytes }) => bytes).sort((a, b) => b - a).slice(0, parallel);
  const needed = largest.reduce((sum, bytes) => sum + bytes, 0);
  const { available } = Deno.systemMemoryInfo();
  if (needed <= Math.min(available, memoryLimit) || force) return;
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1);
  throw new UserError(
    "run.memory",
    `This needs about ${gigabytes(needed)} GB of memory at its peak, but ` +
      (memoryLimit < available
        ? `this device's tensors can take ${gigabytes(memoryLimit)} GB`
        : `${gigabytes(available)} GB are free`),
    "make model.width, model.layers, model.contextLength or train.*.batch smaller, raise train.*.accumulate, or add " +
      "--force to try anyway",
  );
}
