// What the monitor finds in a step, as pure functions of what it remembers and what it sees.
import type { MonitorConfig } from "./config.ts";
import type { Alert } from "./alert.ts";
import type { ParameterGroup } from "./groups.ts";
import { spikeLimit } from "./spike.ts";
import type { MonitorState } from "./state.ts";
import type { GroupStatistics } from "./statistics.ts";

/** Something that is wrong with a step. */
export interface Finding {
  readonly detector: Alert["detector"];
  readonly step: number;
  /** What is wrong, in a sentence. */
  readonly text: string;
  /** Whether the steps before had no such finding, so that it is news. */
  readonly news: boolean;
  readonly values: Readonly<Record<string, number>>;
}

/** Steps without a finding after which the next one is news, and skipped batches are counted anew. */
export const QUIET_STEPS = 16;

/** The loss is far above the losses before. */
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
    text: `The loss spikes at step ${step}: ${short(loss)}, after a median of ${short(known.median)} and a ` +
      `deviation of ${short(known.deviation)}`,
    news: isNews(step, state.spiked),
    values: { loss, ...known },
  };
}

/** A loss above this many times that of a uniform guess, or the first one, has exploded. */
const EXPLOSION = 2;

/** The loss above which it has exploded, in nats: twice that of a uniform guess, or the first one of the training. */
export function explosionLimit({ first }: MonitorState, vocabSize: number | undefined): number {
  const usual = vocabSize === undefined ? first : Math.log(vocabSize);
  return usual === null || usual <= 0 ? Infinity : EXPLOSION * usual;
}

/** The loss has come to be far above a uniform guess: that needs no losses before it, and is found once until it is back. */
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
      (vocabSize === undefined ? `the first one, ${usual}` : `the ${usual} of a uniform guess`),
    news: true,
    values: { loss, limit },
  };
}

/**
 * Steps in which two peaks mean nothing: Adam's moments forget that they began at 0 (u is ±1 at the first step of any
 * training), and the first, common direction of descent is used up.
 */
export function settlingSteps(beta1: number): number {
  return Math.round(5 / (1 - beta1));
}

/**
 * The groups whose update ratio has two peaks and is not small. Norms and head are left out, and embeddings that are the
 * head: their gradients keep one direction for long in training that is healthy, say when the text changes.
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

/** Whether two peaks in this group's update ratio are a sign of anything. */
export function isWatched(group: ParameterGroup): boolean {
  return group !== "norms" && group !== "head";
}

/** Some group's update ratio has two peaks. */
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
    text: `AdamW's update ratio has two peaks at step ${step}, as before a divergence: ${each.join(", ")}`,
    news: isNews(step, state.bimodal),
    values: Object.fromEntries(bimodal.flatMap(({ group, bimodality, updateRms }) => [
      [`${group}/bimodality`, bimodality],
      [`${group}/updateRms`, updateRms],
    ])),
  };
}

/** The loss is NaN or infinite, or the gradients' norm where it is known. */
export function findNotFinite(
  { step, loss, learningRate, gradientNorm = 0 }: {
    readonly step: number;
    readonly loss: number;
    readonly learningRate: number;
    readonly gradientNorm?: number | undefined;
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
    text: `The gradients' norm is ${gradientNorm} at step ${step} (loss ${short(loss)}, ${rate})`,
    values: { loss, learningRate },
  };
}

function isNews(step: number, last: number | null): boolean {
  return last === null || step - last > QUIET_STEPS;
}

/** Four digits, without a power of ten where none is needed. */
export function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
