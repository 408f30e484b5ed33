// Public API: training tasks, the training loop, checkpoints, costs and the training monitor.
export { type TrainConfig, trainConfigSchema } from "./config.ts";
export {
  activationFloats,
  frozenBackwardFlops,
  layerFlops,
  passedLayers,
  pretrainFlops,
  trainedLayers,
  trainingBytes,
} from "./cost.ts";
export { stitchedForwardFlops, stitchingBytes, stitchTrainFlops } from "./stitch-cost.ts";
export type { MethodCost } from "./method-cost.ts";
export { learningRate } from "./schedule.ts";
export { createOptimizer, type Optimizer } from "./optimizer.ts";
export { checkpointBytes, readTrainState, writeTrainState } from "./checkpoint.ts";
export { type CheckpointConfig, checkpointConfigSchema, checkpointSchedule } from "./checkpoint-schedule.ts";
export { train } from "./loop.ts";
export { toDeviceBatch } from "./step.ts";
export {
  type DeviceBatch,
  type PendingStep,
  type StepMonitor,
  type StepReport,
  type TrainCheckpoints,
  TrainingError,
  type TrainResult,
  type TrainState,
  type TrainTask,
  type UpdatedStep,
  type Verdict,
} from "./task.ts";
export { phase, type PhaseOptions } from "./phase.ts";
export { pretraining } from "./pretraining.ts";
export { stitching } from "./stitching.ts";
export {
  type Alert,
  bimodalGroups,
  changesTraining,
  createMonitor,
  type GroupStatistics,
  HISTOGRAM_BINS,
  HISTOGRAM_RANGE,
  isWatched,
  median,
  type MonitorConfig,
  monitorConfigSchema,
  type MonitorOptions,
  PARAMETER_GROUPS,
  settlingSteps,
  spikeLimit,
} from "./monitor/mod.ts";
export type { CheckpointConfigSchema, MonitorConfigSchema, TrainConfigSchema } from "./inferred-types.ts";
