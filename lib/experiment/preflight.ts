// What is looked at before a run begins: the plan for those who ask for it, and whether time and memory allow it.
import { UserError } from "../errors.ts";
import { formatTable, type RunInvocation } from "../run/mod.ts";
import type { Device } from "../tensor/mod.ts";
import {
  ASSUMED_EFFICIENCY,
  estimatedSeconds,
  longTime,
  measureFlops,
  type PlannedCell,
  planTable,
  scaled,
  SECONDS_A_CELL,
} from "./plan.ts";

/** What takes longer than this is refused without `--force`. */
const LONGEST_SECONDS = 2 * 86_400;

/** Prints what a run would do and cost; nothing is written. */
export async function showPlan<Config>(
  plan: readonly PlannedCell[],
  device: Device,
  invocation: RunInvocation<Config>,
): Promise<void> {
  const { preset, seeds, json } = invocation;
  const speed = await measureFlops();
  const seconds = estimatedSeconds(plan, speed);
  const total = seeds.length === 1 ? "" : `; ${longTime(seeds.length * seconds)} for the ${seeds.length} seeds`;
  const text = `Preset ${preset}, on ${device.description}: ${longTime(seconds)} a seed${total}\n\n` +
    `${formatTable(planTable(plan, speed))}\n\nEstimated from ${
      scaled(speed)
    }FLOP/s of matrix products measured now, ` +
    `at ${100 * ASSUMED_EFFICIENCY} % of it, and ${SECONDS_A_CELL} s a cell beside them. Nothing was written.`;
  if (json) console.error(text);
  else console.log(text);
  if (json) console.log(JSON.stringify({ preset, device: device.description, seconds, plan }));
}

/**
 * Refuses what this device would take days for, before anything is written.
 *
 * @throws UserError `run.time`
 */
export async function checkTime<Config>(plan: readonly PlannedCell[], { force }: RunInvocation<Config>): Promise<void> {
  // Measuring takes a moment, which nothing that any CPU does in an hour is worth.
  if (force || plan.reduce((sum, { flops }) => sum + flops, 0) < 2e14) return;
  const seconds = estimatedSeconds(plan, await measureFlops());
  if (seconds < LONGEST_SECONDS) return;
  throw new UserError(
    "run.time",
    `This would take about ${longTime(seconds)} on this device`,
    "choose a smaller preset or a faster device, see --dry-run, or add --force to start it all the same",
  );
}

/**
 * Refuses what cannot fit before anything is written.
 *
 * @throws UserError `run.memory`
 */
export function checkMemory<Config>(plan: readonly PlannedCell[], { force }: RunInvocation<Config>): void {
  const needed = Math.max(...plan.map(({ bytes }) => bytes));
  const { available } = Deno.systemMemoryInfo();
  if (needed <= available || force) return;
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1);
  throw new UserError(
    "run.memory",
    `This needs about ${gigabytes(needed)} GB of memory at its peak, and ${gigabytes(available)} GB are free`,
    "make model.width, model.layers or train.*.batch smaller, raise train.*.accumulate, or add --force to try",
  );
}
