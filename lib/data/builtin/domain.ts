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
  readonly task?: {
    readonly name: string;
    /** How it is answered: one of several choices, or greedy generation. */
    readonly kind: "choice" | "generation";
  };
  readonly open: (options: BuiltinOptions) => Promise<BuiltinText>;
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
}

/** The text of a built-in domain. */
export interface BuiltinText {
  /** All documents, which are then split; or, for generated text, about `bytes` bytes of documents of a split. */
  readonly documents: readonly Document[] | ((split: SplitName, bytes: number) => Iterable<Document>);
  /** The questions of the domain's task, from held-out text only. */
  readonly questions?: (heldout: readonly Document[]) => TaskQuestions;
}
