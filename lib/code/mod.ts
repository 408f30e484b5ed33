// Public API: coding problems, verdicts on models' answers, pass@k.
export type { CodeAnswer } from "./answers-file.ts";
export {
  ANSWERS_FILE,
  type CodeEvaluationOptions,
  type CodeProgress,
  type CodeScore,
  type CodeScores,
  type CodeSubject,
  evaluateCode,
} from "./evaluate.ts";
export { type Answer, judge, judgeAnswers, type JudgedAnswer, type JudgeOptions } from "./judge.ts";
export type { Outcome, Verdict } from "./judge.ts";
export { type Attempts, meanPassAtK, passAtK } from "./pass-at-k.ts";
export { builtinProblems, parseProblems, type Problem, readProblems } from "./problem.ts";
export { isDecided, programOf } from "./program.ts";
export { chatMessage, PROMPT_FORMATS, type PromptFormat } from "./prompt.ts";
export { codeJson, codeMeasures, codeTable, outcomesOf } from "./results.ts";
