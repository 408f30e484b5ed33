// The training loop. It can be interrupted and resumed at any step.
import * as tf from "@tensorflow/tfjs";
import { scoredShare } from "../data/mod.ts";
import { interruptible } from "../tensor/mod.ts";
import { findNotFinite } from "./monitor/findings.ts";
import { createOptimizer, type Optimizer } from "./optimizer.ts";
import { learningRate } from "./schedule.ts";
import { BEGINNING, type Progress, restoreSnapshot, type Snapshot, takeSnapshot } from "./snapshot.ts";
import { meanGradients, yieldToEvents } from "./step.ts";
import { TrainingError, type TrainResult, type TrainTask } from "./task.ts";

/**
 * Trains for `config.steps` steps, starting from `checkpoints.last` if there is one. A resumed training ends with the
 * same weights as an uninterrupted one, bit for bit if the device is deterministic: data order and dropout depend on
 * the position and the step only, not on validation or checkpoints.
 *
 * @throws TrainingError when the loss or the gradient norm is not finite
 * @throws UserError `train.accumulate` when the batch cannot be split evenly
 * @throws the signal's reason when it is aborted, even within a step or a validation, after saving the state of the last complete
 *   step; a step whose validation was interrupted is validated and reported when training is resumed
 */
export async function train(task: TrainTask): Promise<TrainResult> {
  const { config, signal, monitor, checkpoints } = task;
  const optimizer = createOptimizer(task.parameters, config, task.exempt);
  const past = pastOf(optimizer, monitor?.reach ?? 0);
  let progress = BEGINNING;
  try {
    const last = checkpoints?.last;
    if (last !== undefined) {
      restoreSnapshot(optimizer, last.now);
      progress = last.now.progress;
      past.restore(last.earlier);
      if (last.monitor !== undefined) monitor?.restore?.(last.monitor);
    }
    const [before, began] = [progress.seconds, performance.now()];
    let saved = progress.step;
    const save = async () => {
      if (checkpoints === undefined || progress.step === saved) return;
      saved = progress.step;
      const now = await takeSnapshot(optimizer, progress);
      await checkpoints.save({ now, earlier: past.snapshots(), monitor: monitor?.state?.() });
    };
    const report = async () => {
      const { unreported, ...reported } = progress;
      if (unreported === undefined) return;
      const { step } = progress;
      const values: Record<string, number> = { ...unreported };
      let { validation, best } = progress;
      if (task.validate !== undefined && (step % config.validateEvery === 0 || step === config.steps)) {
        const { loss, domains } = await task.validate();
        validation = values["validation"] = loss;
        if (domains.size > 1) { for (const [domain, loss] of domains) values[`validation/${domain}`] = loss; }
        if (best === null || loss < best.validation) best = { step, validation: loss };
      }
      progress = { ...reported, validation, best };
      task.onStep?.({ step, values });
    };
    // An abort interrupts gradients and validation only, so the weights are those of a complete step.
    const saving = async <T>(work: Promise<T>): Promise<T> => {
      try {
        return await work;
      } catch (error) {
        if (signal?.aborted && error === signal.reason) await save();
        throw error;
      }
    };
    await report();
    while (progress.step < config.steps) {
      if (signal?.aborted) {
        await save();
        signal.throwIfAborted();
      }
      await past.remember(progress);
      const done = await saving(takeStep(task, optimizer, progress, past));
      progress = { ...done.progress, seconds: before + (performance.now() - began) / 1000 };
      if (done.values !== undefined) {
        progress = { ...progress, unreported: { ...done.values, ...monitor?.values?.() } };
        await saving(report());
      }
      if (checkpoints?.due(progress)) await save();
      await yieldToEvents();
    }
    await save();
  } finally {
    optimizer.dispose();
  }
  const { step, tokens, flops, seconds, loss, validation } = progress;
  return { steps: step, tokens, flops, seconds, loss: loss ?? NaN, validation };
}

/**
 * One step, or a rewind. `values` are the metrics of the step; a rewind has none. A batch without a token to train on
 * changes nothing: the step only counts.
 */
