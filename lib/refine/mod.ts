// Public API: parallel-distill-refine and its baselines on problems with exact answers, at equal budgets.
export { type EngineModel, engineWriter } from "./engine-writer.ts";
export type { EndpointOptions } from "./endpoint-request.ts";
export { type EndpointModel, endpointModel, endpointModels, endpointWriter } from "./endpoint-writer.ts";
export {
  type Attempted,
  attemptedSchema,
  type AttemptRecord,
  type RefineEvaluation,
  solve,
  solveAll,
} from "./evaluate.ts";
export { type Attempt, type Team, type Written } from "./attempt.ts";
export { type Call, type Role, sequentialTokens, totalTokens } from "./budget.ts";
export { exactNumber, lineAnswer, statedAnswer } from "./exact.ts";
export { type MethodName, REFINE_METHODS } from "./methods.ts";
export { chooseProblems, type ProblemChoice } from "./choose-problems.ts";
export { LEVELS } from "./generate-problems.ts";
export { type MathProblem, mathProblemSchema, parseProblems } from "./problem.ts";
export { type Format, FORMAT_NAMES, type FormatName, FORMATS, type Prompt } from "./prompts.ts";
export { type KeptReply, readReplies, type Replies, replies, REPLIES_FILE, writeReplies } from "./replies.ts";
export {
  type MethodAttempts,
  refinementMeasures,
  refinementResults,
  refinementTable,
  refinementVerdict,
} from "./results.ts";
export { type RefineSettings, refineSettingsSchema } from "./settings.ts";
export { type Distiller, DISTILLERS } from "./workspace.ts";
export type { Reply, Writer, WriteRequest } from "./writer.ts";
export type { AttemptedSchema, MathProblemSchema, RefineSettingsSchema } from "./inferred-types.ts";
