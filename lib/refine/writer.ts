// Who is asked: a model of ours, or one behind an endpoint.
import type { Prompt } from "./prompts.ts";

/** A text that is asked for. */
export interface WriteRequest {
  readonly prompt: Prompt;
  /** Most tokens to write. */
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topP: number;
  /** Texts that end it. */
  readonly stop: readonly string[];
  readonly seed: number;
}

/** A text that was written, with its tokens as the model counts them. */
export interface Reply {
  readonly text: string;
  /** Tokens of the prompt, cached ones included. */
  readonly input: number;
  /** Tokens that were written, thoughts that an endpoint does not show included. */
  readonly output: number;
  /** Whether it ended by itself, or at the limit of tokens. */
  readonly finish: "stop" | "length";
}

/** A model that writes. */
export interface Writer {
  readonly name: string;
  /** Distinguishes it from other models. */
  readonly identity: string;
  /** Most tokens of a prompt and its reply. */
  readonly contextLength: number;
  /** Tokens of a prompt: the exact number, or more where only the endpoint knows it. */
  promptTokens(prompt: Prompt): number;
  /** Tokens of a text, likewise. */
  textTokens(text: string): number;
  /** The end of a text, at most so many tokens of it. */
  tail(text: string, tokens: number): string;
  /** @throws UserError when there is no reply to be had; the signal's reason when it is aborted */
  write(request: WriteRequest, signal?: AbortSignal): Promise<Reply>;
}
