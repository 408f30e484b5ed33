// The evaluation room's public face: held-out bits per byte, tasks with exact scores, and intervals of both.
export { bitsPerByte, documentLosses } from "./bits-per-byte.ts";
export { evaluate, type Evaluation, type EvaluationProgress, type EvaluationSet } from "./evaluate.ts";
export { generateGreedily } from "./generate.ts";
export {
  bootstrapBitsPerByte,
  type BootstrapOptions,
  type DocumentLosses,
  type DocumentsEstimate,
  effectiveDocuments,
  enoughDocuments,
  FEWEST_DOCUMENTS,
  pairedDifference,
  shareInterval,
} from "./intervals.ts";
export { type RowMemory, rowMemory } from "./row-memory.ts";
export { SCORING_REPEATS, type ScoringCost, scoringCost } from "./scoring-cost.ts";
export { answeredRightly, scoreTask } from "./score.ts";
export { type ChoiceItem, CHOICES, type GenerationItem, type Task, type TaskOptions } from "./task.ts";
export { buildTasks } from "./tasks.ts";
export type { EvaluationOptions } from "./types.ts";
export { type EvaluationWindow, evaluationWindows, type WindowOptions } from "./windows.ts";
