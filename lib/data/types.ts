// The types that other rooms share with this one.

/** One text that is never split between train, validation and held-out. */
export interface Document {
  /** Package or file, and the place in it. */
  readonly id: string;
  readonly text: string;
  /**
   * What other splits must not share, even in other words: the message or article that is translated, the facts behind
   * the problems, the file that the piece was cut from.
   */
  readonly keys?: readonly string[];
  /** Only if it is a conversation, which is never cut. */
  readonly chat?: Chat;
}

/** A part of a text, in UTF-16 units. */
export type Span = readonly [from: number, to: number];

/** What a conversation has besides its text. */
export interface Chat {
  /** The parts of the text that are trained on and scored, ascending. */
  readonly scored: readonly Span[];
  /** Length of the text before the first message that is not the system's: many conversations begin alike. */
  readonly opening: number;
}

/** One message of a conversation; a chat template may read further keys than these. */
export interface Message {
  /** `system`, `user`, `assistant`, or another that the template knows. */
  readonly role: string;
  /** Null in a message that only calls tools. */
  readonly content: string | null;
  readonly [key: string]: unknown;
}

/** Turns conversations into text. The tools, if any, are the JSON schemas of those that the assistant may call. */
export interface ChatRenderer {
  /** @throws UserError for a conversation that it refuses */
  text(messages: readonly Message[], tools?: readonly unknown[]): string;
  /**
   * The text, and the assistant's part of it.
   *
   * @throws UserError for a conversation that it refuses, or where it cannot tell
   */
  answers(
    messages: readonly Message[],
    tools?: readonly unknown[],
  ): { readonly text: string; readonly answers: readonly Span[] };
}

/** Documents in a fixed order, in memory or not. An array is one. */
export interface DocumentList extends Iterable<Document> {
  readonly length: number;
  /** The document at an index from 0; undefined beyond the last. */
  at(index: number): Document | undefined;
}

export type SplitName = "train" | "validation" | "heldout";

/** A question with one exact answer. */
export interface ExactQuestion {
  /** Ends right before the answer, without a trailing space. */
  readonly prompt: string;
  /** The one correct continuation, with its leading space if there is one. */
  readonly answer: string;
}

/** A question with several answers to choose from. */
export interface ChoiceQuestion {
  /** Ends right before the answer, without a trailing space. */
  readonly prompt: string;
  /** At least two different continuations, with their leading spaces. */
  readonly choices: readonly string[];
  /** Index of the right one. */
  readonly right: number;
}

/** The questions of a task, as text. */
export type TaskQuestions =
  /** Which of four pieces continues a held-out document? The other three are of other documents, or of the same. */
  | { readonly kind: "continuation"; readonly among?: "document" }
  /** Which of four messages is the translation? */
  | { readonly kind: "translation"; readonly translations: readonly Translation[] }
  | { readonly kind: "exact"; readonly questions: readonly ExactQuestion[] }
  | { readonly kind: "choice"; readonly questions: readonly ChoiceQuestion[] };

/** A task of a domain, as text. */
export type TaskText = TaskQuestions & {
  readonly name: string;
  readonly domain: string;
};

/** A math problem. In documents, a line feed follows its answer. */
export interface Problem extends ExactQuestion {
  /** The kind of problem, such as `add` or `linear`, to break scores down by. */
  readonly kind?: string;
  /** Code of the language of the question. */
  readonly language: string;
}

/** One message in English and in another language, from the held-out messages. */
export interface Translation {
  /** Formatted like the training documents; ends right before the translation. */
  readonly prompt: string;
  /** The exact continuation, with its leading space; in documents, a line feed or the end follows. */
  readonly translation: string;
  /** The language's own name for itself, as in the prompt. */
  readonly language: string;
}

/** Size of a split. */
export interface SplitReport {
  readonly documents: number;
  /** UTF-8 bytes of the texts. */
  readonly bytes: number;
}

