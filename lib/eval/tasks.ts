// The tasks of an experiment, from held-out text and from the user's questions.
import type { ChoiceQuestion, Corpus, ExactQuestion, TaskText, Tokenizer } from "../data/mod.ts";
import { random } from "../random.ts";
import { continuationItems } from "./continuations.ts";
import { type ChoiceItem, CHOICES, type Task, type TaskOptions } from "./task.ts";
import { translationItems } from "./translations.ts";

/**
 * The corpus's tasks as tokens, in its order. A pure function of its arguments, so that every method answers the same
 * questions. Questions that do not fit the context are left out, and so are tasks without questions.
 */
export function buildTasks(
  corpus: Pick<Corpus, "documents" | "tasks">,
  tokenizer: Tokenizer,
  options: TaskOptions,
): Task[] {
  return corpus.tasks.map((task) => built(task, corpus, tokenizer, options)).filter(({ items }) => items.length > 0);
}

function built(
  task: TaskText,
  { documents }: Pick<Corpus, "documents">,
  tokenizer: Tokenizer,
  options: TaskOptions,
): Task {
  const { name, domain } = task;
  const common = { name, domain };
  // Candidates of nearly the same length from the same text are told apart by what the prompt adds.
  const drawn = { ...common, kind: "choice", scoring: "gain", chance: 1 / CHOICES } as const;
  switch (task.kind) {
    case "continuation":
      return {
        ...drawn,
        items: continuationItems(name, documents[domain]?.heldout ?? [], tokenizer, options, task.among),
      };
    case "translation":
      return { ...drawn, items: translationItems(task.translations, tokenizer, options) };
    case "choice": {
      const items = choiceItems(name, task.questions, tokenizer, options);
      const chance = items.reduce((sum, { choices }) => sum + 1 / choices.length, 0) / Math.max(1, items.length);
      return { ...common, kind: "choice", scoring: "likelihood", chance, items };
    }
    case "exact":
      return { ...common, kind: "generation", chance: 0, ...exactItems(name, task.questions, tokenizer, options) };
  }
}

/** Multiple-choice questions in random order. */
function choiceItems(
  name: string,
  questions: readonly ChoiceQuestion[],
  tokenizer: Tokenizer,
  { seed, items, time }: TaskOptions,
): ChoiceItem[] {
  return random(seed, "task", name).shuffle(questions).map(({ prompt, choices, right }) => ({
    prompt: [tokenizer.endOfText, ...tokenizer.encode(prompt)],
    choices: choices.map((choice) => ({ tokens: tokenizer.encode(choice) })),
    right,
  })).filter(({ prompt, choices }) => choices.every(({ tokens }) => prompt.length - 1 + tokens.length <= time))
    .slice(0, items);
}

/** Questions with exact answers in random order, and the number of tokens to generate. */
function exactItems(
  name: string,
  questions: readonly ExactQuestion[],
  tokenizer: Tokenizer,
  { seed, items, time }: TaskOptions,
): Pick<Task & { kind: "generation" }, "maxTokens" | "items"> {
  const drawn = random(seed, "task", name).shuffle(questions).map(({ prompt, answer }) => ({
    prompt: [tokenizer.endOfText, ...tokenizer.encode(prompt)],
    answer,
    length: tokenizer.encode(answer).length,
  }));
  // Room for more than any answer: a number that continues after the right digits is wrong.
  const maxTokens = Math.max(0, ...drawn.map(({ length }) => length)) + 2;
  const fitting = drawn.filter(({ prompt }) => prompt.length + maxTokens <= time).slice(0, items);
  return { maxTokens, items: fitting.map(({ prompt, answer }) => ({ prompt, answer })) };
}
