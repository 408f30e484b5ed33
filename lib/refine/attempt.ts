// One attempt at one problem within an allowance of tokens: asks models, and counts what that takes.
import { hash32 } from "../random.ts";
import type { Call, Role } from "./budget.ts";
import type { Format, Prompt } from "./prompts.ts";
import type { Replies } from "./replies.ts";
import type { RefineSettings } from "./settings.ts";
import type { Writer } from "./writer.ts";

/** Who works on a problem. */
export interface Team {
  /** Solves, revises, summarizes and chooses. */
  readonly main: Writer;
  /** Draft in turn; the main one alone, or one for each expert. */
  readonly drafters: readonly Writer[];
  readonly format: Format;
}

/** A text of a model, and the call that it came from. */
export interface Written {
  readonly text: string;
  readonly call: Call;
}

/** An attempt in progress. */
export interface Attempt extends Team {
  readonly question: string;
  readonly settings: RefineSettings;
  /** Seeds what is drawn apart from the models. */
  readonly seed: number;
  /** Tokens of the allowance that are neither spent nor promised to calls in progress. */
  readonly left: number;
  /** All calls so far. */
  readonly calls: readonly Call[];
  /** Most tokens that a reply to the prompt may have: as the allowance and the model's context leave. */
  room(writer: Writer, prompt: Prompt): number;
  /**
   * Asks a model. The seed depends on the problem, the role and how often it was asked in this role, but neither on the
   * method nor on the allowance: so methods share drafts, and differ only in what they make of them.
   *
   * @param maxTokens of the reply; at most the room for it
   * @param after the calls that this one waits for
   * @throws as the writer does
   */
  ask(role: Role, writer: Writer, prompt: Prompt, maxTokens: number, after: readonly Call[]): Promise<Written>;
}

/** What attempts at a problem share. */
export interface AttemptContext {
  readonly team: Team;
  readonly problem: { readonly id: string; readonly question: string };
  readonly settings: RefineSettings;
  readonly rngSeed: number;
  readonly replies: Replies;
  readonly signal?: AbortSignal | undefined;
}

/** Begins an attempt. @param allowance most tokens in and out over all calls */
export function beginAttempt(
  { team, problem, settings, rngSeed, replies, signal }: AttemptContext,
  allowance: number,
): Attempt {
  let left = allowance;
  const calls: Call[] = [];
  const asked = new Map<Role, number>();
  const room = (writer: Writer, prompt: Prompt) => {
    const read = writer.promptTokens(prompt);
    return Math.floor(Math.min(left, writer.contextLength) - read);
  };
  return {
    ...team,
    question: problem.question,
    settings,
    seed: hash32(rngSeed, problem.id),
    get left() {
      return left;
    },
    calls,
    room,
    async ask(role, writer, prompt, wanted, after) {
      // At least one: an endpoint's prompt may turn out longer than it was taken to be.
      const maxTokens = Math.max(1, Math.min(wanted, room(writer, prompt)));
      const promised = writer.promptTokens(prompt) + maxTokens;
      left -= promised;
      const index = asked.get(role) ?? 0;
      asked.set(role, index + 1);
      const { temperature, topP } = settings;
      const seed = hash32(rngSeed, problem.id, role, index);
      const request = { prompt, maxTokens, temperature, topP, stop: team.format.stop, seed };
      const { request: key, text, input, output } = await replies.write(writer, request, signal);
      left += promised - input - output;
      const call: Call = { role, writer: writer.name, request: key, input, output, after };
      calls.push(call);
      return { text, call };
    },
  };
}
