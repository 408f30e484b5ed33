// One text in progress: what was asked for, what was read and written, and when it ends.
import type { Tokenizer } from "../../data/mod.ts";
import type { DecodingState, LanguageModel } from "../../model/mod.ts";
import { scoreToken } from "../sampling/logprobs.ts";
import { type Sampler, sampler } from "../sampling/sampler.ts";
import { createSkipper, resolveSkipping, type Skipper } from "../skipping.ts";
import { type TextStream, textStream } from "../text-stream.ts";
import type {
  FinishReason,
  GeneratedToken,
  Generation,
  GenerationRequest,
  PredictionGates,
  ScoredToken,
} from "../types.ts";
import { type Channel, channel } from "./channel.ts";

/** A text in progress. */
export interface Sequence {
  readonly request: GenerationRequest;
  readonly output: Channel<GeneratedToken, Generation>;
  /** Most tokens that it can have, prompt included. */
  readonly most: number;
  /** What the model remembers of it; undefined while it waits. */
  state: DecodingState | undefined;
  /** All tokens, those that the state has not read included. */
  readonly ids: number[];
  /** Of the prompt's tokens, those that the prefix cache had. */
  cached: number;
  /** Scores of the prompt's first tokens, if they are asked for. */
  readonly scores: ScoredToken[];
  /** Gates of the prompt's first tokens, if they are asked for. */
  readonly promptGates: (PredictionGates | null)[];
  /** Decides which experts rest; undefined if none may. */
  readonly skipper: Skipper | undefined;
  readonly sampler: Sampler;
  readonly text: TextStream;
  finished: FinishReason | undefined;
}

/** What a text is generated with. */
export interface Voice {
  readonly model: LanguageModel;
  readonly tokenizer: Pick<Tokenizer, "decode">;
  /** Ids of tokens that end a text. */
  readonly ends: ReadonlySet<number>;
}

/** A text that has not begun; the request was checked. */
export function sequence(request: GenerationRequest, { model, tokenizer }: Voice): Sequence {
  const { prompt, constraint, stop, sampling } = request;
  return {
    request,
    output: channel(),
    most: Math.min(prompt.length + request.maxTokens, model.contextLength),
    state: undefined,
    ids: [...prompt],
    cached: 0,
    scores: [],
    promptGates: [],
    skipper: skipperOf(request, model),
    sampler: sampler(sampling ?? {}, { vocabSize: model.vocabSize, prompt, ...(constraint && { constraint }) }),
    text: textStream(tokenizer, stop, prompt),
    finished: undefined,
  };
}

/** With a threshold of 0 none would ever rest, so nothing is measured. */
function skipperOf({ skip, prompt }: GenerationRequest, { gates, switchable }: LanguageModel): Skipper | undefined {
  if (skip === undefined || skip.below === 0) return undefined;
  return createSkipper(resolveSkipping(skip), prompt.length, gates!.filter(({ shares }) => shares), switchable!);
}

/** Tokens of the prompt that are still to be read. */
export function unread({ state, request }: Sequence): number {
  return Math.max(0, request.prompt.length - (state?.length ?? 0));
}

/**
 * Scores the prompt's tokens that logits predict.
 *
 * @param logits of positions from `from` on, one after another, `[count · vocab]`
 */
export function scorePrompt(sequence: Sequence, logits: Float32Array, from: number, vocabSize: number): void {
  const { scores, request: { prompt, logprobs = 0 } } = sequence;
  if (scores.length === 0) scores.push({ id: prompt[0]!, logprob: null, top: [] });
  for (let next = scores.length; next < prompt.length; next++) {
    const at = (next - 1 - from) * vocabSize;
    if (at >= logits.length) return;
    scores.push(scoreToken(logits.subarray(at, at + vocabSize), prompt[next]!, logprobs));
  }
}

/**
 * Takes the gates of the prompt's tokens.
 *
 * @param gates at the positions that a pass read
 */
export function keepPromptGates(
  { promptGates, request: { prompt } }: Sequence,
  gates: readonly PredictionGates[],
): void {
  if (promptGates.length === 0) promptGates.push(null);
  promptGates.push(...gates.slice(0, prompt.length - promptGates.length)); // those at the last token are of the next
}

/**
 * Draws the next token and sends it; ends the text if it is complete.
 *
 * @param logits `[vocab]`, overwritten
 * @param gates at the last position
 */
export function advance(sequence: Sequence, logits: Float32Array, { ends }: Voice, gates?: PredictionGates): void {
  const { request: { logprobs, constraint, prompt }, sampler, text, ids, output, most } = sequence;
  if (ids.length >= most) return finish(sequence, "length"); // maxTokens is 0
  const unchanged = logprobs === undefined ? undefined : logits.slice();
  const id = sampler.next(logits);
  const score = unchanged === undefined ? { id, logprob: null, top: [] } : scoreToken(unchanged, id, logprobs);
  ids.push(id);
  const isEnd = ends.has(id);
  output.send({
    ...score,
    text: isEnd ? "" : text.push(id),
    ...(sequence.request.gates === undefined || gates === undefined ? {} : { gates }),
  });
  if (isEnd || text.stopped || constraint?.complete) finish(sequence, "stop");
  else if (ids.length >= most || ids.length - prompt.length >= sequence.request.maxTokens) finish(sequence, "length");
}

/** Ends a text. */
export function finish(sequence: Sequence, reason: FinishReason): void {
  if (sequence.finished !== undefined) return;
  sequence.finished = reason;
  const { request: { prompt, scorePrompt, gates }, ids, cached, scores, promptGates, skipper, text, output } = sequence;
  output.end({
    finish: reason,
    text: text.end(),
    promptTokens: prompt.length,
    cachedTokens: cached,
    generatedTokens: ids.length - prompt.length,
    ...(scorePrompt && scores.length === prompt.length ? { prompt: scores } : {}),
    ...(gates === "all" && promptGates.length === prompt.length ? { promptGates } : {}),
    ...(skipper === undefined ? {} : { run: skipper.run }),
  });
}

/** Ends a text with an error. */
export function fail(sequence: Sequence, error: unknown): void {
  sequence.finished ??= "cancelled";
  sequence.output.fail(error);
}
