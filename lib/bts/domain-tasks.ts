// The task of each domain.
import type { Task } from "../eval/mod.ts";

/** A task by name. */
interface DomainTask {
  readonly name: string;
  readonly kind: Task["kind"];
}

const TRANSLATION: DomainTask = { name: "translation", kind: "choice" };
const ARITHMETIC: DomainTask = { name: "arithmetic", kind: "generation" };

const DOMAIN_TASKS: Readonly<Record<string, DomainTask>> = {
  english: { name: "english-continuation", kind: "choice" },
  code: { name: "code-continuation", kind: "choice" },
  math: ARITHMETIC,
  arithmetic: ARITHMETIC,
  crosslingual: { name: "crosslingual-arithmetic", kind: "generation" },
  multilingual: TRANSLATION,
  messages: TRANSLATION,
};

/** The names of all tasks; which of them a run has depends on its text. */
export const TASK_NAMES: readonly string[] = [...new Set(Object.values(DOMAIN_TASKS).map(({ name }) => name))];

/** The task of a domain; undefined if it has none. */
export function taskOf(domain: string): DomainTask | undefined {
  return Object.hasOwn(DOMAIN_TASKS, domain) ? DOMAIN_TASKS[domain] : undefined;
}
