// What a built-in domain is: its text, and the questions about it.
import type { TextPackage } from "./packages.ts";
import type { Document, SplitName, TaskQuestions } from "../types.ts";

/** A built-in domain; its file in `domains/` is the one place that names it. */
export interface BuiltinDomain {
  readonly name: string;
  /** What its text is, in a few words, for `--help`. */
  readonly about: string;
  /** The npm packages that its text is from; none if it is generated. */
  readonly packages: readonly TextPackage[];
  /** The text's languages as the Hugging Face hub names them: an ISO code, `code`, or `multilingual`. */
  readonly languages: readonly string[];
  /** The task that measures it, if there is one. */
  readonly task?: BuiltinTask;
  /** The task in its place for models that were trained on much text, if that is another. */
  readonly hardTask?: BuiltinTask;
  readonly open: (options: BuiltinOptions) => Promise<BuiltinText>;
}

/** A task of a built-in domain. */
export interface BuiltinTask {
  readonly name: string;
  /** How it is answered: one of several choices, or greedy generation. */
  readonly kind: "choice" | "generation";
  /** The setting that limits the number of its questions, besides `eval.items`. */
  readonly limit?: "problems" | "translations";
  /** Typical tokens of a question with an answer, if it is not most of the context. */
  readonly tokens?: number;
}

/** Which questions are asked of built-in text. */
export type QuestionLevel = "usual" | "hard";

/** The task of a domain at a level. */
export function taskAt({ task, hardTask }: BuiltinDomain, level: QuestionLevel): BuiltinTask | undefined {
  return level === "hard" ? hardTask ?? task : task;
}

/** The settings that built-in text depends on. */
export interface BuiltinOptions {
  readonly seed: number;
  /** Share of the math documents that are in English. */
  readonly mathEnglish: number;
  /** Number of math problems to ask. */
  readonly problems: number;
  /** Number of translations to ask. */
  readonly translations: number;
  readonly questions: QuestionLevel;
}

/** The text of a built-in domain. */
export interface BuiltinText {
  /** All documents, which are then split; or, for generated text, about `bytes` bytes of documents of a split. */
  readonly documents: readonly Document[] | ((split: SplitName, bytes: number) => Iterable<Document>);
  /** The questions of the domain's task, from held-out text only. */
  readonly questions?: (heldout: readonly Document[]) => TaskQuestions;
}

/** Which piece continues a held-out document? At the hard level, all pieces are of that document. */
export function continuation(level: QuestionLevel): TaskQuestions {
  return { kind: "continuation", ...(level === "hard" ? { among: "document" } : {}) };
}
