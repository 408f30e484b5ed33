// Generating the texts of one request: all at once, or token by token as they come.
import type { FinishReason, GeneratedToken, Generation, GenerationRequest, InferenceEngine } from "../infer/mod.ts";

/** A text that is complete. */
export interface CompleteText {
  readonly text: string;
  readonly tokens: readonly GeneratedToken[];
  readonly end: Generation;
}

/** What happens to the text at `index`. */
export type TextEvent =
  & { readonly index: number }
  & (
    | { readonly token: GeneratedToken }
    | { readonly end: Generation }
  );

/**
 * Generates texts together. If one fails, or the signal is aborted, the others end too.
 *
 * @throws the signal's reason if it is aborted
 */
export async function completeTexts(
  engine: InferenceEngine,
  requests: readonly GenerationRequest[],
  signal: AbortSignal,
  onToken: () => void,
): Promise<CompleteText[]> {
  const failed = new AbortController();
  const ending = AbortSignal.any([signal, failed.signal]);
  const texts = await Promise.all(requests.map(async (request): Promise<CompleteText> => {
    try {
      const tokens: GeneratedToken[] = [];
      const generation = engine.generate({ ...request, signal: ending });
      let step = await generation.next();
      for (; !step.done; step = await generation.next()) {
        onToken();
        tokens.push(step.value);
      }
      return { tokens, end: step.value, text: tokens.map(({ text }) => text).join("") + step.value.text };
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  }));
  signal.throwIfAborted();
  return texts;
}

/**
 * Generates texts together, and tells what happens to each as it happens. A reader that stops, or the signal, ends them.
 * What a slow reader has not taken is kept; the limits of tokens bound it.
 */
export async function* streamTexts(
  engine: InferenceEngine,
  requests: readonly GenerationRequest[],
  signal: AbortSignal,
): AsyncGenerator<TextEvent, void, void> {
  const left = new AbortController();
  const ending = AbortSignal.any([signal, left.signal]);
  const events: TextEvent[] = [];
  let failure: { readonly error: unknown } | undefined;
  let news = Promise.withResolvers<void>();
  let open = requests.length;
  const follow = async (request: GenerationRequest, index: number) => {
    try {
      const generation = engine.generate({ ...request, signal: ending });
      let step = await generation.next();
      for (; !step.done; step = await generation.next()) {
        events.push({ index, token: step.value });
        news.resolve();
      }
      events.push({ index, end: step.value });
    } catch (error) {
      failure ??= { error };
    }
    open--;
    news.resolve();
  };
  requests.forEach((request, index) => void follow(request, index));
  try {
    while (true) {
      if (failure !== undefined) throw failure.error;
      yield* events.splice(0);
      signal.throwIfAborted();
      if (open === 0 && events.length === 0 && failure === undefined) return;
      await news.promise;
      news = Promise.withResolvers();
    }
  } finally {
    left.abort();
  }
}

/** Why a text ended, as OpenAI says it. */
export function finishReason(finish: FinishReason): "stop" | "length" {
  return finish === "stop" ? "stop" : "length";
}
