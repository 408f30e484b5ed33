// Outside evaluation: tasks of EleutherAI's lm-evaluation-harness (0.4.13) on our models, with the harness's numbers.
//
// From a task's file to its scores: yaml-file and task-files find tasks, config reads their settings, documents their data,
// task makes prompts of it (template, fewshot), ask puts them to a model (subject), metrics and filters judge an answer,
// aggregate sums up. python-* are the parts of Python's semantics that prompts and numbers depend on.
export { type Score } from "./aggregate.ts";
export type { TaskConfig } from "./config.ts";
export { answerFiles, fileName } from "./answer-files.ts";
export {
  evaluateTasks,
  type HarnessOptions,
  type HarnessProgress,
  type HarnessScores,
  type TaskScores,
} from "./evaluate.ts";
export { type Chosen, harnessJson, type HarnessMeasures, harnessMeasures, harnessTable } from "./results.ts";
export { harnessSubject, type Opening, type Subject, type SubjectParts } from "./subject.ts";
export { readTasks, type TaskSet } from "./task-files.ts";
