// The training monitor: looks at every step before its update, tells of what goes wrong, and does what is configured.
// It changes nothing unless an action fires, so that watched training ends with the same bytes.
import type * as tf from "@tensorflow/tfjs";
import { adamW, globalNorm } from "../../tensor/mod.ts";
import type { TrainConfig } from "../config.ts";
import { type PendingStep, type StepMonitor, TrainingError, type Verdict } from "../task.ts";
import { loweredEpsilon, settle } from "./actions.ts";
import type { Alert } from "./alert.ts";
import type { MonitorConfig } from "./config.ts";
import { explosionLimit, findBimodal, findExplosion, type Finding, findNotFinite, findSpike } from "./findings.ts";
import { readGradients, readSample, sampleCoordinates, type SampledGroup } from "./sample.ts";
import { forgetFrom, FRESH_STATE, monitorStateSchema, packFloats, unpackFloats } from "./state.ts";
import { type GroupStatistics, groupStatistics } from "./statistics.ts";

/** What a monitor needs. */
export interface MonitorOptions {
  readonly settings: MonitorConfig;
  /** AdamW's settings in the training that is watched. */
  readonly training: TrainConfig;
  /** Of the model: says what a uniform guess loses. Without it a loss is compared with the first. */
  readonly vocabSize?: number;
  /** Called with what is worth telling, as soon as it is found. */
  readonly onAlert: (alert: Alert) => void;
  /** Called with the statistics of a step, whenever they were taken. */
  readonly onStatistics?: (step: number, statistics: readonly GroupStatistics[]) => void;
}

/** A monitor for one phase of training; give it to the task. */
export function createMonitor({ settings, training, vocabSize, onAlert, onStatistics }: MonitorOptions): StepMonitor {
  const { every } = settings;
  const actions = [settings.spike.action, settings.instability.action, settings.notFinite.action];
  const reach = actions.includes("rewind") ? settings.rewindSteps : 0;
  // A sign that comes a step or two before a divergence is acted upon only by who looks at every step.
  const vigilant = !["off", "alert"].includes(settings.instability.action);
  let state = FRESH_STATE;
  let groups: readonly SampledGroup[] | undefined;
  let logged: Readonly<Record<string, number>> = {};

  const logs = (step: number) => every > 0 && step % every === 0;

  async function observe(pending: PendingStep, gradientNorm: number): Promise<readonly GroupStatistics[] | undefined> {
    const { step, learningRate, gradients, optimizer } = pending;
    const due = logs(step) || vigilant;
    const kept = logs(step + 1); // for the cosine of successive gradients
    if (!due && !kept) return undefined;
    groups ??= sampleCoordinates(namedShapes(optimizer), settings.samples);
    const sample = due ? await readSample(groups, optimizer.slots, gradients) : undefined;
    const own = sample?.map(({ gradient }) => gradient) ?? await readGradients(groups, gradients);
    const previous = state.previous?.step === step - 1 ? state.previous.gradients.map(unpackFloats) : undefined;
    state = { ...state, previous: kept ? { step, gradients: own.map(packFloats) } : null };
    if (sample === undefined) return undefined;
    const { beta1, beta2, clipNorm } = training;
    const epsilon = loweredEpsilon(training.epsilon, settings, state.lowered);
    const gradientScale = Math.min(1, clipNorm / (gradientNorm + 1e-6));
    const constants = { step, learningRate, beta1, beta2, epsilon, gradientScale };
    const statistics = sample.map((values, g) => groupStatistics(values, previous?.[g], constants));
    onStatistics?.(step, statistics);
    if (logs(step)) logged = flatStatistics(statistics);
    return statistics;
  }

  /** Tells of a finding, and stops training where that is the action. */
  function act(settings: MonitorConfig, finding: Finding, back: number): Alert["action"] {
    const { epsilon } = training;
    const { action, state: after, alert } = settle(state, settings, finding, { epsilon, back });
    state = after;
    if (alert !== undefined) {
      onAlert(alert);
      if (action === "stop") throw new TrainingError(alert.text);
    }
    return action;
  }

  /** Tells of the findings and makes the verdict. */
  function decide(pending: PendingStep, findings: readonly (Finding | undefined)[]): Verdict {
    const back = pending.rewindsTo(settings.rewindSteps);
    const taken = new Set(findings.flatMap((finding) => finding === undefined ? [] : [act(settings, finding, back)]));
    if (taken.has("rewind")) return { kind: "rewind", steps: settings.rewindSteps };
    if (taken.has("skip")) return { kind: "skip" };
    if (!state.clipping && state.lowered === 0) return { kind: "update" };
    return { kind: "update", apply: () => mendedUpdate(pending) };
  }

  /** AdamW with what the actions have changed. */
  function mendedUpdate({ optimizer, gradients, learningRate, step }: PendingStep): tf.Scalar {
    const epsilon = loweredEpsilon(training.epsilon, settings, state.lowered);
    const clip = state.clipping ? { clipUpdate: settings.clipRms } : {};
    return adamW(optimizer.slots, gradients, { ...training, ...clip, epsilon, learningRate, step });
  }

  return {
    reach,
    async judge(pending) {
      const { step, loss, learningRate, gradients } = pending;
      logged = {};
      state = forgetFrom(state, step);
      const measures = vigilant || logs(step) || settings.notFinite.action !== "stop";
      const norm = measures && Number.isFinite(loss) ? await normOf(gradients) : undefined;
      const broken = findNotFinite({ step, loss, learningRate, gradientNorm: norm });
      if (broken !== undefined) return decide(pending, [broken]);
      const statistics = await observe(pending, norm ?? NaN);
      const spike = findSpike(state, settings, pending);
      const explosion = findExplosion(state, settings, vocabSize, pending);
      const longest = settings.spike.window + 2 * reach;
      const exploded = loss > explosionLimit(state, vocabSize) ? state.exploded ?? step : null;
      const losses = [...state.losses, [step, loss] as [number, number]].slice(-longest);
      state = { ...state, losses, exploded, first: state.first ?? loss };
      const { beta1 } = training;
      // One of them is enough: the one that is news.
      const high = spike?.news ? spike : explosion ?? spike;
      return decide(pending, [high, statistics && findBimodal(state, settings, { step, beta1, statistics })]);
    },
    updated(done) {
      const broken = findNotFinite(done);
      // The weights are not numbers any more, so nothing else is left to do.
      if (broken !== undefined) act({ ...settings, notFinite: { action: "stop" } }, broken, done.step);
    },
    values: () => logged,
    state: () => state,
    restore: (kept) => state = monitorStateSchema.parse(kept),
  };
}

function namedShapes({ names, slots }: PendingStep["optimizer"]) {
  return slots.map(({ parameter: { shape } }, i) => ({ name: names[i]!, shape }));
}

/** The statistics as metrics: `attention/bimodality`, … */
function flatStatistics(statistics: readonly GroupStatistics[]): Record<string, number> {
  return Object.fromEntries(
    statistics.flatMap(({ group, histogram: _, ...numbers }) =>
      Object.entries(numbers).flatMap(([name, value]) => value === null ? [] : [[`${group}/${name}`, value]])
    ),
  );
}

/** The gradients' global norm, as a number. */
async function normOf(gradients: readonly tf.Tensor[]): Promise<number> {
  const norm = globalNorm(gradients);
  const value = (await norm.data())[0]!;
  norm.dispose();
  return value;
}
