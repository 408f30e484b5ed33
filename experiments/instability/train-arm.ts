// Trains one arm with one random seed, and records everything for the figures and tables.
import { batchAt, type TokenStream } from "../../lib/data/mod.ts";
import { initialWeights, type ModelConfig, toVariables } from "../../lib/model/mod.ts";
import {
  type Alert,
  bimodalGroups,
  createMonitor,
  type GroupStatistics,
  pretraining,
  settlingSteps,
  train,
  TrainingError,
} from "../../lib/train/mod.ts";
import type { Arm } from "./arms.ts";
import { calmBimodality, countFalseWarnings, finalLoss, findSpikes, type Outcome } from "./outcome.ts";

/** The record of one training. Lists have one entry per computed step, including steps that a rewind discarded. */
export interface Trace {
  readonly losses: readonly number[];
  readonly statistics: readonly (readonly GroupStatistics[] | undefined)[];
  readonly outcome: Outcome;
}

/** The training of one arm. */
export interface ArmTask {
  readonly arm: Arm;
  readonly model: ModelConfig;
  readonly text: TokenStream;
  /** Number of batches that training repeats. */
  readonly batches: number;
  readonly rngSeed: number;
  readonly signal: AbortSignal;
  readonly onLoss: (tick: number, loss: number, statistics: readonly GroupStatistics[] | undefined) => void;
  readonly onAlert: (alert: Alert) => void;
}

/** Trains a decoder from scratch. A training that stops early is an outcome, too. */
export async function trainArm(
  { arm, model, text, batches, rngSeed, signal, onLoss, onAlert }: ArmTask,
): Promise<Trace> {
  const { train: config, monitor: settings } = arm;
  const losses: number[] = [];
  const statistics: (readonly GroupStatistics[] | undefined)[] = [];
  const warnings: number[] = [];
  const actions: Record<string, number> = {};
  const inner = createMonitor({
    settings,
    training: config,
    vocabSize: model.vocabSize,
    onAlert(alert) {
      if (alert.action !== "alert") actions[alert.action] = (actions[alert.action] ?? 0) + 1;
      onAlert(alert);
    },
    onStatistics(_, groups) {
      statistics[losses.length - 1] = groups;
      if (bimodalGroups(groups, settings).length > 0) warnings.push(losses.length);
    },
  });
  using variables = toVariables(initialWeights(model, rngSeed));
  let error: string | null = null;
  try {
    await train({
      ...pretraining(model, variables, {
        config,
        validation: [],
        signal,
        batchAt: (position) =>
          batchAt({ english: text }, { english: 1 }, {
            seed: rngSeed,
            step: position % batches,
            batch: config.batch,
            time: model.contextLength,
          }),
      }),
      monitor: {
        ...inner,
        async judge(pending) {
          losses.push(pending.loss);
          const verdict = await inner.judge(pending);
          onLoss(losses.length, pending.loss, statistics[losses.length - 1]);
          return verdict;
        },
      },
    });
  } catch (reason) {
    if (!(reason instanceof TrainingError)) throw reason;
    error = reason.message;
  }
  const settled = settlingSteps(config.beta1);
  const late = warnings.filter((tick) => tick > settled);
  const spikes = findSpikes(losses, settings.spike, late);
  const outcome = {
    seed: rngSeed,
    spikes,
    final: finalLoss(losses),
    ticks: losses.length,
    falseWarnings: countFalseWarnings(late, spikes),
    calm: calmBimodality(statistics, spikes, settled, settings),
    actions,
    error,
  };
  return { losses, statistics, outcome };
}
