// What a task is: questions with an exact score.

/** One question with four answers to choose from, one of them right. */
export interface ChoiceItem {
  /** Token ids, the first of them `<|endoftext|>`. */
  readonly prompt: readonly number[];
  readonly choices: readonly { readonly tokens: readonly number[] }[];
  /** Index of the right choice. */
  readonly right: number;
}

/** One question that is answered by greedy generation. */
export interface GenerationItem {
  /** Token ids, the first of them `<|endoftext|>`. */
  readonly prompt: readonly number[];
  /** The one text that counts as right. */
  readonly answer: string;
}

/** A set of questions of one kind. */
export type Task =
  | {
    readonly kind: "choice";
    readonly name: string;
    readonly domain: string;
    /** The share that guessing gets right. */
    readonly chance: number;
    readonly items: readonly ChoiceItem[];
  }
  | {
    readonly kind: "generation";
    readonly name: string;
    readonly domain: string;
    readonly chance: number;
    /** Tokens generated for each item, at most. */
    readonly maxTokens: number;
    readonly items: readonly GenerationItem[];
  };

/** What building tasks depends on, besides the corpus and its tokenizer. */
export interface TaskOptions {
  readonly seed: number;
  /** Questions a task, at most. */
  readonly items: number;
  /** The models' context length, in tokens: every question fits it with all of its answers. */
  readonly time: number;
}

/** How many answers a choice has. */
export const CHOICES = 4;
