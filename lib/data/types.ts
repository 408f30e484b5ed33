// What the data room hands to the others.

/** One text that is never split between train, validation and held-out. */
export interface Document {
  /** Where it comes from: package or file, and place in it. */
  readonly id: string;
  readonly text: string;
  /**
   * What must not be shared with another split although the words differ: the message or article that is translated,
   * the problems that are solved, the file that a piece is cut from.
   */
  readonly keys?: readonly string[];
}

export type SplitName = "train" | "validation" | "heldout";

/** A question with one exact answer, from the math domain's held-out problems. */
export interface Problem {
  /** Ends right before the answer, without trailing space. */
  readonly prompt: string;
  /** The exact continuation that counts as right, with its leading space; in documents a line feed follows it. */
  readonly answer: string;
  /** The kind of problem, such as `add` or `equation`, to tell scores apart by. */
  readonly kind?: string;
  /** Code of the language that it is asked in. */
  readonly language: string;
}

/** One message in English and in another language, from the held-out messages. */
export interface Translation {
  /** Prompt in the shape of the training documents, ending right before the translation. */
  readonly prompt: string;
  /** The exact continuation, with its leading space; in documents a line feed or the end follows it. */
  readonly translation: string;
  /** The language's own name for itself, as it stands in the prompt. */
  readonly language: string;
}

/** What is in a split. */
export interface SplitReport {
  readonly documents: number;
  /** UTF-8 bytes of the texts. */
  readonly bytes: number;
}

/** What one domain's text is made of, and what was left out. */
export interface DomainReport {
  /** `builtin`, or the path or glob of the user's files. */
  readonly source: string;
  readonly splits: Readonly<Record<SplitName, SplitReport>>;
  /** Documents left out because they repeat another one exactly. */
  readonly exactDuplicates: number;
  /** Documents left out of training or validation because they nearly repeat a document held out from it. */
  readonly nearDuplicates: number;
  /** Documents used only in part, because they are longer than the budgets allow. */
  readonly cut: number;
  /** Files of a glob left out because they are empty. */
  readonly emptyFiles: number;
  /** Records left out because their text is null or blank. */
  readonly emptyTexts: number;
  /** Records, and files, links and folders, left out because they cannot be read. */
  readonly badRecords: number;
  readonly badFiles: number;
  /** What was wrong with the first of them. */
  readonly firstBad?: string;
}

/** All text of an experiment, split by document. */
export interface Corpus {
  /** In the order of the configuration; by default `english`, `code`, `math`, `multilingual`. */
  readonly domains: readonly string[];
  readonly documents: Readonly<Record<string, Readonly<Record<SplitName, readonly Document[]>>>>;
  /**
   * Held-out problems in English, and in other languages where there is a domain `crosslingual`; empty when the user
   * brings their own math data.
   */
  readonly problems: readonly Problem[];
  /** Held-out parallel messages; empty when the user brings their own multilingual data. */
  readonly translations: readonly Translation[];
  /** SHA-256 over domains, texts by split, problems and translations; not over ids, which may be paths. */
  readonly fingerprint: string;
}

/** A corpus as it was loaded, with what it is made of. */
export interface LoadedCorpus extends Corpus {
  /** Sizes by domain and split, and what was left out. */
  readonly report: Readonly<Record<string, DomainReport>>;
}

/** A Hugging Face `tokenizer.json`. */
export type TokenizerJson = Readonly<Record<string, unknown>>;

/** Text to token ids and back. */
export interface Tokenizer {
  readonly vocabSize: number;
  /** The id of `<|endoftext|>`, which opens every document. */
  readonly endOfText: number;
  /** Ids of `text`; no special tokens are put around it. */
  encode(text: string): number[];
  /**
   * The text of ids.
   *
   * @param options.specialTokens spells special tokens out rather than leave them out. @default false
   */
  decode(ids: readonly number[], options?: { readonly specialTokens?: boolean }): string;
}

/** A split of one domain as tokens: each document is `<|endoftext|>` followed by its text. */
export interface TokenStream {
  readonly tokens: Int32Array;
  /** Where each document's `<|endoftext|>` lies in `tokens`, ascending. */
  readonly starts: Int32Array;
  /** UTF-8 bytes of all texts. */
  readonly bytes: number;
}

/** One batch of packed sequences, row-major `[batch, time]`. */
export interface Batch {
  readonly batch: number;
  readonly time: number;
  readonly inputs: Int32Array;
  /** The next token of the stream. */
  readonly targets: Int32Array;
  /** Which document of the row a token belongs to, from 0: attention stays within one document. */
  readonly documents: Int32Array;
}
