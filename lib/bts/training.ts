// Training inside a cell: metrics, alerts, stopping, and checkpoints.
import { z } from "zod";
import { byteSize, compact } from "../report/mod.ts";
import type { CellContext } from "../run/mod.ts";
import { watchPeak } from "../tensor/mod.ts";
import {
  changesTraining,
  checkpointBytes,
  checkpointSchedule,
  createMonitor,
  type PhaseOptions,
  readTrainState,
  type StepReport,
  train,
  type TrainCheckpoints,
  type TrainConfig,
  type TrainTask,
  writeTrainState,
} from "../train/mod.ts";
import type { Lab } from "./lab.ts";
import type { TrainedSchema } from "./inferred-types.ts";

/** The output of a training cell. */
export const trainedSchema: TrainedSchema = z.strictObject({
  steps: z.int(),
  /** Null if the model was trained elsewhere: it is not known. */
  tokens: z.int().nullable(),
  seconds: z.number().nullable(),
  loss: z.number().nullable(),
  validation: z.number().nullable(),
  /** Peak size of all tensors in bytes; null if the device does not report it. */
  peakBytes: z.number().nullable(),
  /** Content hash of the weights. */
  weights: z.string(),
});

/** The output of a training cell. */
export type Trained = z.infer<typeof trainedSchema>;

/** What is known of a model that was trained in the run's own cells. */
export interface TrainedHere {
  readonly tokens: number;
  readonly seconds: number;
  readonly loss: number;
}

/** The options of a phase that come from its cell. */
export async function phaseInCell(
  lab: Lab,
  cell: CellContext,
  config: TrainConfig,
): Promise<Pick<PhaseOptions, "config" | "signal" | "onStep" | "onRewind" | "monitor" | "checkpoints">> {
  return {
    config,
    signal: cell.signal,
    onStep: ({ step, values }) => cell.metrics(step, config.steps, values),
    onRewind: ({ to }) => cell.rewind(to),
    monitor: createMonitor({
      settings: lab.config.monitor,
      training: config,
      vocabSize: lab.config.tokenizer.vocabSize,
      onAlert: ({ text, level, ...alert }) => cell.note(text, level, alert),
    }),
    checkpoints: await checkpointsInCell(lab, cell, config),
  };
}

async function checkpointsInCell(
  { config: { checkpoint }, rngSeed }: Lab,
  cell: CellContext,
  config: TrainConfig,
): Promise<TrainCheckpoints> {
  const { last } = cell.checkpoints;
  const schedule = checkpointSchedule(checkpoint);
  return {
    ...(last === undefined ? {} : { last: await readTrainState(last.folder) }),
    due: schedule.due,
    async save(state) {
      const began = performance.now();
      const { step, validation: score } = state.now.progress;
      const point = { step, score, bytes: checkpointBytes(state), keep: checkpoint.keep };
      await cell.checkpoints.save(point, (folder) => writeTrainState(folder, state, config, rngSeed));
      schedule.saved((performance.now() - began) / 1000);
    },
  };
}

/** The monitor's settings as inputs of a training cell, if its actions can change the weights. */
export function monitored({ config: { monitor } }: Lab): object {
  const { every: _every, ...settings } = monitor;
  return changesTraining(monitor) ? { monitor: settings } : {};
}

/** The inputs of a training cell without the settings that may change on resume: the steps, and validation intervals. */
export function familyOf<Inputs extends { readonly train: TrainConfig }>(inputs: Inputs): unknown {
  const { steps: _steps, validateEvery: _often, ...train } = inputs.train;
  return { ...inputs, train };
}

/** Trains, and writes the cell's summary. */
export async function trainAndSummarize(
  cell: CellContext,
  task: TrainTask,
  vocabSize: number,
): Promise<Omit<Trained, "weights"> & TrainedHere> {
  const peak = watchPeak();
  let last: StepReport["values"] = {};
  const { steps, tokens, seconds, loss, validation } = await train({
    ...task,
    onStep(report) {
      if ("validation" in report.values) last = report.values;
      task.onStep?.(report);
    },
  });
  const peakBytes = peak() ?? null;
  const guess = Math.log(vocabSize);
  if ((validation ?? loss) > guess) {
    const ended = (validation ?? loss).toFixed(2);
    cell.note(
      `Training diverged: it ended at ${ended} nats per token, above ${guess.toFixed(2)} for a uniform guess. ` +
        "Try a lower learning rate (train.*.lr) or a longer warm-up (train.*.warmup).",
      "warning",
    );
  }
  const domains = Object.entries(last).filter(([name]) => name.startsWith("validation/"))
    .map(([name, value]) => `${name.slice("validation/".length)} ${value.toFixed(3)}`);
  const validated = validation === null
    ? ""
    : `, validation ${validation.toFixed(3)}${domains.length === 0 ? "" : ` (${domains.join(", ")})`}`;
  cell.summary(
    `loss ${loss.toFixed(3)}${validated} nats per token; ${compact(tokens)} tokens, ` +
      `${compact(tokens / seconds)} tokens/s with validation` +
      (peakBytes === null ? "" : `, tensors peak at ${byteSize(peakBytes)}`),
  );
  return { steps, tokens, seconds, loss, validation, peakBytes };
}
