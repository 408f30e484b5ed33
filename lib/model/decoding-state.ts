// What a model remembers of a sequence, and which logits a call returns.
import type { GateProbe } from "./gates.ts";

/** What a model remembers of one sequence between calls; each kind of model has its own. */
export interface DecodingState {
  /** Number of tokens read so far. */
  readonly length: number;
  /** Bytes of device memory that it takes once it has read `length` tokens. @default those that it has read */
  bytes(length?: number): number;
  /** Whether it can be forked at any length. */
  readonly canRewind: boolean;
  /**
   * Another state that has read only the first `length` tokens. Both go on by themselves.
   *
   * @returns undefined if it cannot go back to that length
   */
  fork(length: number): DecodingState | undefined;
  /**
   * Lets models rest from the next token on: they are not run, and their gates are 0. Models that rested and are not among
   * these come back: they read the tokens that they missed. Of states of models with {@linkcode LanguageModel.canRest}.
   *
   * @param models numbers of {@linkcode LanguageModel.switchable}
   */
  rest?(models: readonly number[]): void;
  /** Frees its memory. */
  dispose(): void;
}

/** What is computed in a pass besides the states. */
export interface LogitsOptions {
  /** Only those of each row's last position, `[batch, 1, vocab]`. @default false */
  readonly last?: boolean | undefined;
  /**
   * How many of the ids of each row count, at least one; what follows them is padding, which changes nothing. Only with
   * states, and not for models with {@linkcode LanguageModel.promptAtOnce}. @default all
   */
  readonly lengths?: readonly number[] | undefined;
  /** Told the gates of all positions, of models that have {@linkcode LanguageModel.gates}; only with states. */
  readonly gates?: GateProbe | undefined;
  /**
   * Told the gates that all models would have at the places with shares, those that rest included, of models with
   * {@linkcode LanguageModel.canRest}; only with states.
   */
  readonly demand?: GateProbe | undefined;
}
