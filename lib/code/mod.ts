// Public API: coding problems, verdicts on models' answers, pass@k.
export type { CodeAnswer } from "./answers-file.ts";
export {
  ANSWERS_FILE,
  codeAnswersFile,
  type CodeEvaluationOptions,
  type CodeProgress,
  type CodeScore,
  type CodeScores,
  type CodeSubject,
  evaluateCode,
  versionOf,
} from "./evaluate.ts";
export { judge, type Outcome, type Verdict } from "./judge.ts";
export { type Answer, judgeAnswers, type JudgedAnswer, type JudgeOptions } from "./judge-answers.ts";
export { type JudgeThread, startJudge } from "./judge-thread.ts";
export { type Attempts, meanPassAtK, passAtK } from "./pass-at-k.ts";
export { builtinProblems, parseProblems, type Problem, readProblems } from "./problem.ts";
export { isDecided, programOf } from "./program.ts";
export { chatMessage, PROMPT_FORMATS, type PromptFormat } from "./prompt.ts";
export { codeJson, codeMeasures, codeTable, outcomesOf, type ProblemSet } from "./results.ts";
