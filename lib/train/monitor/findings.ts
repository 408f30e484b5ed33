// The monitor's detectors, as pure functions of its state and of a step.
import type { MonitorConfig } from "./config.ts";
import type { UpdatedStep } from "../task.ts";
import type { Alert } from "./alert.ts";
import type { ParameterGroup } from "./groups.ts";
import { spikeLimit } from "./spike.ts";
import type { MonitorState } from "./state.ts";
import type { GroupStatistics } from "./statistics.ts";

/** A problem found in a step. */
export interface Finding {
  readonly detector: Alert["detector"];
  readonly step: number;
  /** The problem, in one sentence. */
  readonly text: string;
  /** Whether the detector found nothing in the steps before. */
  readonly news: boolean;
  readonly values: Readonly<Record<string, number>>;
}

/** After this many steps without a finding, the next one is news, and the count of skipped batches starts over. */
export const QUIET_STEPS = 16;

/** Whether the loss is far above the previous losses. */
export function findSpike(
  state: MonitorState,
  { spike }: MonitorConfig,
  { step, loss }: { readonly step: number; readonly loss: number },
): Finding | undefined {
  if (spike.action === "off") return undefined;
  const window = state.losses.slice(-spike.window);
  const known = spikeLimit(window.map(([, loss]) => loss), spike);
  if (known === undefined || loss <= known.limit) return undefined;
  return {
    detector: "spike",
    step,
    text: `The loss spikes at step ${step}: ${short(loss)}; the median before was ${short(known.median)}, with a ` +
      `deviation of ${short(known.deviation)}`,
    news: isNews(step, state.spiked),
    values: { loss, ...known },
  };
}

const EXPLOSION = 2;

/** A loss above this limit has exploded, in nats: twice that of a uniform guess, or twice the first loss. */
export function explosionLimit({ first }: MonitorState, vocabSize: number | undefined): number {
  const usual = vocabSize === undefined ? first : Math.log(vocabSize);
  return usual === null || usual <= 0 ? Infinity : EXPLOSION * usual;
}

/** Whether the loss has risen above {@linkcode explosionLimit}; found once, until the loss is below the limit again. */
export function findExplosion(
  state: MonitorState,
  { spike }: MonitorConfig,
  vocabSize: number | undefined,
  { step, loss }: { readonly step: number; readonly loss: number },
): Finding | undefined {
  const limit = explosionLimit(state, vocabSize);
  if (spike.action === "off" || state.exploded !== null || loss <= limit) return undefined;
  const usual = short(limit / EXPLOSION);
  return {
    detector: "spike",
    step,
    text: `The loss explodes at step ${step}: ${short(loss)}, more than twice ` +
      (vocabSize === undefined ? `the first loss, ${usual}` : `the ${usual} of a uniform guess`),
    news: true,
    values: { loss, limit },
  };
}

/**
 * Number of first steps in which two peaks mean nothing: Adam's moments still depend on their initial 0 (u is ±1 at the
 * first step of any training), and all gradients still share one direction.
 */
export function settlingSteps(beta1: number): number {
  return Math.round(5 / (1 - beta1));
}

/**
 * The groups whose update ratio has two peaks and is not small. Norms, the head and tied embeddings are left out: in
 * healthy training, too, their gradients keep one direction for long, for example when the text changes.
 */
export function bimodalGroups(
  statistics: readonly GroupStatistics[],
  { instability }: MonitorConfig,
): readonly GroupStatistics[] {
  const tied = statistics.every(({ group }) => group !== "head");
  return statistics.filter(({ group, bimodality, updateRms }) =>
    isWatched(group) && !(tied && group === "embedding") && bimodality >= instability.bimodality &&
    updateRms >= instability.updateRms
  );
}

/** Whether two peaks in this group's update ratio are a sign of instability. */
export function isWatched(group: ParameterGroup): boolean {
  return group !== "norms" && group !== "head";
}

/** Whether the update ratio of a group has two peaks. */
export function findBimodal(
  state: MonitorState,
  settings: MonitorConfig,
  { step, beta1, statistics }: {
    readonly step: number;
    readonly beta1: number;
    readonly statistics: readonly GroupStatistics[];
  },
): Finding | undefined {
  if (settings.instability.action === "off" || step <= settlingSteps(beta1)) return undefined;
  const bimodal = bimodalGroups(statistics, settings);
  if (bimodal.length === 0) return undefined;
  const each = bimodal.map(({ group, bimodality, updateRms }) =>
    `${group} (coefficient ${bimodality.toFixed(2)}, RMS ${updateRms.toFixed(2)})`
  );
  return {
    detector: "instability",
    step,
    text: `AdamW's update ratio has two peaks at step ${step}, an early sign of divergence: ${each.join(", ")}`,
    news: isNews(step, state.bimodal),
    values: Object.fromEntries(bimodal.flatMap(({ group, bimodality, updateRms }) => [
      [`${group}/bimodality`, bimodality],
      [`${group}/updateRms`, updateRms],
    ])),
  };
}

/** Whether the loss or the gradient norm, if known, is NaN or infinite. */
export function findNotFinite(
  { step, loss, learningRate, gradientNorm = 0 }: Omit<UpdatedStep, "gradientNorm"> & {
    gradientNorm?: number | undefined;
  },
): Finding | undefined {
  const common = { detector: "notFinite", step, news: true } as const;
  const rate = `learning rate ${short(learningRate)}`;
  if (!Number.isFinite(loss)) {
    return { ...common, text: `The loss is ${loss} at step ${step} (${rate})`, values: { learningRate } };
  }
  if (Number.isFinite(gradientNorm)) return undefined;
  return {
    ...common,
    text: `The gradient norm is ${gradientNorm} at step ${step} (loss ${short(loss)}, ${rate})`,
    values: { loss, learningRate },
  };
}

function isNews(step: number, last: number | null): boolean {
  return last === null || step - last > QUIET_STEPS;
}

/** Four significant digits. */
export function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
