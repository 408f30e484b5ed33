// Public API: coding problems, verdicts on models' answers, pass@k.
export { type Answer, judge, judgeAnswers, type JudgedAnswer, type JudgeOptions } from "./judge.ts";
export type { Outcome, Verdict } from "./judge.ts";
export { type Attempts, meanPassAtK, passAtK } from "./pass-at-k.ts";
export { builtinProblems, parseProblems, type Problem, readProblems } from "./problem.ts";
export { programOf } from "./program.ts";
