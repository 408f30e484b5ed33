// Tasks: questions with an exact score.

/** A question with several answers to choose from, one of them right. */
export interface ChoiceItem {
  /** Token ids; the first is `<|endoftext|>`. */
  readonly prompt: readonly number[];
  readonly choices: readonly { readonly tokens: readonly number[] }[];
  /** Index of the right choice. */
  readonly right: number;
}

/** A question that is answered by greedy generation. */
export interface GenerationItem {
  /** Token ids; the first is `<|endoftext|>`. */
  readonly prompt: readonly number[];
  /** The one text that counts as correct. */
  readonly answer: string;
}

/** A set of questions of one kind. */
export type Task =
  | {
    readonly kind: "choice";
    /**
     * What a choice is scored by: its log-likelihood after the prompt, summed over tokens (`acc` of EleutherAI's evaluation
     * harness); or what the prompt adds to it.
     */
    readonly scoring: "likelihood" | "gain";
    readonly name: string;
    readonly domain: string;
    /** Expected score of random guessing. */
    readonly chance: number;
    readonly items: readonly ChoiceItem[];
  }
  | {
    readonly kind: "generation";
    readonly name: string;
    readonly domain: string;
    readonly chance: number;
    /** Maximum number of tokens generated per item. */
    readonly maxTokens: number;
    readonly items: readonly GenerationItem[];
  };

/** What tasks depend on besides the corpus and its tokenizer. */
export interface TaskOptions {
  readonly seed: number;
  /** Maximum number of questions per task. */
  readonly items: number;
  /** The models' context length, in tokens; every question fits into it with each of its answers. */
  readonly time: number;
}

/** Number of answers to choose from in built-in tasks. */
export const CHOICES = 4;
