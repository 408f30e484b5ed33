// What is trained, on what, and who looks on: the training loop's interface.
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
}

/** What is trained, on what. */
export interface TrainTask {
  readonly config: TrainConfig;
  /** The only tensors that change. */
  readonly parameters: Readonly<Record<string, tf.Variable>>;
  /** Names without weight decay besides the vectors. */
  readonly exempt?: ReadonlySet<string>;
  /** The batch at a position (from 0), of `config.batch` sequences: a pure function. */
  readonly batchAt: (position: number) => Batch;
  /** What needs no graph: computed before the loss, outside the tape. */
  readonly prepare?: (batch: DeviceBatch) => tf.Tensor[];
  /** Mean loss per token of a (micro-)batch, in nats. */
  readonly loss: (batch: DeviceBatch, prepared: readonly tf.Tensor[], step: number, part: number) => tf.Scalar;
  /** Mean validation loss per token, in nats. */
  readonly validate?: () => Promise<number>;
  /** Floating-point operations of one training token. */
  readonly flopsPerToken?: number;
  /** Called after every step. */
  readonly onStep?: (report: StepReport) => void;
  /** Looks at every step before its update. */
  readonly monitor?: StepMonitor;
  /** Called when the monitor went back: what was reported of steps after `to` is void. */
  readonly onRewind?: (rewind: { readonly from: number; readonly to: number }) => void;
  /** Where training is kept, and what it goes on from. */
  readonly checkpoints?: TrainCheckpoints;
  readonly signal?: AbortSignal;
}

/** What one step reports. */
export interface StepReport {
  /** From 1. */
  readonly step: number;
  readonly values: Readonly<Record<string, number>>;
}

/** A step whose gradients are known and whose update is not made yet. */
export interface PendingStep {
  /** From 1. */
  readonly step: number;
  /** Index of its batch. */
  readonly position: number;
  readonly learningRate: number;
  /** May be NaN or infinite. */
  readonly loss: number;
  /** In the order of `optimizer.slots`, before clipping. They are the loop's: keep none. */
  readonly gradients: readonly tf.Tensor[];
  readonly optimizer: Optimizer;
  /** Steps that would be done after going back by `steps`; as many as now where nothing is kept to go back to. */
  rewindsTo(steps: number): number;
}

/** A step whose update was made. */
export interface UpdatedStep {
  /** From 1. */
  readonly step: number;
  readonly learningRate: number;
  readonly loss: number;
  /** Before clipping; when it is NaN or infinite, the weights are not numbers now. */
  readonly gradientNorm: number;
}

/** What becomes of a pending step. */
export type Verdict =
  /** The update is made: by `apply` (which returns the gradients' global norm), or as usual. */
  | { readonly kind: "update"; readonly apply?: () => tf.Scalar }
  /** Weights and moments stay as they are; the step counts. */
  | { readonly kind: "skip" }
  /** Back to the newest snapshot that is at least `steps` old, or the oldest; the batches since are passed over. */
  | { readonly kind: "rewind"; readonly steps: number };

/** Looks at every step, and may change its course. Verdicts must be pure functions of steps and `state()`. */
export interface StepMonitor {
  /** How many steps back a verdict may ask to go. 0: none, and no snapshots are kept. */
  readonly reach: number;
  judge(pending: PendingStep): Verdict | Promise<Verdict>;
  /** Called after an update, whose gradients' norm was not known before; throws to end training. */
  updated?(done: UpdatedStep): void;
  /** Further values for the report of the step that was judged last. */
  values?(): Readonly<Record<string, number>>;
  /** What it goes on from after an interruption, as plain JSON; kept in checkpoints. */
  state?(): unknown;
  restore?(state: unknown): void;
}

/** All that an interrupted training goes on from, bit for bit. */
export interface TrainState {
  readonly now: Snapshot;
  /** Snapshots that the monitor may go back to, oldest first. */
  readonly earlier: readonly Snapshot[];
  /** What `StepMonitor.state()` gave. */
  readonly monitor: unknown;
}

/** Where training is kept. */
export interface TrainCheckpoints {
  /** What was kept last; absent: training begins. */
  readonly last?: TrainState;
  /** Whether the state is to be kept now; asked after every step. */
  readonly due: (progress: Progress) => boolean;
  /** Called when it is due, when training is stopped, and at the end. */
  readonly save: (state: TrainState) => Promise<void>;
}

/** Training went wrong in a way that more steps do not mend. */
export class TrainingError extends UserError {
  constructor(message: string) {
    super("train.diverged", message, "lower the learning rate (train.*.lr) or raise the warm-up (train.*.warmup)");
    this.name = "TrainingError";
  }
}

/** What came out of a phase. */
export interface TrainResult {
  readonly steps: number;
  readonly tokens: number;
  readonly flops: number;
  readonly seconds: number;
  readonly loss: number;
  readonly validation: number | null;
}
