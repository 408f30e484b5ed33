// The training monitor: inspects every step before its update, raises alerts and takes the configured actions. Unless
// it takes an action, the trained weights are the same as without it, bit for bit.
import type * as tf from "@tensorflow/tfjs";
import { adamW, globalNorm } from "../../tensor/mod.ts";
import type { TrainConfig } from "../config.ts";
import { type PendingStep, type StepMonitor, TrainingError, type Verdict } from "../task.ts";
import { loweredEpsilon, respond } from "./actions.ts";
import type { Alert } from "./alert.ts";
import type { MonitorConfig } from "./config.ts";
import { explosionLimit, findBimodal, findExplosion, type Finding, findNotFinite, findSpike } from "./findings.ts";
import { readGradients, readSample, sampleCoordinates, type SampledGroup } from "./sample.ts";
import { forgetFrom, FRESH_STATE, monitorStateSchema, packFloats, unpackFloats } from "./state.ts";
import { type GroupStatistics, groupStatistics } from "./statistics.ts";

export interface MonitorOptions {
  readonly settings: MonitorConfig;
  /** The settings of the monitored training. */
  readonly training: TrainConfig;
  /** Gives the loss of a uniform guess. Without it, losses are compared with the first. */
  readonly vocabSize?: number;
  readonly onAlert: (alert: Alert) => void;
  /** Called with the statistics of every step that has some. */
  readonly onStatistics?: (step: number, statistics: readonly GroupStatistics[]) => void;
}

/** A monitor for one phase of training; give it to the task. */
export function createMonitor({ settings, training, vocabSize, onAlert, onStatistics }: MonitorOptions): StepMonitor {
  const { every } = settings;
  const actions = [settings.spike.action, settings.instability.action, settings.notFinite.action];
  const reach = actions.includes("rewind") ? settings.rewindSteps : 0;
  // Two peaks appear only a step or two before a divergence, so acting on them requires statistics of every step.
  const vigilant = !["off", "alert"].includes(settings.instability.action);
  let state = FRESH_STATE;
  let groups: readonly SampledGroup[] | undefined;
  let logged: Readonly<Record<string, number>> = {};

  const logs = (step: number) => every > 0 && step % every === 0;

  async function observe(pending: PendingStep, gradientNorm: number): Promise<readonly GroupStatistics[] | undefined> {
    const { step, learningRate, gradients, optimizer } = pending;
    const due = logs(step) || vigilant;
    const kept = logs(step + 1); // for the cosine of consecutive gradients
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

  /** Raises the alert of a finding, and stops training if that is the action. */
  function act(settings: MonitorConfig, finding: Finding, back: number): Alert["action"] {
    const { epsilon } = training;
    const { action, state: after, alert } = respond(state, settings, finding, { epsilon, back });
    state = after;
    if (alert !== undefined) {
      onAlert(alert);
      if (action === "stop") throw new TrainingError(alert.text);
    }
    return action;
  }

  /** Acts on the findings and returns the verdict. */
  function decide(pending: PendingStep, findings: readonly (Finding | undefined)[]): Verdict {
    const back = pending.rewindsTo(settings.rewindSteps);
    const taken = new Set(findings.flatMap((finding) => finding === undefined ? [] : [act(settings, finding, back)]));
    if (taken.has("rewind")) return { kind: "rewind", steps: settings.rewindSteps };
    if (taken.has("skip")) return { kind: "skip" };
    if (!state.clipping && state.lowered === 0) return { kind: "update" };
    return { kind: "update", apply: () => changedUpdate(pending) };
  }

  /** AdamW with the changes made by earlier actions. */
  function changedUpdate({ optimizer, gradients, learningRate, step }: PendingStep): tf.Scalar {
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
      // One of the two is enough, preferably one that is news.
      const high = spike?.news ? spike : explosion ?? spike;
      return decide(pending, [high, statistics && findBimodal(state, settings, { step, beta1, statistics })]);
    },
    updated(done) {
      const broken = findNotFinite(done);
      // The weights are NaN now, so stopping is the only option.
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

/** The global norm of the gradients, read from the device. */
async function normOf(gradients: readonly tf.Tensor[]): Promise<number> {
  const norm = globalNorm(gradients);
  const value = (await norm.data())[0]!;
  norm.dispose();
  return value;
}
