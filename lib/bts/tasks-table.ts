// The table of a run's tasks: how each is scored, and what guessing would score.
import type { TaskText } from "../data/mod.ts";
import type { Task } from "../eval/mod.ts";
import { numberColumn, type Table, textColumn } from "../run/mod.ts";

/**
 * Every task with its level of chance and the number of its questions.
 *
 * @param texts all tasks, also those without a question that fits the context
 * @param wanted the tasks to score, null for all, and the maximum number of questions of each
 */
export function tasksTable(
  texts: readonly TaskText[],
  tasks: readonly Task[],
  { tasks: wanted, items }: { readonly tasks: readonly string[] | null; readonly items: number },
): Table {
  return {
    name: "tasks",
    title: "Tasks by domain, with the level of chance",
    columns: [
      textColumn("domain", "domain"),
      textColumn("task", "task"),
      textColumn("scored", "scored by"),
      numberColumn("questions", "questions", 0),
      numberColumn("left", "too long", 0),
      numberColumn("chance", "chance", 3),
    ],
    rows: texts.filter(({ name }) => wanted?.includes(name) ?? true).map((text) => {
      const task = tasks.find(({ name }) => name === text.name);
      const questions = task?.items.length ?? 0;
      return {
        domain: text.domain,
        task: text.name,
        scored: task === undefined ? "" : scoredBy(task),
        questions,
        // Of text and translations, as many questions are made as are wanted.
        left: "questions" in text ? Math.max(0, Math.min(items, text.questions.length) - questions) : null,
        chance: task?.chance ?? null,
      };
    }),
  };
}

function scoredBy(task: Task): string {
  if (task.kind === "generation") return "exact match";
  return task.scoring === "likelihood" ? "log-likelihood" : "pointwise mutual information";
}
