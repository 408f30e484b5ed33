// The interface of the training loop: tasks, monitors and checkpoints.
import type * as tf from "@tensorflow/tfjs";
import type { Batch } from "../data/mod.ts";
import { UserError } from "../errors.ts";
import type { TrainConfig } from "./config.ts";
import type { Optimizer } from "./optimizer.ts";
import type { Progress, Snapshot } from "./snapshot.ts";

/** A batch on the device, `[batch, time]` each. */
export interface DeviceBatch {
  readonly inputs: tf.Tensor2D;
  readonly targets: tf.Tensor2D;
  readonly documents: tf.Tensor2D;
  /** The share of the targets that are not negative, over all micro-batches of the step: losses are means over those. */
  readonly scored: number;
}

/** Mean validation losses per token, in nats. */
export interface Validation {
  /** Over all batches, by their weights. */
  readonly loss: number;
  /** Over the batches of each domain that they name. */
  readonly domains: ReadonlyMap<string, number>;
}

/** One phase of training. */
export interface TrainTask {
  readonly config: TrainConfig;
  /** The trained parameters by name. */
  readonly parameters: Readonly<Record<string, tf.Variable>>;
  /** Names of matrices without weight decay. */
  readonly exempt?: ReadonlySet<string>;
  /** The batch of `config.batch` sequences at a position, counted from 0: a pure function. */
  readonly batchAt: (position: number) => Batch;
  /** Computes the part of the forward pass that needs no gradient; its result is passed to `loss`. */
  readonly prepare?: (batch: DeviceBatch) => tf.Tensor[];
  /** Mean loss per token of a (micro-)batch, in nats: the sum over its tokens, divided by `scored` times their number. */
  readonly loss: (batch: DeviceBatch, prepared: readonly tf.Tensor[], step: number, part: number) => tf.Scalar;
  readonly validate?: () => Promise<Validation>;
  /** Floating-point operations of one training token. */
  readonly flopsPerToken?: number;
  /** Called after every step. */
  readonly onStep?: (report: StepReport) => void;
  /** Inspects every step before its update. */
  readonly monitor?: StepMonitor;
  /** Called after a rewind: reports of steps after `to` are void. */
  readonly onRewind?: (rewind: { readonly from: number; readonly to: number }) => void;
  /** Saves checkpoints, and has the one to resume from. */
  readonly checkpoints?: TrainCheckpoints;
  readonly signal?: AbortSignal;
}

/** The metrics of one step. */
export interface StepReport {
  /** Counted from 1. */
  readonly step: number;
  readonly values: Readonly<Record<string, number>>;
}

/** A step whose gradients are computed and whose update is not applied yet. */
export interface PendingStep {
  /** Counted from 1. */
  readonly step: number;
  /** Index of its batch. */
  readonly position: number;
  readonly learningRate: number;
  /** May be NaN or infinite. */
  readonly loss: number;
  /** In the order of `optimizer.slots`, before clipping. The loop disposes them after the step. */
  readonly gradients: readonly tf.Tensor[];
  readonly optimizer: Optimizer;
  /** The step that a rewind by `steps` would end at; the current one if there is no snapshot. */
  rewindsTo(steps: number): number;
}

/** A step whose update has been applied. */
export interface UpdatedStep {
  /** Counted from 1. */
  readonly step: number;
  readonly learningRate: number;
  readonly loss: number;
  /** Before clipping. If it is NaN or infinite, the weights are NaN now. */
  readonly gradientNorm: number;
}

/** A monitor's decision about a pending step. */
export type Verdict =
  /** Apply the update: with `apply`, which returns the global gradient norm, or else with the optimizer. */
  | { readonly kind: "update"; readonly apply?: () => tf.Scalar }
  /** Leave weights and moments unchanged; the step counts. */
  | { readonly kind: "skip" }
  /** Restore the newest snapshot that is at least `steps` old, or else the oldest, and skip the batches since then. */
  | { readonly kind: "rewind"; readonly steps: number };

/** Inspects every step, and may intervene. Verdicts must be pure functions of the steps and of `state()`. */
export interface StepMonitor {
  /** The longest possible rewind, in steps. 0: no rewinds, and no snapshots. */
  readonly reach: number;
  judge(pending: PendingStep): Verdict | Promise<Verdict>;
  /** Called after an update, when its gradient norm is known; throws to end training. */
  updated?(done: UpdatedStep): void;
  /** More metrics for the report of the step judged last. */
  values?(): Readonly<Record<string, number>>;
  /** The monitor's state for checkpoints, as plain JSON. */
  state?(): unknown;
  restore?(state: unknown): void;
}

/** The state that training is resumed from, bit for bit. */
export interface TrainState {
  readonly now: Snapshot;
  /** Snapshots that the monitor may rewind to, oldest first. */
  readonly earlier: readonly Snapshot[];
  /** From `StepMonitor.state()`. */
  readonly monitor: unknown;
}

/** The checkpoints of a phase. */
export interface TrainCheckpoints {
  /** The last checkpoint, to resume from. */
  readonly last?: TrainState;
  /** Whether a checkpoint is due; asked after every step. */
  readonly due: (progress: Progress) => boolean;
  /** Called when a checkpoint is due, when training is stopped, and at the end. */
  readonly save: (state: TrainState) => Promise<void>;
}

/** Training failed in a way that more steps cannot repair. */
export class TrainingError extends UserError {
  constructor(message: string) {
    super("train.diverged", message, "lower the learning rate (train.*.lr) or raise the warm-up (train.*.warmup)");
    this.name = "TrainingError";
  }
}

/** Totals of a finished phase, with its last losses. */
export interface TrainResult {
  readonly steps: number;
  readonly tokens: number;
  readonly flops: number;
  readonly seconds: number;
  readonly loss: number;
  readonly validation: number | null;
}
