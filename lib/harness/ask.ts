// Asking a model a task's requests, token by token as the harness's `hf` model does.
import { type EvaluationOptions, rowPredictions } from "../eval/mod.ts";
import type { GenerationSettings } from "./config.ts";
import type { SamplingSettings } from "../infer/mod.ts";
import type { Scored } from "./metrics.ts";
import { stripEnd } from "./python-values.ts";
import type { Subject } from "./subject.ts";
import type { Request } from "./task.ts";

/** A score, and how many tokens it is of. */
export interface Answer extends Scored {
  readonly tokens: number;
}

/** A context with what follows it, as ids. */
export interface TokenPair {
  readonly context: readonly number[];
  readonly continuation: readonly number[];
}

/**
 * The ids of a context and of what follows it. Whitespace at the end of the context goes to the continuation, and both are
 * encoded together, so that a word keeps its usual tokens (`_encode_pair()` of the harness).
 *
 * @throws Error with what cannot be scored
 */
export function encodePair(subject: Subject, context: string, continuation: string): TokenPair {
  const { prefix, tokenizer } = subject;
  if (context === "") {
    const ids = tokenizer.encode(continuation);
    const pair = ids[0] === prefix
      ? { context: ids.slice(0, 1), continuation: ids.slice(1) }
      : { context: [prefix], continuation: ids };
    return checked(pair, continuation);
  }
  const kept = stripEnd(context);
  const whole = subject.encode(context + continuation);
  const before = subject.encode(kept);
  return checked({ context: before, continuation: whole.slice(before.length) }, continuation);
}

function checked(pair: TokenPair, continuation: string): TokenPair {
  if (pair.continuation.length === 0) {
    throw new Error(`the continuation ${JSON.stringify(continuation)} has no token of its own`);
  }
  if (pair.context.length === 0) throw new Error("the context has no token, as it is blank");
  return pair;
}

/**
 * The windows of a text: each of its tokens is predicted once, with as much context as fits; the last window looks back to
 * fill the context (`get_rolling_token_windows()` and `make_disjoint_window()` with a context of one token).
 */
export function rollingWindows(tokens: readonly number[], prefix: number, length: number): TokenPair[] {
  if (tokens.length === 0) return [];
  const first = Math.min(length, tokens.length);
  const windows: TokenPair[] = [{ context: [prefix], continuation: tokens.slice(0, first) }];
  for (let predicted = first; predicted < tokens.length;) {
    const size = Math.min(tokens.length - predicted, length);
    const end = predicted + size;
    windows.push({ context: tokens.slice(end - length - 1, end - size), continuation: tokens.slice(end - size, end) });
    predicted = end;
  }
  return windows;
}

/**
 * The log-likelihoods of pairs. What is too long loses tokens of its context from the left.
 *
 * @throws Error when a continuation alone is longer than the model's context; UserError `eval.not-finite`
 */
export async function scorePairs(
  { model }: Subject,
  pairs: readonly TokenPair[],
  options: EvaluationOptions = {},
): Promise<Answer[]> {
  const rows = pairs.map(({ context, continuation }) => {
    if (continuation.length > model.contextLength) {
      throw new Error(
        `a continuation of ${continuation.length} tokens is longer than the context of ${model.contextLength}`,
      );
    }
    const tokens = Int32Array.from([...context, ...continuation].slice(-(model.contextLength + 1)));
    return { tokens, from: tokens.length - continuation.length };
  });
  const { nll, tops } = await rowPredictions(model, rows, options);
  return rows.map(({ tokens, from }, i) => {
    const { ids } = tops[i]!;
    let greedy = true;
    for (let t = from; t < tokens.length; t++) greedy &&= ids[t - 1] === tokens[t];
    return { logLikelihood: -nll[i]!, greedy, tokens: tokens.length - from };
  });
}

/**
 * The answers to requests of scores: of texts the sum over their windows. Equal rows are run once.
 *
 * @throws Error, UserError as {@linkcode encodePair} and {@linkcode scorePairs} do
 */
export async function scoreRequests(
  subject: Subject,
  requests: readonly Exclude<Request, { kind: "generation" }>[],
  options: EvaluationOptions = {},
): Promise<Answer[]> {
  const pairs = requests.map((request) =>
    request.kind === "continuation"
      ? [encodePair(subject, request.context, request.continuation)]
      : rollingWindows(subject.encode(request.text), subject.prefix, subject.model.contextLength)
  );
  const places = new Map<string, number>();
  const distinct: TokenPair[] = [];
  const indices = pairs.map((list) =>
    list.map((pair) => {
      const key = `${pair.context.join()}|${pair.continuation.join()}`;
      let place = places.get(key);
      if (place === undefined) places.set(key, place = distinct.push(pair) - 1);
      return place;
    })
  );
  const scores = distinct.length === 0 ? [] : await scorePairs(subject, distinct, options);
  return indices.map((list) => ({
    logLikelihood: list.reduce((sum, i) => sum + scores[i]!.logLikelihood, 0),
    greedy: list.every((i) => scores[i]!.greedy),
    tokens: list.reduce((sum, i) => sum + scores[i]!.tokens, 0),
  }));
}

/** Tokens before a stop text in which it may begin, since a model may spell it in another way than the tokenizer. */
const LOOK_BACK = 2;

/**
 * A generated answer, cut at the first stop text. Where it is sampled, `seed` chooses one. The prompt loses tokens from the
 * left if it does not fit beside the answer, which must be shorter than the model's context.
 */
export async function generateAnswer(
  subject: Subject,
  context: string,
  { until, maxTokens, temperature, topK, topP, minP, repetitionPenalty }: GenerationSettings,
  { seed, signal }: { readonly seed?: number; readonly signal?: AbortSignal | undefined } = {},
): Promise<{ readonly text: string; readonly tokens: number }> {
  const { model: { contextLength }, tokenizer, endText } = subject;
  const room = contextLength - maxTokens;
  const stops = until.includes(endText) ? until : [...until, endText];
  const sizes = stops.map((stop) => tokenizer.encode(stop).length + LOOK_BACK);
  const stop = (ids: readonly number[]) =>
    stops.some((text, i) => tokenizer.decode(ids.slice(-sizes[i]!), { specialTokens: true }).includes(text));
  const prompt = subject.encodePrompt(context).slice(-room);
  if (prompt.length === 0) throw new Error("the prompt has no token");
  const sampling: SamplingSettings = {
    temperature,
    ...(topK === undefined ? {} : { topK }),
    ...(topP === undefined ? {} : { topP }),
    ...(minP === undefined ? {} : { minP }),
    ...(repetitionPenalty === undefined ? {} : { repetitionPenalty }),
    ...(seed === undefined ? {} : { seed }),
  };
  const ids = await subject.continuation(prompt, maxTokens, sampling, stop, signal);
  const text = stops.reduce((rest, one) => one === "" ? rest : rest.split(one, 1)[0]!, tokenizer.decode(ids));
  return { text, tokens: ids.length };
}
