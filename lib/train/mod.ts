// The train room's public face: phases, the loop, schedules.
export { type TrainConfig, trainConfigSchema } from "./config.ts";
export { pretrainFlops, stitchedForwardFlops, stitchingBytes, stitchTrainFlops, trainingBytes } from "./cost.ts";
export { learningRate } from "./schedule.ts";
export { createOptimizer, type Optimizer } from "./optimizer.ts";
export {
  breathe,
  type DeviceBatch,
  splitBatch,
  type StepReport,
  toDeviceBatch,
  train,
  TrainingError,
  type TrainResult,
  type TrainTask,
} from "./loop.ts";
export { type PhaseOptions, pretraining, stitching } from "./phases.ts";
