// Training inside a cell: its curves, its stop, and the checkpoints that it goes on from.
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
  train,
  type TrainCheckpoints,
  type TrainConfig,
  type TrainTask,
  writeTrainState,
} from "../train/mod.ts";
import type { Lab } from "./lab.ts";
import type { Trained } from "./phases.ts";

/** What a phase gets from the cell that it runs in. */
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
  { config: { checkpoint }, seed }: Lab,
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
      await cell.checkpoints.save(point, (folder) => writeTrainState(folder, state, config, seed));
      schedule.kept((performance.now() - began) / 1000);
    },
  };
}

/** What the monitor adds to the inputs of a training cell: its settings, where it may change what comes out. */
export function monitored({ config: { monitor } }: Lab): object {
  const { every: _often, ...settings } = monitor;
  return changesTraining(monitor) ? { monitor: settings } : {};
}

/** The inputs of a training cell less what may change while it trains: how far, and how often to look. */
export function familyOf<Inputs extends { readonly train: TrainConfig }>(inputs: Inputs): unknown {
  const { steps: _steps, validateEvery: _often, ...train } = inputs.train;
  return { ...inputs, train };
}

/** Trains, and says what came of it. */
export async function trainAndSummarise(
  cell: CellContext,
  task: TrainTask,
  vocabSize: number,
): Promise<Omit<Trained, "weights">> {
  const peak = watchPeak();
  const { steps, tokens, seconds, loss, validation } = await train(task);
  const peakBytes = peak() ?? null;
  const guess = Math.log(vocabSize);
  if ((validation ?? loss) > guess) {
    const ended = (validation ?? loss).toFixed(2);
    cell.note(
      `Training diverged: it ended at ${ended} nats a token, above ${guess.toFixed(2)} for a uniform guess. ` +
        "A smaller learning rate (train.*.lr) or a longer warm-up would help.",
      "warning",
    );
  }
  const validated = validation === null ? "" : `, validation ${validation.toFixed(3)}`;
  cell.summary(
    `loss ${loss.toFixed(3)}${validated} nats a token; ${compact(tokens)} tokens, ` +
      `${compact(tokens / seconds)} tokens/s with validation` +
      (peakBytes === null ? "" : `, ${byteSize(peakBytes)} of tensors at most`),
  );
  return { steps, tokens, seconds, loss, validation, peakBytes };
}