async function takeStep(
  task: TrainTask,
  optimizer: Optimizer,
  progress: Progress,
  past: Past,
): Promise<{ readonly progress: Progress; readonly values?: Readonly<Record<string, number>> }> {
  const { config, monitor } = task;
  const started = performance.now();
  const { position } = progress;
  const step = progress.step + 1;
  const batch = task.batchAt(position);
  const rate = learningRate(config, step);
  const count = batch.inputs.length;
  if (scoredShare(batch) === 0) {
    const tokens = progress.tokens + count;
    return { progress: { ...progress, step, position: position + 1, tokens }, values: { lr: rate, tokens } };
  }
  const parameters = optimizer.slots.map((slot) => slot.parameter);
  const { loss: mean, gradients } = interruptible(
    () => task.signal?.throwIfAborted(),
    () => meanGradients(task, parameters, batch, step),
  );
  let loss: number;
  let gradientNorm: number | undefined;
  try {
    // A monitor needs the loss before the update. Without one, the loss is read once the whole step has been queued.
    const judged = monitor === undefined ? undefined : await mean.data();
    const verdict = judged === undefined ? undefined : await monitor!.judge({
      step,
      position,
      learningRate: rate,
      loss: judged[0]!,
      gradients,
      optimizer,
      rewindsTo: (steps) => past.before(step - 1 - steps)?.progress.step ?? step - 1,
    });
    if (verdict?.kind === "rewind") {
      const { progress: back } = past.rewind(step - 1 - verdict.steps);
      task.onRewind?.({ from: step, to: back.step });
      return { progress: { ...back, position: position + 1 } };
    }
    if (verdict?.kind !== "skip") {
      if (judged !== undefined) assertFinite({ step, learningRate: rate, loss: judged[0]! });
      const norm = tf.tidy(() => verdict?.apply?.() ?? optimizer.update(gradients, rate, step));
      // Both at once: on a GPU, every read waits for all earlier work.
      const [norms, means] = await Promise.all([norm.data(), judged ?? mean.data()]);
      gradientNorm = norms[0]!;
      loss = means[0]!;
      norm.dispose();
    } else {
      loss = judged![0]!;
    }
  } finally {
    tf.dispose([mean, ...gradients]);
  }
  // After gradients that are not finite, the weights are NaN even if the loss was finite.
  if (gradientNorm !== undefined) {
    const updated = { step, learningRate: rate, loss, gradientNorm };
    monitor?.updated?.(updated);
    assertFinite(updated);
  }
  const tokens = progress.tokens + count;
  const flops = progress.flops + count * (task.flopsPerToken ?? 0);
  const seconds = (performance.now() - started) / 1000;
  // The loss of a skipped step may be NaN or infinite.
  const known = Number.isFinite(loss) ? { loss } : {};
  return {
    progress: { ...progress, step, position: position + 1, tokens, flops, ...known },
    values: {
      ...known,
      lr: rate,
      ...(gradientNorm === undefined ? {} : { gradientNorm }),
      tokens,
      tokensPerSecond: count / seconds,
    },
  };
}

function assertFinite(values: Parameters<typeof findNotFinite>[0]): void {
  const broken = findNotFinite(values);
  if (broken !== undefined) throw new TrainingError(broken.text);
}

/** The snapshots that a monitor can rewind to. */
interface Past {
  remember(progress: Progress): Promise<void>;
  /** The newest snapshot at or before `step`, or else the oldest. */
  before(step: number): Snapshot | undefined;
  /** Restores the snapshot `before(step)`. */
  rewind(step: number): Snapshot;
  snapshots(): readonly Snapshot[];
  restore(snapshots: readonly Snapshot[]): void;
}

/** Two snapshots, `reach` steps apart: the older one is at least `reach` steps old, if training has run that long. */
function pastOf(optimizer: Optimizer, reach: number): Past {
  let kept: readonly Snapshot[] = [];
  const before = (step: number) => kept.findLast(({ progress }) => progress.step <= step) ?? kept[0];
  return {
    before,
    async remember(progress) {
      if (reach === 0 || kept.at(-1)?.progress.step === progress.step) return;
      if (kept.length > 0 && progress.step % reach !== 0) return;
      kept = [...kept.slice(-1), await takeSnapshot(optimizer, progress)];
    },
    rewind(step) {
      const to = before(step);
      if (to === undefined) throw new Error("Cannot rewind: the monitor's reach is 0, so there is no snapshot");
      restoreSnapshot(optimizer, to);
      kept = kept.filter(({ progress }) => progress.step <= to.progress.step);
      return to;
    },
    snapshots: () => kept,
    restore: (snapshots) => kept = snapshots,
  };
}
