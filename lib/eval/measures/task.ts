// A task as a measure: the share of its questions that a method answers correctly.
import { shareInterval } from "../../run/mod.ts";
import { answeredRightly } from "../score.ts";
import type { Task } from "../task.ts";
import type { Measure } from "./measure.ts";

/** The measure of a task: its name is the task's, its samples are the questions. */
export function taskMeasure(task: Task): Measure {
  return {
    name: task.name,
    title: task.name,
    table: "Tasks, percent correct",
    format: "proportion",
    digits: 1,
    section: "scores",
    better: "higher",
    chance: task.chance,
    machineDependent: false,
    groups: [""],
    rows: task.kind === "choice"
      ? task.items.reduce((sum, { choices }) => sum + (task.scoring === "gain" ? 2 : 1) * choices.length, 0)
      : task.items.length,
    async measure({ model, set, options }) {
      const answers = await answeredRightly(model, task, set.tokenizer, options);
      const { value, low, high, samples } = shareInterval(answers.filter(Boolean).length, answers.length);
      return [{ group: "", value, interval: [low, high], samples, answers }];
    },
  };
}