/** Where a domain's text comes from, its sizes, and what was left out. */
export interface DomainReport {
  /** `builtin`, or the path or glob of the user's files. */
  readonly source: string;
  readonly splits: Readonly<Record<SplitName, SplitReport>>;
  /** Documents left out because they repeat another one exactly. */
  readonly exactDuplicates: number;
  /** Documents left out of training or validation because they nearly repeat a held-out or validation document. */
  readonly nearDuplicates: number;
  /** Documents that are used only in part, to keep to the budgets. */
  readonly cut: number;
  /** Files of a glob left out because they are empty. */
  readonly emptyFiles: number;
  /** Records left out because their text is null or blank. */
  readonly emptyTexts: number;
  /** Records left out because they cannot be read; then files, links and folders. */
  readonly badRecords: number;
  readonly badFiles: number;
  /** The error message of the first of them. */
  readonly firstBad?: string;
}

/** The documents of one domain. */
export interface DomainDocuments {
  readonly heldout: readonly Document[];
  readonly validation: readonly Document[];
  /** May be larger than memory: documents are read when they are asked for. */
  readonly train: DocumentList;
}

/** All text of an experiment, split by document. */
export interface Corpus {
  /** In the order of the configuration; by default `english`, `code`, `math`, `multilingual`. */
  readonly domains: readonly string[];
  readonly documents: Readonly<Record<string, DomainDocuments>>;
  /** Tasks of built-in domains, and the user's; names are unique. */
  readonly tasks: readonly TaskText[];
  /** SHA-256 of the domains, texts by split, and tasks, but not of ids, which may be paths. */
  readonly fingerprint: string;
}

/** A corpus with its report. */
export interface LoadedCorpus extends Corpus {
  /** Sizes by domain and split, and what was left out. */
  readonly report: Readonly<Record<string, DomainReport>>;
  /** The parts of the fingerprint: of each domain by its name, and of each task as `task:name`. */
  readonly fingerprints: Readonly<Record<string, string>>;
}

/** A Hugging Face `tokenizer.json`. */
export type TokenizerJson = Readonly<Record<string, unknown>>;

/** Text to token ids and back. */
export interface Tokenizer {
  readonly vocabSize: number;
  /** The id of `<|endoftext|>`, which opens every document. */
  readonly endOfText: number;
  /** What our encoder cannot do, so that `@huggingface/tokenizers` encodes text, which is slow; undefined if ours does. */
  readonly slow?: string;
  /** Ids of `text`, without special tokens around it. */
  encode(text: string): number[];
  /**
   * The text of ids.
   *
   * @param options.specialTokens includes special tokens in the text. @default false
   */
  decode(ids: readonly number[], options?: { readonly specialTokens?: boolean }): string;
  /**
   * The bytes that a token adds to a text that has begun, in UTF-8; it may be a part of a character. Undefined for special
   * tokens and ids without a token.
   *
   * @param options.specialTokens special tokens have bytes, too. @default false
   * @throws UserError `tokenizer.decoder` if the tokenizer's decoder does not write one token after the other
   */
  bytes(id: number, options?: { readonly specialTokens?: boolean }): Uint8Array | undefined;
}

/**
 * A split of one domain as tokens: each document is `<|endoftext|>` followed by its text, or a conversation as its template
 * writes it. It may be longer than memory.
 */
export interface TokenStream {
  /** Number of tokens. */
  readonly length: number;
  /** UTF-8 bytes of all texts. */
  readonly bytes: number;
  /** Copies the tokens from `start` on, until `target` is full; the stream has that many. */
  copy(start: number, target: Int32Array): void;
  /** Index of the first token of a document after `position`, which may be -1; infinity if there is none. */
  nextStart(position: number): number;
  /** Sets the tokens of `target`, which are those from `start` on, to -1 where they are not trained on. */
  hideUnscored(start: number, target: Int32Array): void;
}

/** One batch of packed sequences, row-major `[batch, time]`. */
export interface Batch {
  readonly batch: number;
  readonly time: number;
  readonly inputs: Int32Array;
  /** The next token of the stream; -1 where it is not trained on, as in what the user says in a conversation. */
  readonly targets: Int32Array;
  /** Index of each token's document within its row; attention stays within one document. */
  readonly documents: Int32Array;
}
