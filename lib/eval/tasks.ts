// The tasks of an experiment: one per domain, from held-out text only.
import type { Corpus, Tokenizer } from "../data/mod.ts";
import { random } from "../random.ts";
import { continuationItems } from "./continuations.ts";
import { CHOICES, type Task, type TaskOptions } from "./task.ts";
import { translationItems } from "./translations.ts";

/**
 * `arithmetic` and, if there is such a domain, `crosslingual-arithmetic` (greedy generation, exact match);
 * `english-continuation`, `code-continuation` and `translation` (one of four choices). A pure function of its arguments,
 * so that every method answers the same questions. Tasks without questions are omitted.
 */
export function buildTasks(corpus: Corpus, tokenizer: Tokenizer, options: TaskOptions): Task[] {
  const choice = { kind: "choice", chance: 1 / CHOICES } as const;
  const continuation = (domain: string): Task => {
    const name = `${domain}-continuation`;
    const documents = corpus.documents[domain]?.heldout ?? [];
    return { ...choice, name, domain, items: continuationItems(name, documents, tokenizer, options) };
  };
  const translation = translationItems(corpus.translations, tokenizer, options);
  const tasks: Task[] = [
    arithmetic("arithmetic", corpus, tokenizer, options),
    arithmetic("crosslingual-arithmetic", corpus, tokenizer, options),
    continuation("english"),
    continuation("code"),
    { ...choice, name: "translation", domain: "multilingual", items: translation },
  ];
  return tasks.filter(({ items }) => items.length > 0);
}

/** Problems in English, or in other languages. */
function arithmetic(
  name: "arithmetic" | "crosslingual-arithmetic",
  corpus: Corpus,
  tokenizer: Tokenizer,
  { seed, items, time }: TaskOptions,
): Task {
  const problems = corpus.problems.filter(({ language }) => (language === "en") === (name === "arithmetic"));
  const drawn = random(seed, "task", name).shuffle(problems).map(({ prompt, answer }) => ({
    prompt: [tokenizer.endOfText, ...tokenizer.encode(prompt)],
    answer,
    length: tokenizer.encode(answer).length,
  }));
  // Room for more than any answer: a number that continues after the right digits is wrong.
  const maxTokens = Math.max(0, ...drawn.map(({ length }) => length)) + 2;
  const fitting = drawn.filter(({ prompt }) => prompt.length + maxTokens <= time).slice(0, items);
  return {
    kind: "generation",
    name,
    domain: name === "arithmetic" ? "math" : "crosslingual",
    chance: 0,
    maxTokens,
    items: fitting.map(({ prompt, answer }) => ({ prompt, answer })),
  };
}
