// The evaluation room's public face: held-out bits per byte, and tasks with exact scores.
export { bitsPerByte, documentLosses, type DocumentPredictions, type HeldOut, heldOut } from "./bits-per-byte.ts";
export { type Row, rowPredictions } from "./batches.ts";
export { evaluate, type EvaluateOptions, type Evaluation, type EvaluationProgress } from "./evaluate.ts";
export { DECODED_TOKENS } from "./measures/decoding-latency.ts";
export { MEASURES, measuresWith } from "./measures/all.ts";
export { bitsPerByteOf } from "./measures/bits-per-byte.ts";
export type { EvaluationSet, Found, Measure, ParameterCounts, Subject } from "./measures/measure.ts";
export { infoOf } from "./measures/measure.ts";
export { generateGreedily } from "./generate.ts";
export { type RowMemory, rowMemory } from "./row-memory.ts";
export { SCORING_REPEATS, type ScoringCost, scoringCost } from "./scoring-cost.ts";
export { answeredRightly, scoreTask } from "./score.ts";
export { type ChoiceItem, CHOICES, type GenerationItem, type Task, type TaskOptions } from "./task.ts";
export { buildTasks } from "./tasks.ts";
export type { EvaluationOptions, TopPredictions } from "./types.ts";
export { type EvaluationWindow, evaluationWindows, type WindowOptions } from "./windows.ts";
