// The outcome of a training, computed from its losses and the monitor's warnings.
import { z } from "zod";
import { type GroupStatistics, isWatched, median, type MonitorConfig, spikeLimit } from "../../lib/train/mod.ts";

/** Losses above the limit within this many steps belong to the same spike. */
const SAME_SPIKE = 30;
/** A warning announces a spike within this many steps. */
const WARNING_STEPS = 10;

const spikeSchema = z.strictObject({
  /** Counts every computed step, from 1, including steps that a rewind discarded. */
  tick: z.int(),
  /** Median of the losses just before. */
  before: z.number(),
  peak: z.number(),
  /** Number of steps with a loss above the limit. */
  lasting: z.int(),
  /** Steps from the first warning to the spike; null if there was no warning. */
  lead: z.int().nullable(),
});

export const outcomeSchema = z.strictObject({
  seed: z.int(),
  spikes: z.array(spikeSchema),
  /** Median of the last losses. */
  final: z.number(),
  /** Number of computed steps. */
  ticks: z.int(),
  /** Number of warnings that no spike followed. */
  falseWarnings: z.int(),
  /** Largest bimodality coefficient of any watched group, away from all spikes. */
  calm: z.number(),
  /** Number of actions by name. */
  actions: z.record(z.string(), z.int()),
  /** Why training stopped before its end, if it did. */
  error: z.string().nullable(),
});

export type Spike = z.infer<typeof spikeSchema>;
export type Outcome = z.infer<typeof outcomeSchema>;

/** Spikes of a loss curve, by the monitor's rule. A loss that is not finite is a spike. */
export function findSpikes(
  losses: readonly number[],
  rule: MonitorConfig["spike"],
  warnings: readonly number[],
): Spike[] {
  const spikes: Spike[] = [];
  for (let at = 0; at < losses.length; at++) {
    const known = spikeLimit(losses.slice(Math.max(0, at - rule.window), at).filter(Number.isFinite), rule);
    if (known === undefined || losses[at]! <= known.limit) continue;
    const after = losses.slice(at, at + SAME_SPIKE);
    const warned = warnings.find((tick) => tick <= at + 1 && tick > at + 1 - WARNING_STEPS);
    spikes.push({
      tick: at + 1,
      before: known.median,
      peak: Math.max(...after.filter(Number.isFinite)),
      lasting: after.filter((loss) => !(loss <= known.limit)).length,
      lead: warned === undefined ? null : at + 1 - warned,
    });
    at += SAME_SPIKE - 1;
  }
  return spikes;
}

/** The largest bimodality coefficient of the watched groups away from spikes, after Adam's first steps. */
export function calmBimodality(
  statistics: readonly (readonly GroupStatistics[] | undefined)[],
  spikes: readonly Spike[],
  settled: number,
  { instability }: MonitorConfig,
): number {
  const near = (tick: number) => spikes.some((spike) => tick > spike.tick - WARNING_STEPS && tick < spike.tick + 60);
  const values = statistics.flatMap((groups, i) =>
    i + 1 <= settled || near(i + 1)
      ? []
      : (groups ?? []).flatMap(({ group, bimodality, updateRms }) =>
        !isWatched(group) || updateRms < instability.updateRms ? [] : [bimodality]
      )
  );
  return values.reduce((a, b) => Math.max(a, b), 0);
}

/** Number of warnings that no spike followed; consecutive warnings count once. */
export function countFalseWarnings(warnings: readonly number[], spikes: readonly Spike[]): number {
  const first = warnings.filter((tick, i) => i === 0 || tick - warnings[i - 1]! > SAME_SPIKE);
  return first.filter((tick) =>
    !spikes.some((spike) => spike.tick >= tick - SAME_SPIKE && spike.tick < tick + WARNING_STEPS)
  ).length;
}

/** Median of the last losses. */
export function finalLoss(losses: readonly number[]): number {
  const last = losses.filter(Number.isFinite).slice(-20);
  return last.length === 0 ? Infinity : median(last);
}
