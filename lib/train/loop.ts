// The training loop: batches in, one in-place update a step, losses out; it can be stopped and gone on with anywhere.
import * as tf from "@tensorflow/tfjs";
import { interruptible } from "../tensor/mod.ts";
import { findNotFinite } from "./monitor/findings.ts";
import { createOptimizer, type Optimizer } from "./optimizer.ts";
import { learningRate } from "./schedule.ts";
import { BEGINNING, type Progress, restoreSnapshot, type Snapshot, takeSnapshot } from "./snapshot.ts";
import { breathe, meanGradients } from "./step.ts";
import { TrainingError, type TrainResult, type TrainTask } from "./task.ts";

/**
 * Trains until `config.steps` steps are done, from `checkpoints.last` on if there is one: then the weights end as if
 * there had been no interruption, bit for bit where the device repeats itself. Data order and dropout depend on the
 * position and the step only, never on how often one validates or keeps checkpoints.
 *
 * @throws TrainingError when the loss or the gradients' norm is not finite
 * @throws UserError `train.accumulate` when the batch cannot be split evenly
 * @throws the signal's reason when it is aborted, even within a step; the state of the last whole step is kept before
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
    let kept = progress.step;
    const keep = async () => {
      if (checkpoints === undefined || progress.step === kept) return;
      kept = progress.step;
      const now = await takeSnapshot(optimizer, progress);
      await checkpoints.save({ now, earlier: past.snapshots(), monitor: monitor?.state?.() });
    };
    while (progress.step < config.steps) {
      if (signal?.aborted) {
        await keep();
        signal.throwIfAborted();
      }
      await past.remember(progress);
      const done = await takeStep(task, optimizer, progress, past).catch(async (error) => {
        // only gradients are interrupted, so the weights are still those of the last step
        if (signal?.aborted && error === signal.reason) await keep();
        throw error;
      });
      progress = { ...done.progress, seconds: before + (performance.now() - began) / 1000 };
      if (done.values !== undefined) {
        const { step } = progress;
        const values: Record<string, number> = { ...done.values, ...monitor?.values?.() };
        if (task.validate !== undefined && (step % config.validateEvery === 0 || step === config.steps)) {
          const validation = values["validation"] = await task.validate();
          const better = progress.best === null || validation < progress.best.validation;
          progress = { ...progress, validation, best: better ? { step, validation } : progress.best };
        }
        task.onStep?.({ step, values });
      }
      if (checkpoints?.due(progress)) await keep();
      await breathe();
    }
    await keep();
  } finally {
    optimizer.dispose();
  }
  const { step, tokens, flops, seconds, loss, validation } = progress;
  return { steps: step, tokens, flops, seconds, loss: loss ?? NaN, validation };
}

/** One step, or one step back. `values` are what it reports; a step back reports none. */
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
  const parameters = optimizer.slots.map((slot) => slot.parameter);
  const { loss: mean, gradients } = interruptible(
    () => task.signal?.throwIfAborted(),
    () => meanGradients(task, parameters, batch, step),
  );
  let loss: number;
  let gradientNorm: number | undefined;
  try {
    // The loss is read once a step: before the update when somebody judges it, otherwise after the device was given all.
    const judged = monitor === undefined ? undefined : await mean.data();
    const verdict = judged === undefined ? undefined : await monitor!.judge({
      ...{ step, position, learningRate: rate, loss: judged[0]!, gradients, optimizer },
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
      // Both at once: on a GPU each reading waits for all that was asked before.
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
  // A finite loss with gradients that are not leaves weights that are not numbers.
  if (gradientNorm !== undefined) {
    const updated = { step, learningRate: rate, loss, gradientNorm };
    monitor?.updated?.(updated);
    assertFinite(updated);
  }
  const count = batch.inputs.length;
  const tokens = progress.tokens + count;
  const flops = progress.flops + count * (task.flopsPerToken ?? 0);
  const seconds = (performance.now() - started) / 1000;
  // A skipped step's loss may be anything.
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

/** The snapshots that a monitor may go back to. */
interface Past {
  remember(progress: Progress): Promise<void>;
  /** The newest snapshot of at most `step` steps, or the oldest. */
  before(step: number): Snapshot | undefined;
  /** Restores that one. */
  rewind(step: number): Snapshot;
  snapshots(): readonly Snapshot[];
  restore(snapshots: readonly Snapshot[]): void;
}

/** Two snapshots, `reach` steps apart, are enough to go back at least `reach` steps once there are so many. */
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
      if (to === undefined) throw new Error("Cannot go back: the monitor's reach is 0, so no snapshot was kept");
      restoreSnapshot(optimizer, to);
      kept = kept.filter(({ progress }) => progress.step <= to.progress.step);
      return to;
    },
    snapshots: () => kept,
    restore: (snapshots) => kept = snapshots,
  };
}
